#include "protocols/compound_v2/trust.hpp"

#include "protocols/common/totals.hpp"
#include "protocols/compound_v2/interest.hpp"
#include "protocols/compound_v2/prices.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace plimsoll::protocols::compound_v2 {
namespace {

constexpr std::size_t kMaxReasons = 3;

/// Where no stored answer shows the rounding, an accrued number or a liquidation price still may.
void doubt_rounding(const Ledger& ledger, std::vector<std::string>& reasons) {
    const Structure& structure = ledger.structure();
    if (structure.is_rounding_contradicted) {
        reasons.emplace_back("neither rounding of mantissas makes the Comptroller's answers");
    } else if (!structure.is_rounding_known && ledger.accounts().size() != 0) {
        reasons.emplace_back("the rounding of mantissas is not known yet: no answer shows it");
    }
}

void doubt_scale(const Structure& structure, const Valuation& valuation,
                 std::vector<std::string>& reasons) {
    if (structure.scale.unit == PriceUnit::unknown) {
        reasons.emplace_back(
            "what the oracle's prices are stated in cannot be told: the native coin's price is no "
            "known constant and no dollar coin is near a dollar, or both");
    } else if (valuation.usd_numerator == 0) {
        const CToken* dollar = dollar_market(structure);
        reasons.push_back(
            "prices are stated in " + structure.settings->native_symbol +
            (dollar == nullptr
                 ? " and no dollar coin is listed"
                 : " and " + dollar->symbol +
                       ", which counts as one dollar, has no price that one could be"));
    }
}

void doubt_markets(const Ledger& ledger, const Valuation& valuation,
                   std::vector<std::string>& reasons) {
    for (const auto& [id, doubt] : valuation.doubts) {
        reasons.push_back(valuation.market.markets.at(id).symbol + ": " + doubt);
    }
    for (const auto& [id, market] : valuation.market.markets) {
        const auto coverage = borrow_coverage(ledger, valuation, id);
        if (coverage && coverage->is_above_total) {
            reasons.push_back(market.symbol + ": more borrows are known than exist");
        }
    }
    if (valuation.inexact != 0) {
        reasons.push_back(std::to_string(valuation.inexact) +
                          " borrow balances are known to one unit only, since no log told their "
                          "principal");
    }
}

std::string joined(const std::vector<std::string>& reasons) {
    std::string text;
    for (std::size_t i = 0; i < reasons.size() && i < kMaxReasons; ++i) {
        text += (text.empty() ? "" : "; ") + reasons[i];
    }
    if (reasons.size() > kMaxReasons) {
        text += "; and " + std::to_string(reasons.size() - kMaxReasons) + " more";
    }
    return text;
}

/// By how much the borrows that are known and the markets' own totals may differ and count as
/// equal, all markets together; empty where it cannot be told in dollars.
std::string rounding_allowed(const Ledger& ledger, const Valuation& valuation) {
    if (valuation.usd_numerator == 0) return {};
    Usd8 sum;
    for (const auto& [id, market] : valuation.market.markets) {
        const auto coverage = borrow_coverage(ledger, valuation, id);
        const auto price = valuation.market.prices.find(id);
        if (!coverage || price == valuation.market.prices.end()) continue;
        add(sum, usd_of(valuation, TokenAmount::from_raw(coverage->bound), price->second));
    }
    const std::string cents = to_decimal(sum.raw() / U256(1'000'000U) + 1U);  // up
    const std::string digits = std::string(cents.size() < 3 ? 3 - cents.size() : 0, '0') + cents;
    return ", borrows compared to within " + digits.substr(0, digits.size() - 2) + "." +
           digits.substr(digits.size() - 2) + " USD of rounding";
}

/// Markets of the deployment's list that the Comptroller does not have.
std::string absent_markets(const Structure& structure) {
    const auto& expected = structure.settings->expected;
    const auto absent = std::ranges::count_if(
        expected, [&](const auto& one) { return structure.find(one.first) == nullptr; });
    if (absent == 0) return {};
    return "; " + std::to_string(absent) + " of " + std::to_string(expected.size()) +
           " listed markets are not there";
}

/// What counts as one dollar where prices are stated in the native coin.
std::string numeraire(const Structure& structure) {
    const CToken* dollar = dollar_market(structure);
    return dollar == nullptr ? std::string() : ", " + dollar->symbol + " = 1 USD";
}

/// Markets in which nothing that accrues can be done.
std::string stuck_markets(const Valuation& valuation) {
    std::string text;
    for (const auto& [id, market] : valuation.market.markets) {
        if (!market.is_readable || can_accrue(market, valuation.market.now)) continue;
        text += (text.empty() ? "; " : ", ") + market.symbol;
    }
    return text.empty() ? text : text + ": no accrual possible, so no liquidation (borrow rate)";
}

/// What was found out, for those who look.
std::string findings(const Ledger& ledger, const Valuation& valuation) {
    const Structure& structure = ledger.structure();
    std::string text = "prices in ";
    text += structure.scale.unit == PriceUnit::native
                ? structure.settings->native_symbol + " (10^" +
                      std::to_string(structure.scale.exponent) + ")" + numeraire(structure)
                : std::string(to_string(structure.scale.unit));
    text += ", rounding ";
    text += structure.is_rounding_known ? std::string(to_string(structure.rounding))
                                        : std::string("not known yet");
    text += rounding_allowed(ledger, valuation);
    text += stuck_markets(valuation);
    std::size_t told = 0;
    for (const auto& [c_token, wanted] : structure.settings->expected) {
        const MarketEntry* market = structure.find(c_token);
        if (market == nullptr || market->c_token.symbol.empty()) continue;
        if (wanted.symbol.empty() || market->c_token.symbol == wanted.symbol) continue;
        if (++told > kMaxReasons) continue;
        text +=
            "; the token listed as " + wanted.symbol + " calls itself " + market->c_token.symbol;
    }
    if (told > kMaxReasons) text += "; and " + std::to_string(told - kMaxReasons) + " more";
    return text + absent_markets(structure);
}

}  // namespace

Trust trust_of(const Ledger& ledger, const Valuation* valuation) {
    const Structure& structure = ledger.structure();
    if (!structure.is_known()) return {false, "the contracts are not read yet", {}};
    if (valuation == nullptr) return {true, {}, {}};
    std::vector<std::string> reasons;
    doubt_rounding(ledger, reasons);
    doubt_scale(structure, *valuation, reasons);
    doubt_markets(ledger, *valuation, reasons);
    return {reasons.empty(), joined(reasons), findings(ledger, *valuation)};
}

}  // namespace plimsoll::protocols::compound_v2
