#pragma once

#include "protocols/aave_v3/ledger.hpp"
#include "protocols/aave_v3/reads.hpp"

#include <map>
#include <span>
#include <vector>

namespace plimsoll::protocols::aave_v3 {

/// Turns what a ledger owes into calls, and their results into the ledger.
///
/// In stages, since a reply tells what to ask next: contracts, then pool, then reserves and e-mode
/// categories, then tokens, then accounts (their flags first, then the balances these name). Calls
/// of one stage come together, as many as fit. A value, copied with its ledger.
class Seeding {
  public:
    /// At most `max_calls` calls, but at least the calls of one subject. Empty: nothing is owed.
    std::vector<Call> next(const Ledger& ledger, std::size_t max_calls);
    /// The results of exactly the calls `next` returned last, all at `at`. On a fault nothing is
    /// changed.
    Expected<void, ReadFault> accept(Ledger& ledger, std::span<const CallResult> results,
                                     const BlockRef& at);

  private:
    enum class Stage { contracts, pool, reserve, category, tokens, flags, balances };
    /// The calls about one subject: they are asked and decoded together.
    struct Unit {
        Stage stage = Stage::contracts;
        Address subject;  ///< asset or account
        unsigned category = 0;
        std::size_t calls = 0;
    };
    /// Flags read at a block, kept until the balances of the same block are there.
    struct Flagged {
        AccountFlags flags;
        BlockRef at;
    };
    /// What one unit's results say; the member of its stage is set.
    struct Decoded {
        Contracts contracts;
        PoolReply pool;
        ReserveReply reserve;
        TokensReply tokens;
        std::optional<EMode> category;
        AccountFlags flags;
        AccountState balances;
    };

    std::vector<Unit> plan(const Ledger& ledger, std::size_t max_calls) const;
    void plan_structure(const Ledger& ledger, std::vector<Unit>& units) const;
    void plan_accounts(const Ledger& ledger, std::size_t max_calls, std::vector<Unit>& units) const;
    std::vector<Call> calls_of(const Ledger& ledger, const Unit& unit) const;
    Reply<Decoded> decode(const Ledger& ledger, const Unit& unit, Results results) const;
    bool is_contradicted(const Ledger& ledger, const Unit& unit, const Decoded& decoded,
                         const BlockRef& at) const;
    void commit(Ledger& ledger, const Unit& unit, Decoded& decoded, const BlockRef& at);

    std::vector<Unit> asked_;
    std::map<Address, Flagged> flagged_;
};

}  // namespace plimsoll::protocols::aave_v3
