#include "config/groups.hpp"
#include "config/readers.hpp"

#include <algorithm>
#include <map>

namespace plimsoll::config {
namespace {

/// A symbol, or an address in any valid spelling; told otherwise.
bool is_asset(Reading& reading, const Text& text) {
    const std::string_view view = text.view();
    if (has_address_form(view)) {
        const auto address = parse_any_address(view);
        if (!address && text.hidden) reading.problems.error(text.at, "the value is no address");
        if (!address && !text.hidden) reading.problems.error(text.at, address.error().message);
        return address.has_value();
    }
    const bool is_symbol =
        !view.empty() && view.size() <= 64 && std::all_of(view.begin(), view.end(), [](char c) {
            return static_cast<unsigned char>(c) > 0x20 && c != 0x7f;
        });
    if (!is_symbol) {
        reading.problems.error(text.at, text.shown() + " is neither a symbol nor an address");
    }
    return is_symbol;
}

/// Who holds an asset already; symbols as written, addresses without case.
std::string asset_key(std::string_view asset) {
    if (!has_address_form(asset)) return std::string(asset);
    const auto address = parse_any_address(asset);
    return address ? to_lower_hex(*address) : std::string(asset);
}

GroupSettings read_group(Reading& reading, const NamedTable& named,
                         std::map<std::string, std::string>& holders) {
    Section section = named_section(reading, "groups", named);
    GroupSettings group;
    group.name = named.name;
    const auto leader = section.optional_text("leader");
    if (leader && is_asset(reading, *leader)) group.leader = std::string(leader->view());
    const auto claim = [&](const Text& text) {
        const auto [holder, is_new] = holders.emplace(asset_key(text.view()), group.name);
        if (!is_new && holder->second != group.name) {
            reading.problems.error(text.at, text.shown() + " is already a member of group " +
                                                in_quotes(holder->second));
        }
        return is_new;
    };
    for (const Text& member : section.texts("members")) {
        if (is_asset(reading, member) && claim(member)) group.members.emplace_back(member.view());
    }
    const bool is_leader_new = leader && !group.leader.empty() && claim(*leader);
    if (is_leader_new) group.members.insert(group.members.begin(), group.leader);
    return group;
}

}  // namespace

std::vector<GroupSettings> read_groups(Reading& reading, const toml::table& root) {
    std::vector<GroupSettings> out;
    std::map<std::string, std::string> holders;
    const auto tables = named_tables(reading, root, "groups");
    out.reserve(tables.size());
    for (const NamedTable& named : tables) out.push_back(read_group(reading, named, holders));
    for (GroupSettings group : shipped_groups()) {
        const bool replaced =
            std::any_of(tables.begin(), tables.end(),
                        [&](const NamedTable& named) { return named.name == group.name; });
        if (replaced) continue;
        std::erase_if(group.members, [&](const std::string& member) {
            const auto holder = holders.find(member);
            if (holder == holders.end()) return false;
            reading.problems.warn({1, 1}, in_quotes(member) + " leaves the shipped group " +
                                              in_quotes(group.name) + " for " +
                                              in_quotes(holder->second));
            return true;
        });
        const bool has_leader = std::find(group.members.begin(), group.members.end(),
                                          group.leader) != group.members.end();
        if (has_leader) out.push_back(std::move(group));
    }
    return out;
}

std::vector<BandSettings> read_bands(Reading& reading, const toml::table& root,
                                     const std::vector<GroupSettings>& groups) {
    std::vector<std::string_view> group_names;
    group_names.reserve(groups.size());
    for (const GroupSettings& group : groups) group_names.push_back(group.name);
    std::vector<BandSettings> out;
    for (const NamedTable& named : named_tables(reading, root, "bands")) {
        Section section = named_section(reading, "bands", named);
        BandSettings band;
        band.name = named.name;
        const auto collateral = section.optional_text("collateral");
        if (collateral && is_asset(reading, *collateral)) {
            band.collateral = std::string(collateral->view());
            const std::string_view near = nearest(band.collateral, group_names);
            if (near.size() == band.collateral.size() && near != band.collateral &&
                !collateral->hidden) {
                reading.problems.warn(
                    collateral->at,
                    in_quotes(band.collateral) + " is no group and is taken for a token's symbol",
                    "did you mean group " + in_quotes(near) + "?");
            }
        }
        const std::size_t before = reading.problems.error_count();
        const std::vector<U256> ends = section.decimals("between");
        if (section.has("between") && reading.problems.error_count() == before) {
            if (ends.size() != 2) {
                reading.problems.error(section.at("between"),
                                       "'between' must be two amounts: [low, high]");
            } else if (ends[0] >= ends[1]) {
                reading.problems.error(section.at("between"),
                                       "the lower end of 'between' must be below the upper");
            } else {
                band.low = Usd8::from_raw(ends[0]);
                band.high = Usd8::from_raw(ends[1]);
            }
        }
        out.push_back(std::move(band));
    }
    return out;
}

std::vector<WatchSettings> read_watches(Reading& reading, const toml::table& root) {
    std::vector<WatchSettings> out;
    for (const NamedTable& named : named_tables(reading, root, "watch")) {
        Section section = named_section(reading, "watch", named);
        WatchSettings watch;
        watch.name = named.name;
        watch.label = section.has("label") ? section.text("label") : named.name;
        for (const Text& text : section.texts("accounts")) {
            const auto account = parse_any_address(text.view());
            if (account) {
                if (std::find(watch.accounts.begin(), watch.accounts.end(), *account) !=
                    watch.accounts.end()) {
                    reading.problems.error(text.at, "'accounts' names " + text.shown() + " twice");
                }
                watch.accounts.push_back(*account);
                watch.written.push_back(text.view().starts_with('T') ? AddressStyle::base58check
                                                                     : AddressStyle::eip55);
            } else {
                reading.problems.error(
                    text.at, "'accounts': " + (text.hidden ? "the value is no address"
                                                           : account.error().message + ", found " +
                                                                 text.shown()));
            }
        }
        const auto* const accounts = named.table->get_as<toml::array>("accounts");
        if (accounts != nullptr && accounts->empty()) {
            reading.problems.error(section.at("accounts"),
                                   "'accounts' of " + section.label() + " is empty");
        }
        out.push_back(std::move(watch));
    }
    return out;
}

}  // namespace plimsoll::config
