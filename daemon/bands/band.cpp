#include "daemon/bands/band.hpp"

#include "abi/power_of_ten.hpp"
#include "protocols/common/reverted.hpp"

#include <algorithm>
#include <array>

namespace plimsoll::bands {

namespace {

using protocols::PositionHealth;
using protocols::Protocol;

/// Price and band brought to one unit: both in 10^-(price_decimals + 8) dollars, times the
/// denominator of the quote.
struct Aligned {
    U512 price;
    U512 low;
    U512 high;
};

Aligned align(const ResolvedBand& band, const OraclePrice& price) {
    const U512 unit = power_of_ten(band.price_decimals) * U512(band.quote.denominator);
    return {U512(price.raw()) * power_of_ten(8) * U512(band.quote.numerator),
            U512(band.low.raw()) * unit, U512(band.high.raw()) * unit};
}

void place(BandReport& report, const Aligned& at) {
    if (at.price > at.high) {
        report.place = Place::above;
        report.distance = {false, at.price - at.high, at.high};
    } else if (at.price >= at.low) {
        report.place = Place::inside;
        report.distance = {};
    } else {
        report.place = Place::below;
        report.distance = {true, at.low - at.price, at.low};
    }
    report.approached = at.price * 100 <= at.high * 103;
}

/// Whether the position's liquidation price lies in the band; none: not computable.
std::optional<bool> belongs(const Protocol& protocol, const ResolvedBand& band,
                            const PositionHealth& health) {
    const auto at_low = protocol.liquidatable_at(health.key, band.group, band.low_price);
    if (!at_low || !*at_low) {
        return at_low;
    }
    const auto over = OraclePrice::from_raw(band.high_price.raw() + 1);
    const auto over_high = protocol.liquidatable_at(health.key, band.group, over);
    if (!over_high) {
        return std::nullopt;
    }
    return !*over_high;
}

bool by_value(const BandPosition& a, const BandPosition& b) {
    return a.collateral_usd != b.collateral_usd ? a.collateral_usd > b.collateral_usd
                                                : a.key < b.key;
}

/// Adds one position to the sums; false when they leave 256 bits, with nothing changed.
bool add(BandReport& report, const BandPosition& position) {
    const auto sums = protocols::as_contract([&] {
        return std::array<U256, 3>{report.collateral_amount + position.collateral,
                                   report.collateral_usd.raw() + position.collateral_usd.raw(),
                                   report.debt_usd.raw() + position.debt_usd.raw()};
    });
    if (!sums) {
        return false;
    }
    report.collateral_amount = (*sums)[0];
    report.collateral_usd = Usd8::from_raw((*sums)[1]);
    report.debt_usd = Usd8::from_raw((*sums)[2]);
    ++report.positions;
    const auto at =
        std::upper_bound(report.largest.begin(), report.largest.end(), position, by_value);
    if (at - report.largest.begin() < static_cast<std::ptrdiff_t>(kLargest)) {
        report.largest.insert(at, position);
    }
    if (report.largest.size() > kLargest) {
        report.largest.pop_back();
    }
    return true;
}

/// Without the leader's price whoever holds something of the group might belong.
void consider_unpriced(BandReport& report, const Protocol& protocol, const ResolvedBand& band,
                       const PositionHealth& health) {
    const auto holds = [&] {
        const auto exposure = protocol.exposure(health.key, band.group);
        return exposure.amount != 0 || exposure.usd.raw() != 0;
    };
    if (!health.computable || (health.health_factor && holds())) ++report.not_computable;
}

void consider(BandReport& report, const Protocol& protocol, const ResolvedBand& band,
              const PositionHealth& health) {
    if (!health.computable) {
        ++report.not_computable;
        return;
    }
    if (!health.health_factor) {
        return;
    }
    const auto exposure = protocol.exposure(health.key, band.group);
    if (exposure.amount == 0 && exposure.usd.raw() == 0) {
        return;
    }
    const auto inside = belongs(protocol, band, health);
    if (inside && !*inside) {
        return;
    }
    if (!inside || !add(report, {health.key, exposure.amount, exposure.usd, health.debt})) {
        ++report.not_computable;
        return;
    }
    report.liquidatable += health.liquidatable ? 1U : 0U;
}

}  // namespace

BandReport evaluate_band(const Protocol& protocol, const ResolvedBand& band,
                         std::span<const PositionHealth> healths) {
    BandReport report;
    report.band = band.name;
    report.collateral = band.collateral;
    report.leader = band.group.leader_symbol;
    report.low = band.low;
    report.high = band.high;
    report.price = protocol.price(band.group.leader);
    report.price_decimals = band.price_decimals;
    report.quote = band.quote;
    report.leader_decimals = band.leader_decimals;
    if (!report.price) {
        for (const PositionHealth& health : healths)
            consider_unpriced(report, protocol, band, health);
        return report;
    }
    place(report, align(band, *report.price));
    for (const PositionHealth& health : healths) {
        consider(report, protocol, band, health);
    }
    return report;
}

std::string distance_pct(const Distance& distance) {
    // hundredths of a percent, half away from zero
    const U512 hundredths =
        (distance.numerator * 20'000 + distance.denominator) / (distance.denominator * 2);
    const U512 whole = hundredths / 100;
    const auto rest = (hundredths % 100).convert_to<unsigned>();
    const bool negative = distance.negative && hundredths != 0;
    return (negative ? "-" : "") + whole.str() + (rest < 10 ? ".0" : ".") + std::to_string(rest);
}

}  // namespace plimsoll::bands
