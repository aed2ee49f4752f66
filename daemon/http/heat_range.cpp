#include "daemon/http/heat_range.hpp"

#include "daemon/bands/heatmap.hpp"
#include "daemon/http/params.hpp"

#include <algorithm>

namespace plimsoll::http {
namespace {

constexpr unsigned kMostDefaultSteps = 50;

/// The least of 1, 2, 5, 10, 20 … units of 10^-8 dollars that divides `width` into at most 50.
U256 round_step(const U256& width) {
    for (U256 ten = 1;; ten *= 10) {
        for (const unsigned factor : {1U, 2U, 5U}) {
            const U256 step = ten * factor;
            if (width / step < kMostDefaultSteps) return step;
        }
    }
}

Unexpected<std::string> fail(const char* message) { return Unexpected<std::string>{message}; }

constexpr const char* kTooManySteps = "step: too small, the range would have more than 1000 steps";

}  // namespace

Expected<void, std::string> check(const HeatRange& asked) {
    if (asked.step && asked.step->raw() == 0) return fail("step: must be above 0");
    if (asked.low && asked.low->raw() == 0) return fail("low: must be above 0");
    if (!asked.low || !asked.high) return {};
    if (asked.low->raw() >= asked.high->raw()) {
        return fail("low and high: low must be below high");
    }
    if (asked.step && !bands::heat_steps(*asked.low, *asked.high, *asked.step, kMostHeatSteps)) {
        return fail(kTooManySteps);
    }
    return {};
}

Expected<WholeHeatRange, std::string> complete(const HeatRange& asked, const Usd8& price) {
    if (const auto fine = check(asked); !fine) return Unexpected<std::string>{fine.error()};
    // A price that has no business being so large would only leave the 256 bits.
    const U256 present = std::min(price.raw(), u256_max() / 4);
    U256 low = asked.low ? asked.low->raw() : present / 2;
    U256 high = asked.high ? asked.high->raw() : present + present / 2;
    if (low >= high) return fail("low and high: low must be below high");
    const U256 step = asked.step ? asked.step->raw() : round_step(high - low);
    if (!asked.low) low = std::max(low / step * step, std::min(step, present));
    if (!asked.high) high = (high / step + (high % step == 0 ? 0 : 1)) * step;
    const WholeHeatRange out{Usd8::from_raw(low), Usd8::from_raw(high), Usd8::from_raw(step)};
    if (low == 0) return fail("low: missing, and the present price gives none");
    if (!bands::heat_steps(out.low, out.high, out.step, kMostHeatSteps)) {
        return fail(kTooManySteps);
    }
    return out;
}

std::optional<PriceChange> parse_change(std::string_view text) {
    PriceChange out;
    if (text.ends_with('%')) text.remove_suffix(1);
    if (text.starts_with('-') || text.starts_with('+')) {
        out.is_negative = text.front() == '-';
        text.remove_prefix(1);
    }
    const auto value = parse_fixed(text, 6);
    if (!value || (out.is_negative && *value >= 100'000'000U)) return std::nullopt;
    out.millionths = *value;
    return out;
}

std::optional<OraclePrice> PriceChange::of(const OraclePrice& price) const {
    const U512 whole = 100'000'000U;
    if (millionths > u256_max() / 2) return std::nullopt;
    const U512 factor = is_negative ? whole - U512(millionths) : whole + U512(millionths);
    if (factor > U512(u256_max())) return std::nullopt;
    const U512 moved = U512(price.raw()) * factor / whole;
    if (moved == 0 || moved >= U512(u256_max())) return std::nullopt;
    return OraclePrice::from_raw(static_cast<U256>(moved));
}

}  // namespace plimsoll::http
