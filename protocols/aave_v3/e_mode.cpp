#include "protocols/aave_v3/e_mode.hpp"

#include <stdexcept>

namespace plimsoll::protocols::aave_v3 {
namespace {

/// `EModeConfiguration.isReserveEnabledOnBitmap`: ids are below 128.
bool is_enabled_on_bitmap(const U256& bitmap, unsigned reserve_id) {
    return reserve_id < 128U && boost::multiprecision::bit_test(bitmap, reserve_id);
}

/// What a mapping answers for a category that was never written.
const EMode& unset_category() {
    static const EMode unset;
    return unset;
}

}  // namespace

AccountEMode::AccountEMode(const Market& market, unsigned category)
    : market_(&market), id_(category) {
    if (category == 0) return;
    const auto found = market.e_modes.find(category);
    category_ = found != market.e_modes.end() ? &found->second : &unset_category();
}

bool AccountEMode::contains(unsigned reserve_id, unsigned asset_category) const {
    if (category_ == nullptr) return false;
    if (market_->rules <= RuleSet::v3_1) return asset_category == id_;
    return is_enabled_on_bitmap(category_->collateral_bitmap, reserve_id);
}

const U256& AccountEMode::liquidation_threshold(bool is_in_category, const U256& base) const {
    return is_in_category ? category_->liquidation_threshold.raw() : base;
}

U256 AccountEMode::ltv(bool is_in_category, unsigned reserve_id, const U256& base) const {
    if (market_->rules <= RuleSet::v3_5) {
        return is_in_category && !base.is_zero() ? category_->ltv.raw() : base;
    }
    if (is_in_category) {
        const bool zero = is_enabled_on_bitmap(category_->ltvzero_bitmap, reserve_id);
        return zero ? U256(0U) : category_->ltv.raw();
    }
    const bool isolated =
        market_->rules >= RuleSet::v3_7 && category_ != nullptr && category_->isolated;
    return isolated ? U256(0U) : base;
}

const Bps& AccountEMode::liquidation_bonus(bool is_in_category, const Bps& base) const {
    return is_in_category ? category_->liquidation_bonus : base;
}

std::optional<OraclePrice> AccountEMode::price_source_answer() const {
    if (category_ == nullptr || market_->rules > RuleSet::v3_1) return std::nullopt;
    if (category_->price_source.is_zero()) return std::nullopt;
    const auto found = market_->e_mode_prices.find(id_);
    if (found == market_->e_mode_prices.end()) {
        throw std::domain_error("the oracle reverts for the e-mode's price source");
    }
    return found->second;
}

std::optional<OraclePrice> AccountEMode::price() const {
    auto answer = price_source_answer();
    if (answer && answer->raw().is_zero()) answer.reset();
    return answer;
}

}  // namespace plimsoll::protocols::aave_v3
