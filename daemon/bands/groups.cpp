#include "daemon/bands/groups.hpp"

#include "abi/power_of_ten.hpp"
#include "protocols/common/reverted.hpp"

#include <algorithm>

namespace plimsoll::bands {

namespace {

using protocols::AssetGroup;
using protocols::MarketReport;

bool names(const std::string& name, const MarketReport& market) {
    if (name == market.asset) {
        return true;
    }
    const auto address = parse_any_address(name);
    return address && *address == market.token;
}

bool in_any(std::span<const AssetGroup> groups, const Address& token) {
    return std::any_of(groups.begin(), groups.end(),
                       [&](const AssetGroup& group) { return group.contains(token); });
}

AssetGroup group_of_one(const MarketReport& market) {
    return {market.asset, market.asset, market.token, {market.token}};
}

AssetGroup resolve_group(const config::GroupSettings& settings, std::span<const AssetGroup> earlier,
                         std::span<const MarketReport> markets) {
    AssetGroup group;
    group.name = settings.name;
    std::vector<std::string> wanted{settings.leader};
    wanted.insert(wanted.end(), settings.members.begin(), settings.members.end());
    for (const std::string& name : wanted) {
        for (const MarketReport& market : markets) {
            if (!names(name, market) || group.contains(market.token) ||
                in_any(earlier, market.token)) {
                continue;
            }
            if (group.members.empty()) {
                group.leader = market.token;
                group.leader_symbol = market.asset;
            }
            group.members.push_back(market.token);
        }
    }
    return group;
}

constexpr unsigned kUsdDecimals = 8;

const MarketReport* market_of(std::span<const MarketReport> markets, const Address& token) {
    const auto found =
        std::find_if(markets.begin(), markets.end(),
                     [&](const MarketReport& market) { return market.token == token; });
    return found == markets.end() ? nullptr : &*found;
}

std::optional<AssetGroup> collateral_of(const std::string& name, std::span<const AssetGroup> groups,
                                        std::span<const MarketReport> markets) {
    for (const AssetGroup& group : groups) {
        if (group.name == name) {
            return group;
        }
    }
    for (const MarketReport& market : markets) {
        if (names(name, market)) {
            return group_of_one(market);
        }
    }
    return std::nullopt;
}

}  // namespace

OraclePrice to_oracle_price(const Usd8& usd, unsigned price_decimals,
                            const protocols::PriceQuote& quote, bool up) {
    const U512 product = U512(usd.raw()) * power_of_ten(price_decimals) * U512(quote.denominator);
    const U512 unit = power_of_ten(kUsdDecimals) * U512(quote.numerator);
    const U512 price = product / unit + (up && product % unit != 0 ? 1 : 0);
    return OraclePrice::from_raw(U256(price));
}

std::vector<AssetGroup> resolve_groups(const std::vector<config::GroupSettings>& settings,
                                       std::span<const MarketReport> markets) {
    std::vector<AssetGroup> groups;
    for (const config::GroupSettings& wanted : settings) {
        AssetGroup group = resolve_group(wanted, groups, markets);
        if (!group.members.empty()) {
            groups.push_back(std::move(group));
        }
    }
    for (const MarketReport& market : markets) {
        if (!in_any(groups, market.token)) {
            groups.push_back(group_of_one(market));
        }
    }
    return groups;
}

std::optional<ResolvedBand> resolve_band(const config::BandSettings& settings,
                                         std::span<const AssetGroup> groups,
                                         std::span<const MarketReport> markets) {
    if (settings.low > settings.high || settings.high.raw() == 0) {
        return std::nullopt;
    }
    auto group = collateral_of(settings.collateral, groups, markets);
    const MarketReport* leader = group ? market_of(markets, group->leader) : nullptr;
    if (leader == nullptr) {
        return std::nullopt;
    }
    ResolvedBand band{settings.name,
                      settings.collateral,
                      settings.low,
                      settings.high,
                      std::move(*group),
                      leader->decimals,
                      leader->price_decimals,
                      leader->quote,
                      {},
                      {}};
    const auto prices = protocols::as_contract([&] {
        return std::pair{
            to_oracle_price(settings.low, leader->price_decimals, leader->quote, true),
            to_oracle_price(settings.high, leader->price_decimals, leader->quote, false)};
    });
    if (!prices || prices->second.raw() == u256_max()) {
        return std::nullopt;
    }
    band.low_price = prices->first;
    band.high_price = prices->second;
    return band;
}

}  // namespace plimsoll::bands
