#include "protocols/aave_v3/audit.hpp"

#include "abi/codec.hpp"
#include "protocols/aave_v3/report.hpp"

#include <string>
#include <utility>

namespace plimsoll::protocols::aave_v3 {
namespace {

constexpr std::string_view kCall = "getUserAccountData";

std::string summary(const Expected<AccountData, Reverted>& values) {
    if (!values) return "reverts";
    std::string out;
    for (const auto& [name, text] : contract_view(*values)) {
        out += (out.empty() ? "" : " ") + text;
    }
    return out;
}

}  // namespace

std::vector<Call> audit_calls(const Structure& structure, const Address& account) {
    return {{structure.contracts.pool,
             std::move(abi::Calldata("getUserAccountData(address)").add(account)).take()}};
}

std::vector<AuditDifference> audit_differences(const PositionKey& key,
                                               const Expected<AccountData, Reverted>& ours,
                                               std::span<const CallResult> results) {
    const auto whole = [&](std::string contract) {
        return std::vector{
            AuditDifference{key, std::string(kCall), summary(ours), std::move(contract)}};
    };
    if (results.size() != 1) return whole("no answer");
    if (!results.front().success) {
        return ours ? whole("reverts") : std::vector<AuditDifference>{};
    }
    std::vector<std::string> words;
    const abi::Reader reader(results.front().data);
    for (std::size_t i = 0; i < 6; ++i) {
        const auto word = reader.uint(i);
        if (!word) return whole("an answer of " + std::to_string(reader.size()) + " bytes");
        words.push_back(to_decimal(*word));
    }
    if (!ours) {
        std::string all;
        for (const std::string& word : words) all += (all.empty() ? "" : " ") + word;
        return whole(all);
    }
    std::vector<AuditDifference> out;
    const auto view = contract_view(*ours);
    for (std::size_t i = 0; i < view.size(); ++i) {
        if (view[i].second == words[i]) continue;
        out.push_back({key, view[i].first, view[i].second, words[i]});
    }
    return out;
}

}  // namespace plimsoll::protocols::aave_v3
