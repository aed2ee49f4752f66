#include "protocols/common/totals.hpp"

#include <algorithm>

namespace plimsoll::protocols {

void add(Usd8& sum, const Usd8& more) {
    const U512 next = U512(sum.raw()) + U512(more.raw());
    sum = Usd8::from_raw(static_cast<U256>(std::min<U512>(next, U512(u256_max()))));
}

const Wad& at_risk_below() {
    static const Wad value = Wad::from_raw(U256(1'100'000'000'000'000'000ULL));
    return value;
}

Usd8 less(const Usd8& a, const Usd8& b) {
    return a > b ? Usd8::from_raw(a.raw() - b.raw()) : Usd8{};
}

Usd8 Totals::locked() const { return cash.value_or(less(supplied, borrowed)); }

Usd8 Totals::bad_debt() const {
    Usd8 sum = shortfall;
    add(sum, deficit);
    return sum;
}

bool is_worth_known(const MarketReport& market) {
    if (market.supplied.raw() == 0 && market.borrowed.raw() == 0) return true;
    return market.price && market.price->raw() != 0 && market.quote.numerator != 0;
}

Usd8 locked_in(const MarketReport& market) {
    return market.cash_usd.value_or(less(market.supplied_usd, market.borrowed_usd));
}

Totals totals_of(std::span<const MarketReport> markets, std::span<const PositionHealth> healths) {
    Totals out;
    for (const MarketReport& market : markets) {
        out.unpriced += is_worth_known(market) ? 0U : 1U;
        add(out.supplied, market.supplied_usd);
        add(out.borrowed, market.borrowed_usd);
        add(out.deficit, market.deficit_usd);
        if (market.cash_usd) {
            Usd8 cash = out.cash.value_or(Usd8{});
            add(cash, *market.cash_usd);
            out.cash = cash;
        }
    }
    out.borrowers = healths.size();
    for (const PositionHealth& health : healths) {
        if (!health.computable) ++out.not_computable;
        if (health.liquidatable) {
            ++out.liquidatable;
            add(out.liquidatable_debt, health.debt);
        } else if (health.health_factor && *health.health_factor < at_risk_below()) {
            ++out.at_risk;
        }
        if (health.debt > health.collateral) {
            ++out.under_water;
            add(out.shortfall, less(health.debt, health.collateral));
        }
    }
    return out;
}

}  // namespace plimsoll::protocols
