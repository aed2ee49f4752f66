#pragma once

#include "protocols/common/protocol.hpp"
#include "protocols/common/reverted.hpp"
#include "protocols/compound_v2/account_data.hpp"

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::protocols::compound_v2 {

/// The three words of `getAccountLiquidity` by name, as decimal text.
std::vector<std::pair<std::string, std::string>> contract_view(const AccountData& account);

/// Every word of the contract's answer that is not ours, by name. Where we say that the contract
/// reverts it must revert, or answer an error (code before Solidity 0.8 tells overflow so), and
/// only there: that is the field `getAccountLiquidity`.
std::vector<AuditDifference> audit_differences(const PositionKey& key,
                                               const Expected<AccountData, Reverted>& ours,
                                               std::span<const CallResult> results);

}  // namespace plimsoll::protocols::compound_v2
