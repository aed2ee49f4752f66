#include "config/reading.hpp"

#include <algorithm>

namespace plimsoll::config {
namespace {

bool is_secret_form(Form form) {
    return form == Form::secret || form == Form::url || form == Form::headers ||
           form == Form::endpoints;
}

/// Joins without leaving copies behind.
Secret joined(const std::vector<Secret>& parts) {
    std::size_t size = 0;
    for (const Secret& part : parts) size += part.reveal().size();
    std::string out;
    out.reserve(size);
    for (const Secret& part : parts) out += part.reveal();
    return Secret(std::move(out));
}

bool is_fit_source_name(std::string_view name) {
    return !name.empty() && name.size() <= 128 && name != "." && name != ".." &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-' || c == '.';
           });
}

std::string hint_for_type(const toml::node& node, const KeySpec& spec, std::string_view written) {
    const std::string number(written);
    const bool takes_decimal_text =
        spec.form == Form::usd || spec.form == Form::ratio || spec.form == Form::factor;
    if (node.is_floating_point() && takes_decimal_text) {
        return number.empty() ? "put quotes around the number"
                              : "quote the number: \"" + number + '"';
    }
    if (node.is_integer() && spec.form == Form::duration)
        return "did you mean \"" + number + "s\"?";
    if (node.is_string() && (spec.form == Form::integer || spec.form == Form::boolean)) {
        return "leave out the quotes";
    }
    if (spec.list && !node.is_array()) return "put brackets around it: [ ... ]";
    if (node.is_integer() && spec.form == Form::address) return "put quotes around it";
    return {};
}

}  // namespace

Position Text::at_offset(std::size_t offset) const {
    if (!is_verbatim) return at;
    std::uint32_t characters = 0;
    for (const char c : view().substr(0, offset)) {
        if ((static_cast<unsigned char>(c) & 0xc0U) != 0x80U) ++characters;
    }
    return {at.line, at.column + 1 + characters};
}

std::string describe_type(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::table:
            return "a table";
        case toml::node_type::array:
            return "a list";
        case toml::node_type::string:
            return "text";
        case toml::node_type::integer:
            return "an integer";
        case toml::node_type::floating_point:
            return "a float, which is not exact";
        case toml::node_type::boolean:
            return "a boolean";
        case toml::node_type::date:
        case toml::node_type::time:
        case toml::node_type::date_time:
            return "a date or time";
        case toml::node_type::none:
            break;
    }
    return "nothing";
}

std::string describe_form(const KeySpec& spec) {
    switch (spec.form) {
        case Form::boolean:
            return "true or false";
        case Form::integer:
            return "an integer";
        case Form::duration:
            return "a duration such as \"12s\"";
        case Form::usd:
            return "an amount of USD: an integer, or text such as \"1574.5\"";
        case Form::ratio:
        case Form::factor:
            return "a number: an integer, or text such as \"1.25\"";
        case Form::address:
            return "an address: text of 0x and 40 hex digits, or T and 33 characters";
        case Form::depth:
            return "\"finalized\", \"safe\", \"latest\" or a number of blocks";
        case Form::window:
            return "a duration such as \"1h\", or a number of blocks";
        case Form::headers:
        case Form::matchers:
            return "a table of texts";
        case Form::endpoints:
            return "a URL or a table";
        case Form::text:
        case Form::choice:
        case Form::path:
        case Form::listen:
        case Form::url:
        case Form::secret:
        case Form::expression:
        case Form::cidr:
            break;
    }
    return "text";
}

Reading::Reading(std::string_view text, const std::string& filename,
                 SecretSource& source_of_secrets, const LoadOptions& given)
    : problems(filename),
      source(text),
      secrets(source_of_secrets),
      options(given),
      directory(std::filesystem::path(filename).parent_path()) {}

void Reading::wrong_type(const toml::node& node, const KeySpec& spec) {
    const bool wants_list = spec.list && !node.is_array() && spec.form != Form::endpoints;
    const std::string wanted = wants_list ? "a list" : describe_form(spec);
    problems.error(begin_of(node),
                   in_quotes(spec.key) + " must be " + wanted + ", not " + describe_type(node),
                   hint_for_type(node, spec,
                                 is_secret_form(spec.form) ? std::string_view{}
                                                           : source.slice(node.source())));
}

std::optional<Text> Reading::text_of(const toml::node& node, const KeySpec& spec) {
    const auto* const written = node.as_string();
    if (written == nullptr) {
        wrong_type(node, spec);
        return std::nullopt;
    }
    const std::string& value = written->get();
    Text out;
    out.at = begin_of(node);
    auto replaced = substitute(value, out.at, out.substituted);
    if (!replaced) return std::nullopt;
    out.value = std::move(*replaced);
    out.hidden = out.substituted || is_secret_form(spec.form);
    const std::string_view slice = source.slice(node.source());
    out.is_verbatim = !out.substituted && slice.size() == value.size() + 2 &&
                      slice.substr(1, value.size()) == value;
    return out;
}

