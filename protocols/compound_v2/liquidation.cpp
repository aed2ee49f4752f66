#include "protocols/compound_v2/liquidation.hpp"

#include "protocols/compound_v2/exponential.hpp"

#include <stdexcept>

namespace plimsoll::protocols::compound_v2 {

Expected<TokenAmount, Reverted> max_close(const Wad& close_factor, const TokenAmount& borrow) {
    return as_contract([&] {
        return TokenAmount::from_raw(mul_scalar_truncate(close_factor.raw(), borrow.raw()));
    });
}

Expected<CTokens, Reverted> seize_tokens(Rounding rounding, const Wad& incentive,
                                         const SeizePrices& prices, const TokenAmount& repaid) {
    return as_contract([&] {
        if (prices.borrowed.raw() == 0 || prices.collateral.raw() == 0) {
            throw std::domain_error("a price is 0");
        }
        const U256 numerator = mul_exp(rounding, incentive.raw(), prices.borrowed.raw());
        const U256 denominator =
            mul_exp(rounding, prices.collateral.raw(), prices.exchange_rate.raw());
        return CTokens::from_raw(
            mul_scalar_truncate(div_exp(numerator, denominator), repaid.raw()));
    });
}

CTokens protocol_share(const CTokens& seized, const Wad& share) {
    const auto out = as_contract([&] { return mul_scalar_truncate(share.raw(), seized.raw()); });
    return CTokens::from_raw(out.value_or(U256(0)));
}

}  // namespace plimsoll::protocols::compound_v2
