#pragma once

#include "abi/address.hpp"
#include "protocols/common/block.hpp"
#include "protocols/common/compact.hpp"

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace plimsoll::protocols::aave_v3 {

/// A set of reserve ids.
using ReserveSet = std::bitset<128>;

/// What one account holds in one reserve, as the ledger keeps it.
struct HoldingState {
    Compact128 supplied;  ///< scaled; 0 where the account does not track the supply
    Compact128 variable_debt;
    std::uint8_t reserve = 0;  ///< reserve id, at most 127
    bool collateral = false;   ///< the account's own flag

    bool is_empty() const { return supplied.is_zero() && variable_debt.is_zero() && !collateral; }

    friend bool operator==(const HoldingState&, const HoldingState&) = default;
};

/// Stable-rate debt of one account in one reserve; V3.0 and V3.1 only, and rare.
struct StableState {
    Compact128 principal;
    Compact128 rate;
    BlockTime last_update = 0;
    std::uint8_t reserve = 0;

    friend bool operator==(const StableState&, const StableState&) = default;
};

/// One account, apart from the book: to be changed and put back.
struct AccountState {
    BlockNumber read_at = 0;  ///< logs at or before this block are in it already
    std::uint8_t e_mode = 0;
    /// By reserve id: the aToken balance was read once and is followed by events since, whether
    /// there is a holding or not. Only reserves listed after the account was read are missing.
    ReserveSet tracked;
    std::vector<HoldingState> holdings;  ///< by reserve id; none is empty
    std::vector<StableState> stable;     ///< by reserve id

    friend bool operator==(const AccountState&, const AccountState&) = default;

    bool has_debt() const;
    const HoldingState* find(unsigned reserve) const;
    /// Inserted empty where it is missing.
    HoldingState& holding(unsigned reserve);
    StableState& stable_debt(unsigned reserve);
};

/// One account inside the book. Lives until the book changes.
struct AccountView {
    Address address;
    BlockNumber read_at = 0;
    std::uint8_t e_mode = 0;
    ReserveSet tracked;
    std::span<const HoldingState> holdings;
    std::span<const StableState> stable;

    bool has_debt() const;
    AccountState state() const;
};

/// The followed accounts, in order of their addresses.
///
/// A value: copies are independent. Accounts lie in 4,096 shards by the first bits of the address;
/// a shard is never changed once it is in the book but replaced, so copies share what they have in
/// common and a copy costs one pointer a shard, however many accounts there are.
class AccountBook {
  public:
    AccountBook();

    std::size_t size() const { return size_; }
    std::optional<AccountView> find(const Address& account) const;
    void put(const Address& account, const AccountState& state);
    /// False: it was not there.
    bool erase(const Address& account);
    void for_each(const std::function<void(const AccountView&)>& visit) const;

  private:
    struct Row {
        Address address;
        std::uint8_t e_mode = 0;
        std::uint8_t holding_count = 0;
        std::uint8_t stable_count = 0;
        std::uint32_t first_holding = 0;
        std::uint32_t first_stable = 0;
        BlockNumber read_at = 0;
        ReserveSet tracked;
    };
    /// Structure of arrays: rows by address, their holdings one after the other.
    struct Shard {
        std::vector<Row> rows;
        std::vector<HoldingState> holdings;
        std::vector<StableState> stable;

        AccountView view(const Row& row) const;
        void append(const AccountView& account);
    };
    static constexpr std::size_t kShards = 4096;

    static std::size_t shard_of(const Address& account);
    /// The shard without `account`, and with `replacement` in its place when there is one.
    static std::shared_ptr<const Shard> rebuilt(const Shard* old, const Address& account,
                                                const AccountView* replacement);

    /// Shared between copies of the book; immutable.
    std::vector<std::shared_ptr<const Shard>> shards_;
    std::size_t size_ = 0;
};

}  // namespace plimsoll::protocols::aave_v3
