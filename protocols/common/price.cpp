#include "protocols/common/price.hpp"

#include "protocols/common/reverted.hpp"

namespace plimsoll::protocols {
namespace {

using U1024 = boost::multiprecision::checked_uint1024_t;

}  // namespace

/// Wider than the product of three words and the powers of ten of a token and its price.
std::optional<Usd8> usd_value(const TokenAmount& amount, unsigned token_decimals,
                              const AssetPrice& price) {
    using boost::multiprecision::pow;
    if (price.quote.numerator == 0) return std::nullopt;
    const auto value = as_contract([&] {
        const U1024 product = U1024(amount.raw()) * U1024(price.price.raw()) *
                              U1024(price.quote.numerator) * U1024(100'000'000U);
        const U1024 unit =
            pow(U1024(10U), token_decimals + price.decimals) * U1024(price.quote.denominator);
        return static_cast<U256>(product / unit);
    });
    return value ? std::optional(Usd8::from_raw(*value)) : std::nullopt;
}

std::optional<Usd8> usd_price(const AssetPrice& price) {
    return usd_value(TokenAmount::from_raw(U256(1)), 0, price);
}

}  // namespace plimsoll::protocols
