#include "protocols/compound_v2/account_data.hpp"

#include "protocols/compound_v2/balances.hpp"
#include "protocols/compound_v2/exponential.hpp"

#include <algorithm>

namespace plimsoll::protocols::compound_v2 {
namespace {

/// The sum being made; stops at the first error, as the contract's loop does.
class Summing {
  public:
    explicit Summing(Rounding rounding) : rounding_(rounding) {}

    bool add(const EnteredAsset& asset) {
        if (asset.price.raw() == 0) {
            data_ = {};
            data_.error = kPriceError;
            return false;
        }
        const U256 denom =
            tokens_to_denom(rounding_, asset.factor, asset.exchange_rate, asset.price);
        data_.collateral += mul_scalar_truncate(denom, asset.c_tokens.raw());
        data_.borrow += mul_scalar_truncate(asset.price.raw(), asset.borrow.raw());
        return true;
    }
    void add_debt(const TokenAmount& dollars) { data_.borrow += dollars.raw(); }
    const AccountData& data() const { return data_; }

  private:
    Rounding rounding_;
    AccountData data_;
};

const OraclePrice& price_of(const AccruedCToken& market, std::span<const AssumedPrice> assumed) {
    const auto found = std::ranges::find(assumed, market.id(), &AssumedPrice::market);
    return found == assumed.end() ? market.price() : found->price;
}

AccountData sum_account(const AccruedMarket& accrued, const Account& account, State state,
                        std::span<const AssumedPrice> assumed) {
    const Market& market = accrued.market();
    Summing sum(market.rounding);
    bool is_priced = true;
    for (const Holding& holding : account.holdings) {
        const AccruedCToken* c_token = accrued.find(holding.market);
        if (!holding.entered || c_token == nullptr) continue;
        EnteredAsset asset;
        asset.c_tokens = holding.c_tokens;
        asset.borrow =
            borrow_balance(holding.principal, holding.interest_index, c_token->borrow_index(state));
        if (market.skips_empty && asset.c_tokens.raw() == 0 && asset.borrow.raw() == 0) continue;
        // Also after a price of zero: one that reverts has the last word.
        asset.exchange_rate = c_token->exchange_rate(state);
        asset.factor = effective_factors(market, account.pool, c_token->market()).liquidation;
        asset.price = price_of(*c_token, assumed);
        is_priced = is_priced && sum.add(asset);
    }
    if (!is_priced) return sum.data();
    sum.add_debt(stable_debt_balance(account.stable_debt, market.stable_index));
    return sum.data();
}

}  // namespace

std::optional<Wad> AccountData::health_factor() const {
    if (borrow == 0) return std::nullopt;
    const U512 ratio = U512(collateral) * U512(kExpScale) / U512(borrow);
    return Wad::from_raw(ratio > U512(u256_max()) ? u256_max() : static_cast<U256>(ratio));
}

U256 tokens_to_denom(Rounding rounding, const Wad& factor, const Wad& rate,
                     const OraclePrice& price) {
    return mul_exp(rounding, mul_exp(rounding, factor.raw(), rate.raw()), price.raw());
}

U256 collateral_of_one(Rounding rounding, const Market& market, const Account& account,
                       const AccruedCToken& c_token) {
    const Factors& factors = effective_factors(market, account.pool, c_token.market());
    return tokens_to_denom(rounding, factors.liquidation, c_token.exchange_rate(State::stored),
                           c_token.price());
}

AccountData sum_assets(Rounding rounding, std::span<const EnteredAsset> assets) {
    Summing sum(rounding);
    for (const EnteredAsset& asset : assets) {
        if (!sum.add(asset)) break;
    }
    return sum.data();
}

Expected<AccountData, Reverted> account_data(const AccruedMarket& market, const Account& account,
                                             State state) {
    return account_data(market, account, state, {});
}

Expected<AccountData, Reverted> account_data(const AccruedMarket& market, const Account& account,
                                             State state, std::span<const AssumedPrice> assumed) {
    return as_contract([&] { return sum_account(market, account, state, assumed); });
}

}  // namespace plimsoll::protocols::compound_v2
