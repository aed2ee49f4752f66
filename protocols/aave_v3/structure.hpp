#pragma once

#include "protocols/aave_v3/model.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>

namespace plimsoll::protocols::aave_v3 {

/// The contracts of a market, as its `PoolAddressesProvider` names them.
struct Contracts {
    Address pool;
    Address configurator;
    Address oracle;
    Address sentinel;  ///< zero where there is none

    friend bool operator==(const Contracts&, const Contracts&) = default;
};

/// A reserve and what following it needs besides the arithmetic.
struct ReserveState {
    Reserve stored;           ///< indexes of its last update, not accrued
    BlockNumber read_at = 0;  ///< logs at or before this block are in it already
    Address price_source;     ///< `getSourceOfAsset`; zero: the fallback oracle answers
    Address treasury;         ///< `RESERVE_TREASURY_ADDRESS` of the aToken
    /// None: not read yet, or the token has no such function.
    std::optional<std::uint64_t> a_token_revision;
    std::optional<std::uint64_t> debt_token_revision;
    /// The proxy was upgraded in a block whose end was not read yet: how to read the token's events
    /// is not known, and accounts they name are read again.
    bool a_token_upgraded = false;
    bool debt_token_upgraded = false;

    bool has_stable_debt(RuleSet rules) const {
        return rules <= RuleSet::v3_1 && !stored.stable_debt_token.is_zero();
    }
};

/// The rules of a token; the newest known where its revision tells none.
TokenRules token_rules_or_newest(const std::optional<std::uint64_t>& revision);

/// A market without its accounts and prices: everything that is read at the start and again when an
/// event says it changed.
struct Structure {
    Address provider;
    Contracts contracts;  ///< zero addresses until they are read
    std::optional<std::uint64_t> pool_revision;
    /// By the revision; the newest known rules where it is unknown.
    RuleSet rules = RuleSet::v3_7;
    bool rules_known = false;
    BlockNumber oracle_since = 0;  ///< the block of the log that told of it; 0: before all logs
    /// The Pool's proxy was upgraded in a block whose end was not read yet.
    bool pool_upgraded = false;
    /// Oracle answers are in this unit of the base currency.
    U256 base_unit = 100'000'000U;
    bool base_unit_known = false;
    std::map<unsigned, ReserveState> reserves;  ///< by reserve id
    std::map<unsigned, EMode> e_modes;          ///< by category id; only those that are set up
    /// Ids of dropped reserves: another asset may get them, and flags of accounts may have stayed.
    std::set<unsigned> retired;

    bool is_known() const { return !contracts.pool.is_zero(); }
    const ReserveState* find(const Address& asset) const;
    ReserveState* find(const Address& asset);
    /// Symbol, or the address where no reserve has this asset.
    std::string name_of(const Address& asset) const;
    /// Decimals of the base currency's unit; 8 where the unit is no power of ten.
    unsigned price_decimals() const;
};

}  // namespace plimsoll::protocols::aave_v3
