#include "config/section.hpp"

#include <algorithm>
#include <limits>

namespace plimsoll::config {
namespace {

std::vector<std::string_view> keys_of(std::string_view section) {
    std::vector<std::string_view> out;
    for (const KeySpec& spec : key_specs()) {
        if (spec.section == section) out.push_back(spec.key);
    }
    return out;
}

/// "it belongs in [daemon]" for a key that another section has.
std::string where_it_belongs(std::string_view key) {
    for (const KeySpec& spec : key_specs()) {
        if (spec.key != key || spec.section.empty()) continue;
        return "it belongs in " + std::string(find_section(spec.section)->heading);
    }
    return {};
}

std::string range_of(const KeySpec& spec) {
    const auto shown = [&](std::string_view limit) {
        return spec.form == Form::duration ? '"' + std::string(limit) + '"' : std::string(limit);
    };
    if (spec.most.empty()) return in_quotes(spec.key) + " must be at least " + shown(spec.least);
    if (spec.least == spec.most) return in_quotes(spec.key) + " must be " + shown(spec.least);
    return in_quotes(spec.key) + " must be from " + shown(spec.least) + " to " + shown(spec.most);
}

/// A number of the table of keys; it is ours, so it parses.
std::uint64_t own_integer(std::string_view text) { return std::stoull(std::string(text)); }
Milliseconds own_duration(std::string_view text) { return parse_duration(text).value(); }
U256 own_decimal(std::string_view text, Form form) {
    return parse_decimal_text(text, decimals_of(form)).value().magnitude;
}

}  // namespace

unsigned decimals_of(Form form) {
    if (form == Form::usd) return 8;
    return form == Form::ratio ? 18 : 3;
}

Section::Section(Reading& reading, std::string_view id, const toml::table& table, std::string label,
                 Position at)
    : reading_(reading), id_(id), table_(table), label_(std::move(label)), at_(at) {
    for (const auto& [key, value] : table_) check_known(key);
    for (const KeySpec& row : key_specs()) {
        if (row.section != id_ || !row.required || has(row.key)) continue;
        reading_.problems.error_of_whole(
            at_, label_ + " has no " + in_quotes(row.key),
            row.example.empty()
                ? std::string{}
                : "for example: " + std::string(row.key) + " = " + std::string(row.example));
    }
}

void Section::check_known(const toml::key& key) {
    const KeySpec* const row = find_key(id_, key.str());
    if (row == nullptr) {
        const auto known = keys_of(id_);
        std::string hint = did_you_mean(key.str(), known);
        if (hint.empty()) hint = where_it_belongs(key.str());
        if (hint.empty()) hint = did_you_mean_or_list(key.str(), known);
        reading_.problems.error(begin_of(key),
                                "unknown key " + in_quotes(key.str()) + " in " + label_, hint);
    } else if (row->support == Support::not_acted_on) {
        reading_.problems.warn(begin_of(key), in_quotes(key.str()) + " of " + label_ +
                                                  " has no effect yet in this version");
    }
}

void Section::check_kind(std::string_view kind) {
    for (const auto& [key, value] : table_) {
        const KeySpec* const row = find_key(id_, key.str());
        if (row == nullptr || fits_kind(*row, kind)) continue;
        std::string kinds;
        for (const std::string_view one : split_bars(row->kind)) {
            kinds += (kinds.empty() ? "" : ", ") + ('"' + std::string(one) + '"');
        }
        reading_.problems.error(begin_of(key),
                                in_quotes(key.str()) + " has no meaning in " + label_,
                                "it belongs to kind " + kinds);
    }
}

const toml::node* Section::node(std::string_view key) const { return table_.get(key); }

Position Section::at(std::string_view key) const {
    const toml::node* const found = node(key);
    return found == nullptr ? at_ : begin_of(*found);
}

std::optional<Text> Section::optional_text(std::string_view key) {
    const toml::node* const found = node(key);
    return found == nullptr ? std::nullopt : reading_.text_of(*found, spec(key));
}

std::string Section::text(std::string_view key) {
    const auto given = optional_text(key);
    return std::string(given ? given->view() : spec(key).fallback);
}

bool Section::boolean(std::string_view key) {
    const bool fallback = spec(key).fallback == "true";
    const toml::node* const found = node(key);
    if (found == nullptr) return fallback;
    const auto* const value = found->as_boolean();
    if (value == nullptr) {
        reading_.wrong_type(*found, spec(key));
        return fallback;
    }
    return value->get();
}

std::optional<std::uint64_t> Section::optional_integer(std::string_view key) {
    const toml::node* const found = node(key);
    if (found == nullptr) return std::nullopt;
    const KeySpec& row = spec(key);
    const auto* const value = found->as_integer();
    if (value == nullptr) {
        reading_.wrong_type(*found, row);
        return std::nullopt;
    }
    const std::uint64_t most =
        row.most.empty() ? std::numeric_limits<std::int64_t>::max() : own_integer(row.most);
    const bool negative = value->get() < 0;
    const auto number = static_cast<std::uint64_t>(value->get());
    if (negative || number < own_integer(row.least) || number > most) {
        reading_.problems.error(begin_of(*found), range_of(row));
        return std::nullopt;
    }
    return number;
}

std::uint64_t Section::integer(std::string_view key) {
    const auto given = optional_integer(key);
    if (given) return *given;
    return spec(key).fallback.empty() ? 0 : own_integer(spec(key).fallback);
}

std::optional<Milliseconds> Section::optional_duration(std::string_view key) {
    const auto given = optional_text(key);
    if (!given) return std::nullopt;
    const KeySpec& row = spec(key);
    const auto value = parse_duration(given->view());
    if (!value) {
        reading_.problems.error(given->at,
                                in_quotes(key) + ": " + value.error().message +
                                    (given->hidden ? "" : ", found " + given->shown()),
                                "for example \"12s\"");
        return std::nullopt;
    }
    const bool too_short = !row.least.empty() && *value < own_duration(row.least);
    const bool too_long = !row.most.empty() && *value > own_duration(row.most);
    if (too_short || too_long) {
        reading_.problems.error(given->at, range_of(row));
        return std::nullopt;
    }
    return *value;
}

Milliseconds Section::duration(std::string_view key) {
    const auto given = optional_duration(key);
    if (given) return *given;
    return spec(key).fallback.empty() ? Milliseconds{0} : own_duration(spec(key).fallback);
}

std::optional<U256> Section::decimal_of(const toml::node& found, const KeySpec& row) {
    const auto given = reading_.number_text_of(found, row);
    if (!given) return std::nullopt;
    const auto value = parse_decimal_text(given->view(), decimals_of(row.form));
    if (!value) {
        reading_.problems.error(given->at, in_quotes(row.key) + ": " + value.error().message +
                                               (given->hidden ? "" : ", found " + given->shown()));
        return std::nullopt;
    }
    const bool too_small =
        !row.least.empty() && value->magnitude < own_decimal(row.least, row.form);
    const bool too_large = !row.most.empty() && value->magnitude > own_decimal(row.most, row.form);
    constexpr unsigned kMostBits = 120;  // no sum of money has more
    if (value->negative) {
        reading_.problems.error(given->at, in_quotes(row.key) + " may not be negative");
        return std::nullopt;
    }
    if (too_small || too_large) {
        reading_.problems.error(given->at, range_of(row));
        return std::nullopt;
    }
    if ((value->magnitude >> kMostBits) != 0) {
        reading_.problems.error(given->at, in_quotes(row.key) + " is too large");
        return std::nullopt;
    }
    return value->magnitude;
}

U256 Section::decimal(std::string_view key) {
    const KeySpec& row = spec(key);
    const toml::node* const found = node(key);
    const auto given = found == nullptr ? std::nullopt : decimal_of(*found, row);
    if (given) return *given;
    return row.fallback.empty() ? U256(0) : own_decimal(row.fallback, row.form);
}

std::optional<Address> Section::address(std::string_view key, AddressStyle style) {
    const auto given = optional_text(key);
    if (!given) return std::nullopt;
    const auto value = parse_any_address(given->view());
    std::string wrong;
    if (!value) {
        wrong = given->hidden ? "the value is no address" : value.error().message;
    } else if (style == AddressStyle::eip55 && !parse_address(given->view())) {
        wrong = given->shown() + " is an address of TRON, and this is not";
    }
    if (wrong.empty()) return *value;
    reading_.problems.error(given->at, in_quotes(key) + ": " + wrong);
    return std::nullopt;
}

std::optional<Depth> Section::depth(std::string_view key) {
    const toml::node* const found = node(key);
    const std::string_view fallback = spec(key).fallback;
    const auto otherwise = [&]() -> std::optional<Depth> {
        return fallback.empty() ? std::nullopt : std::optional(parse_depth(fallback).value());
    };
    if (found == nullptr) return otherwise();
    const auto given = reading_.number_text_of(*found, spec(key));
    if (!given) return otherwise();
    const auto value = parse_depth(given->view());
    if (!value) {
        reading_.problems.error(
            given->at,
            in_quotes(key) + ": " + value.error().message +
                (given->hidden ? "" : ", found " + given->shown()),
            given->hidden ? "" : did_you_mean(given->view(), {"finalized", "safe", "latest"}));
        return otherwise();
    }
    return *value;
}

std::optional<Window> Section::window(std::string_view key) {
    const toml::node* const found = node(key);
    if (found == nullptr) return std::nullopt;
    const KeySpec& row = spec(key);
    const auto given = reading_.number_text_of(*found, row);
    if (!given) return std::nullopt;
    const auto value = parse_window(given->view());
    if (!value) {
        reading_.problems.error(given->at,
                                in_quotes(key) + ": " + value.error().message +
                                    (given->hidden ? "" : ", found " + given->shown()),
                                "for example \"1h\", or 50 for blocks");
        return std::nullopt;
    }
    const bool is_time = value->blocks == 0;
    if (is_time &&
        (value->time < own_duration(row.least) || value->time > own_duration(row.most))) {
        reading_.problems.error(given->at, range_of(row));
        return std::nullopt;
    }
    return *value;
}

std::string Section::choice(std::string_view key) {
    const auto given = optional_text(key);
    if (!given || !reading_.check_choice(*given, spec(key))) return std::string(spec(key).fallback);
    return std::string(given->view());
}

const toml::array* Section::array(std::string_view key) {
    const toml::node* const found = node(key);
    if (found == nullptr) return nullptr;
    const toml::array* const out = found->as_array();
    if (out == nullptr) reading_.wrong_type(*found, spec(key));
    return out;
}

std::vector<Text> Section::texts(std::string_view key) {
    const KeySpec& row = spec(key);
    std::vector<Text> out;
    const toml::array* const list = array(key);
    if (list == nullptr) return out;
    if (list->empty() && !row.refers.empty()) {
        reading_.problems.error(begin_of(*list), in_quotes(key) + " is empty",
                                row.required ? "" : "leave it out to mean all");
    }
    KeySpec element_row = row;
    element_row.list = false;
    for (const toml::node& element : *list) {
        auto given = reading_.text_of(element, element_row);
        if (!given) continue;
        const bool twice = std::any_of(out.begin(), out.end(), [&](const Text& other) {
            return other.view() == given->view();
        });
        if (twice) {
            reading_.problems.error(given->at,
                                    in_quotes(key) + " names " + given->shown() + " twice");
            continue;
        }
        if (!row.refers.empty() && !reading_.check_reference(*given, row.refers)) continue;
        if (!row.choices.empty() && !reading_.check_choice(*given, row)) continue;
        out.push_back(std::move(*given));
    }
    return out;
}

std::vector<std::string> Section::names(std::string_view key) {
    std::vector<std::string> out;
    if (!has(key)) {
        for (const std::string_view name : split_bars(spec(key).fallback)) out.emplace_back(name);
        return out;
    }
    for (const Text& given : texts(key)) out.emplace_back(given.view());
    return out;
}

std::vector<U256> Section::decimals(std::string_view key) {
    std::vector<U256> out;
    const toml::array* const list = array(key);
    if (list == nullptr) return out;
    KeySpec row = spec(key);
    row.list = false;
    for (const toml::node& element : *list) {
        if (auto value = decimal_of(element, row)) out.push_back(std::move(*value));
    }
    return out;
}

std::map<std::string, std::string> Section::matchers(std::string_view key) {
    static const std::vector<std::string_view> kLabels{"type",     "rule",    "severity", "chain",
                                                       "protocol", "subject", "band"};
    std::map<std::string, std::string> out;
    const toml::node* const found = node(key);
    if (found == nullptr) return out;
    const toml::table* const table = found->as_table();
    if (table == nullptr) {
        reading_.wrong_type(*found, spec(key));
        return out;
    }
    for (const auto& [label, value] : *table) {
        if (std::find(kLabels.begin(), kLabels.end(), label.str()) == kLabels.end()) {
            reading_.problems.error(begin_of(label), "unknown label " + in_quotes(label.str()),
                                    did_you_mean_or_list(label.str(), kLabels));
            continue;
        }
        if (const auto given = reading_.text_of(value, spec(key))) {
            out.emplace(label.str(), given->view());
        }
    }
    if (table->empty()) {
        reading_.problems.error(begin_of(*found), in_quotes(key) + " matches nothing: it is empty");
    }
    return out;
}

bool is_fit_name(std::string_view name) {
    const auto is_alnum = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    return !name.empty() && name.size() <= 64 && is_alnum(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [&](char c) { return is_alnum(c) || c == '.' || c == '_' || c == '-'; });
}

std::vector<NamedTable> named_tables(Reading& reading, const toml::table& root,
                                     std::string_view section) {
    std::vector<NamedTable> out;
    const toml::node* const found = root.get(section);
    if (found == nullptr) return out;
    const std::string heading(find_section(section)->heading);
    const toml::table* const all = found->as_table();
    if (all == nullptr) {
        reading.problems.error(
            begin_of(*found),
            in_quotes(section) + " must be a section, not " + describe_type(*found),
            "write " + heading);
        return out;
    }
    for (const auto& [key, value] : *all) {
        if (!is_fit_name(key.str())) {
            reading.problems.error(begin_of(key), in_quotes(key.str()) + " cannot be a name",
                                   "letters, digits, '.', '_' and '-', at most 64");
        } else if (const toml::table* const table = value.as_table()) {
            const Position at = table->is_inline() ? begin_of(key) : begin_of(*table);
            out.push_back({std::string(key.str()), table, at});
        } else {
            const bool is_key = find_key(section, key.str()) != nullptr;
            reading.problems.error(
                begin_of(key),
                in_quotes(key.str()) + " must be a section, not " + describe_type(value),
                is_key ? "it belongs in " + heading : "write " + heading);
        }
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const NamedTable& a, const NamedTable& b) { return a.at < b.at; });
    return out;
}

}  // namespace plimsoll::config
