#include "protocols/aave_v3/trust.hpp"

#include <string>
#include <vector>

namespace plimsoll::protocols::aave_v3 {
namespace {

constexpr std::size_t kMaxReasons = 3;

std::string revision_text(const std::optional<std::uint64_t>& revision) {
    return revision ? std::to_string(*revision) : std::string("cannot be read");
}

void doubt_structure(const Structure& structure, std::vector<std::string>& reasons) {
    if (!structure.rules_known) {
        reasons.push_back("POOL_REVISION " + revision_text(structure.pool_revision) +
                          " is not known; computed with the rules of " +
                          std::string(to_string(structure.rules)));
    }
    if (!structure.base_unit_known) {
        reasons.emplace_back("the oracle's BASE_CURRENCY_UNIT cannot be read; 8 decimals assumed");
    }
    const auto is_known = [](const std::optional<std::uint64_t>& revision) {
        return revision && token_rules_of(*revision);
    };
    for (const auto& [id, reserve] : structure.reserves) {
        const std::string& symbol = reserve.stored.symbol;
        if (!is_known(reserve.a_token_revision)) {
            reasons.push_back(symbol + ": ATOKEN_REVISION " +
                              revision_text(reserve.a_token_revision) + " is not known");
        }
        if (!is_known(reserve.debt_token_revision)) {
            reasons.push_back(symbol + ": DEBT_TOKEN_REVISION " +
                              revision_text(reserve.debt_token_revision) + " is not known");
        }
    }
}

void doubt_round(const Ledger& ledger, const Valuation& valuation,
                 std::vector<std::string>& reasons) {
    for (const auto& [id, doubt] : valuation.doubts) reasons.push_back(doubt);
    for (const auto& [id, reserve] : valuation.accrued.reserves) {
        const auto round = valuation.round.reserves.find(id);
        if (round == valuation.round.reserves.end()) continue;
        if (!round->second.scaled_debt || !round->second.supplied) {
            reasons.push_back(reserve.symbol + ": the token's totals cannot be read");
        }
        const auto coverage = debt_coverage(ledger, valuation, id);
        if (coverage && coverage->is_above_total) {
            reasons.push_back(reserve.symbol + ": more variable debt is known than exists");
        }
    }
}

}  // namespace

Trust trust_of(const Ledger& ledger, const Valuation* valuation) {
    if (!ledger.structure().is_known()) return {false, "the contracts are not read yet", {}};
    std::vector<std::string> reasons;
    doubt_structure(ledger.structure(), reasons);
    if (valuation != nullptr) doubt_round(ledger, *valuation, reasons);
    if (reasons.empty()) return {true, {}, {}};
    std::string text;
    for (std::size_t i = 0; i < reasons.size() && i < kMaxReasons; ++i) {
        text += (text.empty() ? "" : "; ") + reasons[i];
    }
    if (reasons.size() > kMaxReasons) {
        text += "; and " + std::to_string(reasons.size() - kMaxReasons) + " more";
    }
    return {false, text, {}};
}

}  // namespace plimsoll::protocols::aave_v3
