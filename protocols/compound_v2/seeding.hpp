#pragma once

#include "protocols/compound_v2/ledger.hpp"
#include "protocols/compound_v2/prices.hpp"
#include "protocols/compound_v2/reads.hpp"

#include <map>
#include <span>
#include <vector>

namespace plimsoll::protocols::compound_v2 {

/// Turns what a ledger owes into calls, and their results into the ledger.
///
/// In stages, since a reply tells what to ask next: Comptroller, then markets, then their tokens
/// and pools of risk, then accounts. Accounts come with the indexes of the same block, so that
/// balances can be tied to what events told. Last come answers of the Comptroller about accounts
/// the two roundings disagree about, with everything they were made of. A value, copied with its
/// ledger.
class Seeding {
  public:
    /// At most `max_calls` calls, but at least the calls of one subject. Empty: nothing is owed.
    std::vector<Call> next(const Ledger& ledger, std::size_t max_calls);
    /// The results of exactly the calls `next` returned last, all at `at`. On a fault nothing is
    /// changed.
    Expected<void, ReadFault> accept(Ledger& ledger, std::span<const CallResult> results,
                                     const BlockRef& at);

  private:
    enum class Stage { comptroller, market, token, pool, indexes, account, round, sample };
    /// The calls about one subject: they are asked and decoded together.
    struct Unit {
        Stage stage = Stage::comptroller;
        Address subject;  ///< cToken or account
        unsigned pool = 0;
        std::size_t calls = 0;
        Address redeemed = {};  ///< of a sample; see Owed
    };
    /// What one unit's results say; the member of its stage is set.
    struct Decoded {
        ComptrollerReply comptroller;
        MarketReply market;
        TokenReply token;
        RiskPool pool;
        AccountState account;
        std::optional<LiquidityReply> liquidity;
    };

    std::vector<Unit> plan(const Ledger& ledger, std::size_t max_calls) const;
    std::vector<Unit> plan_structure(const Ledger& ledger) const;
    static std::vector<Call> calls_of(const Ledger& ledger, const Unit& unit);
    Reply<Decoded> decode(const Ledger& ledger, const Unit& unit, Results results,
                          const BlockRef& at);
    static void commit(Ledger& ledger, const Unit& unit, Decoded& decoded, const BlockRef& at);
    void judge_rounding(Ledger& ledger, std::span<const Unit> units,
                        std::span<const Decoded> decoded) const;

    std::vector<Unit> asked_;
    // Of the batch being decoded.
    Indexes indexes_;
    Round round_;
};

}  // namespace plimsoll::protocols::compound_v2
