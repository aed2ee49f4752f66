#pragma once

#include "config/settings.hpp"
#include "daemon/rules/facts.hpp"
#include "daemon/store/store.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::rules {

/// EIP-191 over the body bytes, `0x` hex, and who signed. Both empty without a key.
struct Signature {
    std::string signature;
    std::string signer;
    std::string typed;  ///< EIP-712
};

using SignFunction = std::function<Signature(std::string_view body)>;

struct EngineSettings {
    std::string instance;
    std::string chain;  ///< configured name
    std::string caip2;
    std::vector<config::RuleSettings> rules;
    std::vector<config::WatchSettings> watches;
    std::vector<store::Destination> sinks;  ///< all configured sinks
    /// Names of those among `sinks` that keep everything: only they hear that an event became
    /// final.
    std::vector<std::string> archive_sinks;
    SignFunction sign;  ///< may be empty
    /// How the chain writes an account; empty: as chains of that `caip2` do.
    std::function<std::string(const Address&)> address_text;
    Wad target_health_factor;  ///< what `to_safe` aims at, for texts
};

/// What one round changes: goes into the same transaction as the round's cursor.
struct Outcome {
    std::vector<store::RuleStateRow> rows;
    std::vector<store::NewAlert> alerts;  ///< in the order they have to be sent
};

/// Turns what a round saw into alerts: the rule states of one chain.
///
/// Per (rule, subject): inactive -> pending -> firing -> resolving -> inactive, decided at each
/// evaluated block in exact integers, `for` and `keep` in block time. Same rows and same facts give
/// the same rows, ids and bytes. See docs/architecture.md, "rules".
///
/// - An episode is named after the block whose evaluation opened it; realised liquidations have
///   episode 0.
/// - `confirm`: a transition is decided at a block and told once that block is confirmed and the
///   condition held all the time since. The alert is about that block, with its numbers, so a
///   reorganisation not deeper than `confirm` has nothing to take back.
/// - Reminders follow the wall clock, and so do the metrics of the source (a stalled chain has no
///   block time); everything else follows the chain.
///
/// Decide, then commit: `evaluate` and `reorganise` leave the engine as it was until `accept`.
/// One thread; no I/O.
class RuleEngine {
  public:
    /// `rows` may hold rows of other chains and of rules that are gone: the former are ignored, the
    /// latter end at the next round with `reason: rule_changed`.
    RuleEngine(EngineSettings settings, std::span<const store::RuleStateRow> rows);
    ~RuleEngine();
    RuleEngine(RuleEngine&&) noexcept;
    RuleEngine& operator=(RuleEngine&&) noexcept;

    /// One round at the end of the chain known so far.
    Outcome evaluate(const RoundFacts& facts);

    /// The round at the tip of another branch: every block over `ancestor` that was handed over
    /// before has left the chain. `orphaned` are the hashes of those blocks (as far as the caller
    /// still knows them), `alerts` the stored alerts of this chain over `ancestor`; those on other
    /// blocks are ignored, so they may hold leftovers of earlier reorganisations.
    ///
    /// Every orphaned message is answered exactly once: those of an episode that still holds
    /// together by one `updated` (`data.updates` lists them, `data.state` is "firing" or
    /// "resolved"), those that do not hold by one `retracted` each, newest first. A `resolved` that
    /// does not hold is retracted and an `updated` says that the episode goes on. Where the new
    /// chain is not known yet, the answer waits for the first round that is.
    Outcome reorganise(const RoundFacts& facts, BlockNumber ancestor,
                       std::span<const Bytes32> orphaned,
                       std::span<const store::StoredAlert> alerts);

    /// The last outcome is durable.
    void accept();
    /// The last outcome was not stored: forget it. So does asking for the next one.
    void discard();

    /// Subjects of the rule that are firing or resolving, as accepted.
    std::size_t firing(std::string_view rule) const;
    /// The same for every rule that has such subjects.
    std::map<std::string, std::uint64_t> firing() const;

    /// Whether a message is decided and waits for its block to be safe. `of_chain` is what rules
    /// wait for that do not say it themselves.
    bool waits_for_safe(const config::Depth& of_chain) const;

  private:
    class State;
    std::unique_ptr<State> state_;
};

}  // namespace plimsoll::rules
