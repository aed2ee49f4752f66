#pragma once

#include "abi/expected.hpp"
#include "protocols/common/units.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::http {

constexpr std::size_t kMostHeatSteps = 1000;

/// What a heat map is asked for; absent values follow the present price.
struct HeatRange {
    std::optional<Usd8> low;
    std::optional<Usd8> high;
    std::optional<Usd8> step;
};

struct WholeHeatRange {
    Usd8 low;
    Usd8 high;
    Usd8 step;
};

/// What is wrong with what was given, whatever the price is.
Expected<void, std::string> check(const HeatRange& asked);

/// The range with its gaps filled: from half the price to one and a half times it, in a step of
/// 1, 2 or 5 times a power of ten that gives at most 50; low and high that were not given are
/// multiples of the step. The error says what is wrong with what was given.
Expected<WholeHeatRange, std::string> complete(const HeatRange& asked, const Usd8& price);

/// A change of a price in percent, such as "-20", "+12.5" or "-3%".
struct PriceChange {
    bool is_negative = false;
    U256 millionths = 0;  ///< of a percent

    /// The price after it, cut off; none when that is 0 or over 256 bits.
    std::optional<OraclePrice> of(const OraclePrice& price) const;
};
std::optional<PriceChange> parse_change(std::string_view text);

}  // namespace plimsoll::http
