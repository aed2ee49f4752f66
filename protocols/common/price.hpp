#pragma once

#include "protocols/common/units.hpp"

#include <optional>
#include <string>

namespace plimsoll::protocols {

/// What prices are stated in: US dollars, or something else that is worth numerator / denominator
/// dollars just now. A numerator of 0 says that its worth is not known.
struct PriceQuote {
    std::string name = "USD";
    U256 numerator = 1;
    U256 denominator = 1;

    bool is_usd() const { return name == "USD"; }

    friend bool operator==(const PriceQuote&, const PriceQuote&) = default;
};

/// An oracle's answer and how to read it: price / 10^decimals of the quote for one whole token.
struct AssetPrice {
    OraclePrice price;
    unsigned decimals = 8;
    PriceQuote quote;

    friend bool operator==(const AssetPrice&, const AssetPrice&) = default;
};

/// Value of a token amount in US dollars with 8 decimals, rounded down; none beyond 256 bits or
/// where the quote's worth is not known.
std::optional<Usd8> usd_value(const TokenAmount& amount, unsigned token_decimals,
                              const AssetPrice& price);
/// The price of one whole token in US dollars with 8 decimals, rounded down; none as above.
std::optional<Usd8> usd_price(const AssetPrice& price);

}  // namespace plimsoll::protocols
