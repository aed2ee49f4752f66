#include "protocols/compound_v2/audit.hpp"

#include "protocols/compound_v2/reads.hpp"

namespace plimsoll::protocols::compound_v2 {
namespace {

std::string summary(const LiquidityReply& words) {
    return to_decimal(words.error) + " " + to_decimal(words.liquidity) + " " +
           to_decimal(words.shortfall);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> contract_view(const AccountData& account) {
    return {{"error", std::to_string(account.error)},
            {"liquidity", to_decimal(account.liquidity())},
            {"shortfall", to_decimal(account.shortfall())}};
}

std::vector<AuditDifference> audit_differences(const PositionKey& key,
                                               const Expected<AccountData, Reverted>& ours,
                                               std::span<const CallResult> results) {
    const auto whole = [&](std::string contract) {
        const std::string us =
            ours ? summary({ours->error, ours->liquidity(), ours->shortfall()}) : "reverts";
        return std::vector{AuditDifference{key, "getAccountLiquidity", us, std::move(contract)}};
    };
    if (results.size() != 1) return whole("no answer");
    const auto answer = decode_liquidity(results.front());
    if (!answer) return whole(answer.error().message);
    if (!*answer) return ours ? whole("reverts") : std::vector<AuditDifference>{};
    const LiquidityReply& theirs = **answer;
    if (!ours) {
        return theirs.error == 0 ? whole(summary(theirs)) : std::vector<AuditDifference>{};
    }
    std::vector<AuditDifference> out;
    const std::string words[] = {to_decimal(theirs.error), to_decimal(theirs.liquidity),
                                 to_decimal(theirs.shortfall)};
    const auto view = contract_view(*ours);
    for (std::size_t i = 0; i < view.size(); ++i) {
        if (view[i].second == words[i]) continue;
        out.push_back({key, view[i].first, view[i].second, words[i]});
    }
    return out;
}

}  // namespace plimsoll::protocols::compound_v2
