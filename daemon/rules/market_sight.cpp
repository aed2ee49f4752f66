#include "daemon/rules/market_sight.hpp"

#include "config/metrics.hpp"

#include <algorithm>

namespace plimsoll::rules {

namespace {

using config::Metric;
using protocols::Totals;

Ratio usd(const Usd8& value) { return Ratio::scaled(value.raw(), 8); }
Ratio count(std::size_t value) { return Ratio::whole(U256(value)); }

/// (b - a) * 100 / base, never negative.
Ratio percent(const U256& a, const U256& b, const U256& base) {
    return {false, (U512(b) - U512(a)) * 100, U512(base)};
}

/// A sum of dollars, or made of such.
bool is_in_dollars(Metric metric) {
    switch (metric) {
        case Metric::tvl_usd:
        case Metric::supplied_usd:
        case Metric::borrowed_usd:
        case Metric::utilization:
        case Metric::tvl_drop_pct:
            return true;
        default:
            return false;
    }
}

std::optional<Ratio> utilization(const MarketSight& sight) {
    if (sight.supplied().raw() == 0) {
        return sight.borrowed().raw() == 0 ? std::optional(Ratio{}) : std::nullopt;
    }
    return Ratio{false, U512(sight.borrowed().raw()), U512(sight.supplied().raw())};
}

/// None where the worth of what prices are stated in is not known.
std::optional<Ratio> price_in_dollars(const protocols::MarketReport& market,
                                      const OraclePrice& price) {
    if (market.quote.numerator == 0) return std::nullopt;
    const Ratio stated = Ratio::scaled(price.raw(), market.price_decimals);
    return Ratio{false, stated.numerator * U512(market.quote.numerator),
                 stated.denominator * U512(market.quote.denominator)};
}

std::optional<Ratio> number_of_protocol(Metric metric, const MarketSight& sight) {
    const Totals& totals = *sight.totals;
    switch (metric) {
        case Metric::bad_debt_usd:
            return usd(totals.bad_debt());
        case Metric::borrowers:
            return count(totals.borrowers);
        case Metric::positions_at_risk:
            return count(totals.at_risk);
        case Metric::liquidatable_positions:
            return count(totals.liquidatable);
        case Metric::liquidatable_debt_usd:
            return usd(totals.liquidatable_debt);
        case Metric::coverage:
            if (!sight.coverage_ppm) return std::nullopt;
            return Ratio::scaled(U256(*sight.coverage_ppm), 6);
        case Metric::unverified:
            return Ratio::flag(false);  // what is not believed is not looked at
        default:
            return std::nullopt;
    }
}

std::optional<Ratio> number_of_market(Metric metric, const MarketSight& sight) {
    if (sight.market == nullptr) return std::nullopt;
    const auto price = sight.oracle_price();
    switch (metric) {
        case Metric::paused:
            return Ratio::flag(sight.market->paused);
        case Metric::frozen:
            return Ratio::flag(sight.market->frozen);
        case Metric::oracle_down:
            return Ratio::flag(!price);
        case Metric::price_usd:
            if (!price) return std::nullopt;
            return price_in_dollars(*sight.market, *price);
        case Metric::oracle_age:
            if (!price) return std::nullopt;
            return Ratio::whole(U256(sight.age()));
        default:
            return std::nullopt;
    }
}

}  // namespace

Usd8 MarketSight::supplied() const {
    return market == nullptr ? totals->supplied : market->supplied_usd;
}

Usd8 MarketSight::borrowed() const {
    return market == nullptr ? totals->borrowed : market->borrowed_usd;
}

Usd8 MarketSight::locked() const {
    return market == nullptr ? totals->locked() : protocols::locked_in(*market);
}

std::optional<OraclePrice> MarketSight::oracle_price() const {
    const bool has_price = market != nullptr && market->price && market->price->raw() != 0;
    return has_price ? market->price : std::nullopt;
}

std::optional<std::uint64_t> MarketSight::feed_age() const {
    if (market == nullptr || !market->price_updated_at) return std::nullopt;
    return time - std::min(time, *market->price_updated_at);
}

std::uint64_t MarketSight::age() const {
    const std::uint64_t still = standstill ? time - std::min(time, standstill->since.time) : 0;
    return std::max(feed_age().value_or(0), still);
}

Change drop(const MarketSight& sight) {
    const U256 now = sight.locked().raw();
    if (!sight.tvl || sight.tvl->high.value <= now) return {Ratio{}, {now, 0, sight.time}};
    const Sighting& high = sight.tvl->high;
    return {percent(now, high.value, high.value), high};
}

std::optional<Change> jump(const MarketSight& sight) {
    const auto price = sight.market == nullptr ? std::nullopt : compared_price(*sight.market);
    if (!price) return std::nullopt;
    const U256& now = price->value;
    Change out{Ratio{}, {now, 0, sight.time}};
    if (!sight.price) return out;
    const Sighting& low = sight.price->low;
    const Sighting& high = sight.price->high;
    if (high.value > now) out = {percent(now, high.value, high.value), high};
    if (low.value < now && low.value != 0) {
        const Ratio up = percent(low.value, now, low.value);
        if (compare(up, out.percent).value_or(1) > 0) out = {up, low};
    }
    return out;
}

std::optional<Ratio> number_of(Metric metric, const Rule& rule, const MarketSight& sight) {
    if (is_in_dollars(metric) && sight.market != nullptr && !is_worth_known(*sight.market)) {
        return std::nullopt;
    }
    switch (metric) {
        case Metric::tvl_usd:
            return usd(sight.locked());
        case Metric::supplied_usd:
            return usd(sight.supplied());
        case Metric::borrowed_usd:
            return usd(sight.borrowed());
        case Metric::utilization:
            return utilization(sight);
        case Metric::tvl_drop_pct: {
            const Change change = drop(sight);
            const bool is_small = change.from.value < rule.settings.min_usd.raw();
            return is_small ? Ratio{} : change.percent;
        }
        case Metric::price_jump_pct: {
            const auto change = jump(sight);
            return change ? std::optional(change->percent) : std::nullopt;
        }
        default:
            break;
    }
    return sight.market == nullptr ? number_of_protocol(metric, sight)
                                   : number_of_market(metric, sight);
}

Observation observe(const Rule& rule, const MarketSight& sight) {
    Observation out;
    for (const auto* conditions : {&rule.settings.when, &rule.settings.clear}) {
        for (const config::Condition& condition : *conditions) {
            if (auto number = number_of(condition.metric, rule, sight)) {
                out.set(condition.metric, std::move(*number));
            }
        }
    }
    return out;
}

bool looks_back(const Rule& rule) {
    return rule.asks_for(Metric::tvl_drop_pct) || rule.asks_for(Metric::price_jump_pct) ||
           rule.asks_for(Metric::oracle_age);
}

config::Window reach_of(const Rule& rule) {
    config::Window out = rule.settings.window;
    if (out.blocks != 0) return out;
    for (const auto* conditions : {&rule.settings.when, &rule.settings.clear}) {
        for (const config::Condition& condition : *conditions) {
            if (condition.metric != Metric::oracle_age) continue;
            constexpr std::uint64_t kMost = 60ULL * 24 * 3600;
            const auto seconds = static_cast<std::int64_t>(std::min(condition.value, U256(kMost)));
            out.time = std::max(out.time, config::Milliseconds{2000 * seconds});
        }
    }
    return out;
}

const Address& place_of(const protocols::MarketReport& market) {
    return market.market.is_zero() ? market.token : market.market;
}

std::string tvl_name(const protocols::MarketReport& market) {
    return "tvl/" + to_lower_hex(place_of(market));
}

std::string tvl_name(std::span<const protocols::MarketReport> markets) {
    std::string out = "tvl";
    for (const protocols::MarketReport& market : markets) {
        if (!is_worth_known(market)) out += "-" + to_lower_hex(place_of(market));
    }
    return out;
}

std::string price_name(const protocols::MarketReport& market) {
    return "price/" + to_lower_hex(place_of(market)) + "/" + market.quote.name +
           std::to_string(market.price_decimals);
}

std::optional<ComparedPrice> compared_price(const protocols::MarketReport& market) {
    constexpr unsigned kDecimals = 24;
    if (!market.price || market.price->raw() == 0) return std::nullopt;
    const auto dollars =
        market.quote.is_usd() ? std::nullopt : price_in_dollars(market, *market.price);
    if (!dollars) {
        return ComparedPrice{price_name(market), market.price->raw(), market.price_decimals,
                             market.quote.name, false};
    }
    const auto value = scaled_value(*dollars, kDecimals);
    if (!value) return std::nullopt;
    return ComparedPrice{"dollars/" + to_lower_hex(place_of(market)), *value, kDecimals, "USD",
                         true};
}

}  // namespace plimsoll::rules
