#pragma once

#include "protocols/compound_v2/account_data.hpp"
#include "protocols/compound_v2/exponential.hpp"
#include "protocols/compound_v2/model.hpp"

#include <memory>

namespace plimsoll::protocols::compound_v2 {

inline Wad mantissa(const U256& raw) { return Wad::from_raw(raw); }

/// A market and one account in it, put together asset by asset. Exchange rates are what is asked
/// for, indexes 1.
struct SmallMarket {
    Market market;
    Account account;

    CToken& add(const EnteredAsset& asset) {
        const auto id = static_cast<unsigned>(market.markets.size());
        CToken& c_token = market.markets[id];
        c_token.id = id;
        c_token.decimals = 18;
        c_token.symbol = "T" + std::to_string(id);
        c_token.factors = {
            .collateral = asset.factor, .liquidation = asset.factor, .incentive = {}};
        c_token.stored.initial_exchange_rate = asset.exchange_rate;
        c_token.stored.borrow_index = wad_one();
        market.prices[id] = asset.price;
        Holding holding;
        holding.market = id;
        holding.c_tokens = asset.c_tokens;
        holding.principal = asset.borrow;
        holding.interest_index = wad_one();
        holding.entered = true;
        account.holdings.push_back(holding);
        return c_token;
    }

    Expected<AccountData, Reverted> data(State state = State::stored) const {
        return account_data(AccruedMarket(market), account, state);
    }
};

}  // namespace plimsoll::protocols::compound_v2
