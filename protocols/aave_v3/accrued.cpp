#include "protocols/aave_v3/accrued.hpp"

#include "protocols/aave_v3/interest.hpp"
#include "protocols/common/fixed_point.hpp"
#include "protocols/common/reverted.hpp"

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

}  // namespace

AccruedReserve::AccruedReserve(RuleSet rules, const Reserve& reserve,
                               std::optional<OraclePrice> price, BlockTime time)
    : id_(reserve.id),
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

}  // namespace plimsoll::protocols::aave_v3
