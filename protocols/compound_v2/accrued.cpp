#include "protocols/compound_v2/accrued.hpp"

#include "protocols/common/reverted.hpp"
#include "protocols/compound_v2/balances.hpp"
#include "protocols/compound_v2/interest.hpp"

#include <stdexcept>

namespace plimsoll::protocols::compound_v2 {
namespace {

std::optional<Wad> rate_or_none(const MarketState& state) {
    const auto rate = as_contract([&] { return exchange_rate(state); });
    return rate ? std::optional(*rate) : std::nullopt;
}

}  // namespace

AccruedCToken::AccruedCToken(const CToken& market, const MarketState& current,
                             std::optional<OraclePrice> price)
    : market_(&market), price_(std::move(price)) {
    if (!market.is_readable) return;
    rate_ = {rate_or_none(market.stored), rate_or_none(current)};
    index_ = {market.stored.borrow_index, current.borrow_index};
}

const Wad& AccruedCToken::borrow_index(State state) const {
    const std::optional<Wad>& index = index_[slot(state)];
    if (!index) throw std::domain_error("the market cannot be read");
    return *index;
}

const Wad& AccruedCToken::exchange_rate(State state) const {
    const std::optional<Wad>& rate = rate_[slot(state)];
    if (!rate) throw std::domain_error("exchangeRateStored reverts");
    return *rate;
}

const OraclePrice& AccruedCToken::price() const {
    if (!price_) throw std::domain_error("getUnderlyingPrice reverts");
    return *price_;
}

AccruedMarket::AccruedMarket(const Market& market, std::uint64_t now) : market_(&market) {
    if (market.markets.empty()) return;
    by_id_.resize(market.markets.rbegin()->first + std::size_t{1});
    for (const auto& [id, c_token] : market.markets) {
        const auto price = market.prices.find(id);
        by_id_[id].emplace(
            c_token, accrued_or_stored(c_token, now),
            price == market.prices.end() ? std::nullopt : std::optional(price->second));
    }
}

const Factors& effective_factors(const Market& market, unsigned pool, const CToken& c_token) {
    static const Factors kNone;
    const auto found = market.pools.find(pool);
    if (pool == 0 || found == market.pools.end() || !found->second.is_active) {
        return c_token.factors;
    }
    const auto own = found->second.markets.find(c_token.id);
    if (own != found->second.markets.end()) return own->second;
    return found->second.allows_core_fallback ? c_token.factors : kNone;
}

}  // namespace plimsoll::protocols::compound_v2
