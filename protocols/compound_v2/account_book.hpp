#pragma once

#include "protocols/common/account_shards.hpp"
#include "protocols/common/block.hpp"
#include "protocols/common/compact.hpp"
#include "protocols/compound_v2/model.hpp"

#include <cstdint>
#include <memory>

namespace plimsoll::protocols::compound_v2 {

/// What one account has in one market, as the ledger keeps it.
struct HoldingState {
    Compact128 c_tokens;
    Compact128 principal;
    Compact128 interest_index;
    std::uint16_t market = 0;
    bool entered = false;
    /// False: no event told the pair of principal and index, and a balance read at some block
    /// stands for it. It is right to one unit until the account borrows or repays.
    bool is_exact = true;
    bool is_forced = false;  ///< as in `Holding`

    bool has_debt() const { return !principal.is_zero(); }
    bool is_empty() const {
        return c_tokens.is_zero() && principal.is_zero() && !entered && !is_forced;
    }

    friend bool operator==(const HoldingState&, const HoldingState&) = default;
};

/// What there is once of an account.
struct AccountHead {
    BlockNumber read_at = 0;    ///< logs at or before this block are in it already
    std::uint32_t pool = 0;     ///< of risk
    std::uint16_t markets = 0;  ///< balances of the markets with lower ids were read
    /// Shared between copies; immutable; none: it never minted the deployment's stablecoin.
    std::shared_ptr<const StableDebt> stable;

    friend bool operator==(const AccountHead& a, const AccountHead& b) {
        const bool same_stable =
            a.stable == b.stable || (a.stable && b.stable && *a.stable == *b.stable);
        return a.read_at == b.read_at && a.pool == b.pool && a.markets == b.markets && same_stable;
    }
};

using AccountBook = AccountShards<AccountHead, HoldingState>;
using AccountState = AccountBook::State;
using AccountView = AccountBook::View;

bool has_debt(const AccountHead& head, std::span<const HoldingState> holdings);
inline bool has_debt(const AccountState& state) { return has_debt(state.head, state.holdings); }
inline bool has_debt(const AccountView& view) { return has_debt(*view.head, view.holdings); }

/// The holding in a market, inserted empty where it is missing. Holdings are ordered by market.
HoldingState& holding_in(AccountState& state, unsigned market);

/// The account as the arithmetic wants it.
Account account_of(const AccountView& view);

}  // namespace plimsoll::protocols::compound_v2
