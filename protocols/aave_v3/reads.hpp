#pragma once

#include "protocols/aave_v3/account_book.hpp"
#include "protocols/aave_v3/structure.hpp"
#include "protocols/common/log.hpp"
#include "protocols/common/replies.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::protocols::aave_v3 {

/// `ReserveConfiguration.MAX_RESERVES_COUNT`: a user's flags have room for no more.
inline constexpr unsigned kMaxReserves = 128;

/// Calls and what their results say. Every decoder takes exactly the results of the calls its
/// neighbour makes; a result that reverted or does not decode is a `ReadFault` naming the call,
/// except where it is said to be optional.

/// `PoolAddressesProvider`: Pool, PoolConfigurator, oracle, sentinel.
std::vector<Call> contract_calls(const Address& provider);
Reply<Contracts> decode_contracts(Results results);

/// The Pool's revision, its reserves, the oracle's unit.
struct PoolReply {
    std::optional<std::uint64_t> revision;  ///< none: no such function
    std::vector<Address> assets;            ///< the list leaves out dropped ids: no ids here
    std::optional<U256> base_unit;          ///< none: the oracle does not tell
};
std::vector<Call> pool_calls(const Contracts& contracts);
Reply<PoolReply> decode_pool(Results results);

/// `getReserveData` and what belongs to it. `stored` has no symbol and no token rules.
struct ReserveReply {
    Reserve stored;
    Address price_source;  ///< zero where the oracle does not tell
    std::string symbol;    ///< clean; empty where the asset has none
};
std::vector<Call> reserve_calls(const Contracts& contracts, const Address& asset);
Reply<ReserveReply> decode_reserve(RuleSet rules, const Address& asset, Results results);

/// Revisions of a reserve's tokens (none: no such function) and where fees go (zero likewise).
struct TokensReply {
    std::optional<std::uint64_t> a_token_revision;
    std::optional<std::uint64_t> debt_token_revision;
    Address treasury;
};
std::vector<Call> token_calls(const Reserve& reserve);
Reply<TokensReply> decode_tokens(Results results);

/// One e-mode category; none when it is not set up (its liquidation threshold is 0).
/// Up to v3_1 `getEModeCategoryData`; later the getters of liquid e-modes, as far as they exist.
std::vector<Call> category_calls(const Contracts& contracts, RuleSet rules, unsigned id);
Reply<std::optional<EMode>> decode_category(RuleSet rules, unsigned id, Results results);

/// An account's bitmap and e-mode: bit 2 * id is borrowing, bit 2 * id + 1 collateral.
struct AccountFlags {
    U256 bitmap = 0;
    unsigned e_mode = 0;

    bool is_borrowing(unsigned reserve) const;
    bool is_collateral(unsigned reserve) const;
};
std::vector<Call> flag_calls(const Contracts& contracts, const Address& account);
Reply<AccountFlags> decode_flags(Results results);

/// Balances of an account: the scaled balance of every aToken, flagged as collateral or not (its
/// owner may raise the flag any time), and the debt tokens' where the borrow bit is set. Flags of
/// ids that no reserve has count for nothing, as in the contract.
std::vector<Call> balance_calls(const Structure& structure, const Address& account,
                                const AccountFlags& flags);
Reply<AccountState> decode_balances(const Structure& structure, const AccountFlags& flags,
                                    Results results);

}  // namespace plimsoll::protocols::aave_v3