std::optional<Text> Reading::number_text_of(const toml::node& node, const KeySpec& spec) {
    const auto* const number = node.as_integer();
    if (number == nullptr) return text_of(node, spec);
    Text out;
    out.at = begin_of(node);
    out.value = Secret(std::to_string(number->get()));
    return out;
}

std::optional<Secret> Reading::substitute(std::string_view value, Position at, bool& substituted) {
    std::vector<Secret> parts;
    while (true) {
        const std::size_t open = value.find("${");
        if (open == std::string_view::npos) break;
        if (open > 0 && value[open - 1] == '$') {  // $${ stands for ${
            parts.emplace_back(std::string(value.substr(0, open - 1)) + "${");
            value.remove_prefix(open + 2);
            continue;
        }
        const std::size_t close = value.find('}', open);
        if (close == std::string_view::npos) {
            problems.error(at, "'${' without '}'", "write $${ for a plain ${");
            return std::nullopt;
        }
        parts.emplace_back(std::string(value.substr(0, open)));
        auto found = look_up(value.substr(open + 2, close - open - 2), at);
        if (!found) return std::nullopt;
        parts.push_back(std::move(*found));
        substituted = true;
        value.remove_prefix(close + 1);
    }
    parts.emplace_back(std::string(value));
    return joined(parts);
}

std::optional<Secret> Reading::look_up(std::string_view reference, Position at) {
    static const std::vector<std::string_view> kKinds{"env", "file", "credential"};
    const std::size_t colon = reference.find(':');
    const std::string_view kind = reference.substr(0, colon);
    const bool is_known = std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end();
    if (colon == std::string_view::npos || !is_known) {
        // what stands there is only shown when it is near a known word, so it is no secret
        const std::string hint = did_you_mean(kind, kKinds);
        problems.error(
            at, "unknown reference in ${...}",
            hint.empty() ? "known: ${env:NAME}, ${file:PATH}, ${credential:NAME}" : hint);
        return std::nullopt;
    }
    const std::string name(reference.substr(colon + 1));
    if (kind == "file" ? name.empty() : !is_fit_source_name(name)) {
        problems.error(at, "${" + std::string(kind) + ":...} has no valid name",
                       "letters, digits, '_', '-' and '.'");
        return std::nullopt;
    }
    auto found = kind == "env"    ? secrets.environment(name)
                 : kind == "file" ? secrets.file(directory / name)
                                  : secrets.credential(name);
    if (!found) {
        problems.error(at, found.error().message);
        return std::nullopt;
    }
    if (kind == "env") {
        problems.warn(at, "${env:" + name + "} can be seen by other processes of this user",
                      "prefer ${credential:NAME} or ${file:PATH}");
    }
    return std::move(*found);
}

bool Reading::check_reference(const Text& text, std::string_view section) {
    const auto found = names.find(section);
    std::vector<std::string_view> known;
    if (found != names.end()) known.assign(found->second.begin(), found->second.end());
    if (std::find(known.begin(), known.end(), text.view()) != known.end()) return true;
    const std::string hint =
        known.empty() ? "the file has no [" + std::string(section) + ".NAME]"
                      : (text.hidden ? std::string{} : did_you_mean_or_list(text.view(), known));
    const std::string what = text.hidden ? "the value" : '.' + std::string(text.view());
    problems.error_of_whole(
        text.at,
        text.hidden ? what + " names no [" + std::string(section) + ".NAME]"
                    : "there is no " + in_quotes(std::string(section) + what) + " in the file",
        hint);
    return false;
}

bool Reading::check_choice(const Text& text, const KeySpec& spec) {
    std::vector<std::string_view> known = split_bars(spec.choices);
    if (std::find(known.begin(), known.end(), text.view()) != known.end()) return true;
    const std::vector<std::string_view> later = split_bars(spec.later);
    const std::string shown = text.shown();
    if (std::find(later.begin(), later.end(), text.view()) != later.end()) {
        problems.error(text.at,
                       in_quotes(spec.key) + ": " + shown + " is not supported yet by this version",
                       did_you_mean_or_list({}, known));
        return false;
    }
    problems.error(
        text.at, in_quotes(spec.key) + ": " + shown + " is not known",
        text.hidden ? did_you_mean_or_list({}, known) : did_you_mean_or_list(text.view(), known));
    return false;
}

void Reading::tell_literal_secret(const Text& text, std::string_view what) {
    if (text.substituted) return;
    const std::string message = std::string(what) + " stands in the file itself";
    const std::string hint = "prefer ${credential:NAME} or ${file:PATH}";
    if (options.strict) {
        problems.error(text.at, message, hint);
    } else {
        problems.warn(text.at, message, hint);
    }
}

}  // namespace plimsoll::config
