#include "protocols/aave_v3/accrued.hpp"

#include "protocols/aave_v3/interest.hpp"
#include "protocols/common/fixed_point.hpp"
#include "protocols/common/reverted.hpp"

#include <algorithm>
#include <stdexcept>

namespace plimsoll::protocols::aave_v3 {
namespace {

template <class T>
std::optional<T> value_or_none(Expected<T, Reverted> result) {
    if (!result) return std::nullopt;
    return std::move(*result);
}

template <class T>
const T& value_or_revert(const std::optional<T>& value, const char* what) {
    if (!value) throw std::domain_error(what);
    return *value;
}

const OraclePrice* assumed_price(std::span<const AssumedPrice> assumed, unsigned reserve) {
    const auto found = std::ranges::find(assumed, reserve, &AssumedPrice::reserve);
    return found != assumed.end() ? &found->price : nullptr;
}

}  // namespace

AccruedReserve::AccruedReserve(RuleSet rules, const Reserve& reserve,
                               std::optional<OraclePrice> price, BlockTime time)
    : reserve_(&reserve),
      e_mode_category_(reserve.config.e_mode_category(rules)),
      unit_(token_unit(reserve.config.decimals())),
      ltv_(reserve.config.ltv().raw()),
      liquidation_threshold_(reserve.config.liquidation_threshold().raw()),
      income_(value_or_none(as_contract([&] { return income_index(reserve, time); }))),
      debt_(value_or_none(as_contract([&] { return debt_index(rules, reserve, time); }))),
      price_(std::move(price)) {}

const Ray& AccruedReserve::income() const {
    return value_or_revert(income_, "the normalized income reverts");
}

const Ray& AccruedReserve::debt() const {
    return value_or_revert(debt_, "the normalized debt reverts");
}

const OraclePrice& AccruedReserve::price() const {
    return value_or_revert(price_, "the oracle reverts");
}

AccruedMarket::AccruedMarket(const Market& market) : market_(&market) {
    if (market.reserves.empty()) return;
    by_id_.resize(market.reserves.rbegin()->first + std::size_t{1});
    for (const auto& [id, reserve] : market.reserves) {
        const auto price = market.prices.find(id);
        by_id_[id].emplace(
            market.rules, reserve,
            price != market.prices.end() ? std::optional(price->second) : std::nullopt,
            market.time);
    }
}

U256 LiveReserve::unit() const { return token_unit(reserve_->config.decimals()); }
Ray LiveReserve::income() const { return income_index(*reserve_, time_); }
Ray LiveReserve::debt() const { return debt_index(market_->rules, *reserve_, time_); }

OraclePrice LiveReserve::price() const {
    if (const OraclePrice* assumed = assumed_price(assumed_, id())) return *assumed;
    const auto found = market_->prices.find(id());
    if (found == market_->prices.end()) throw std::domain_error("the oracle reverts");
    return found->second;
}

const OraclePrice& RepricedReserve::price() const {
    const OraclePrice* assumed = assumed_price(assumed_, id());
    return assumed != nullptr ? *assumed : accrued_->price();
}

}  // namespace plimsoll::protocols::aave_v3
