#pragma once

#include "protocols/aave_v3/account_data.hpp"
#include "protocols/aave_v3/structure.hpp"
#include "protocols/common/log.hpp"
#include "protocols/common/protocol.hpp"

#include <span>
#include <vector>

namespace plimsoll::protocols::aave_v3 {

/// `Pool.getUserAccountData(account)`.
std::vector<Call> audit_calls(const Structure& structure, const Address& account);

/// Every word of the contract's answer that is not ours, by the name in its ABI. Where we say that
/// the contract reverts it must revert, and only there: that is the field `getUserAccountData`.
std::vector<AuditDifference> audit_differences(const PositionKey& key,
                                               const Expected<AccountData, Reverted>& ours,
                                               std::span<const CallResult> results);

}  // namespace plimsoll::protocols::aave_v3
