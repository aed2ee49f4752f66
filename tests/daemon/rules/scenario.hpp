#pragma once

#include "daemon/rules/engine.hpp"
#include "daemon/rules/facts.hpp"
#include "daemon/store/store.hpp"
#include "tests/support/fake_protocol.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::rules {

/// A rule by its text, with the clear condition that the configuration gives it.
config::RuleSettings rule(const std::string& when, const std::string& name = "r");
Wad wad(std::string_view text);
Usd8 usd(std::uint64_t dollars);
/// A position of `account` with this health factor and a debt of so many dollars.
protocols::PositionHealth position(std::uint64_t account, std::string_view health_factor,
                                   std::uint64_t debt = 1000);
/// A band on ETH [2,200, 2,400] with so much in it and the price at so many dollars.
bands::BandReport band(std::uint64_t exposure, std::uint64_t price,
                       const std::string& name = "eth");
protocols::Liquidation liquidation(std::uint64_t tx, const BlockRef& block,
                                   std::uint64_t account = 1);

/// A market of one token (1 is "WETH", 2 "USDC", others "T<number>") with so many dollars supplied
/// and borrowed; its price in dollars.
protocols::MarketReport market(std::uint64_t token, std::uint64_t supplied, std::uint64_t borrowed,
                               std::uint64_t price = 2000);
protocols::AccountEvent activity(std::uint64_t tx, const BlockRef& block,
                                 protocols::AccountAction action, std::uint64_t account = 1);
/// The liquidation threshold of WETH goes from 82.5% to 80%.
protocols::ParameterChange change(std::uint64_t tx, const BlockRef& block);

/// Block times are 12 seconds apart.
BlockRef block(BlockNumber number, char branch = 'a');

/// One chain with one protocol "p", its rules, and a store that keeps what they say. Every round
/// goes through two engines: one that lives on, and one made anew from the stored rows, which has
/// to say the same bytes.
class Scenario {
  public:
    explicit Scenario(std::vector<config::RuleSettings> rules);

    EngineSettings settings;
    RoundFacts facts;
    // facts of the protocol; `round` hands them over
    std::vector<protocols::PositionHealth> healths;
    std::vector<bands::BandReport> bands;
    std::vector<protocols::MarketReport> markets;
    std::vector<protocols::AssetGroup> groups;
    std::vector<protocols::Liquidation> liquidations;
    std::vector<protocols::AccountEvent> activity;
    std::vector<protocols::ParameterChange> changes;
    std::vector<ProtocolFacts> others;  ///< further protocols of the chain
    std::vector<GonePosition> gone;
    std::vector<protocols::AuditDifference> differences;
    ProtocolFacts protocol;
    BlockNumber finality = 64;  ///< blocks below the tip that are final; `facts.safe` the half
    bool commit_fails = false;

    std::vector<store::NewAlert> stored;  ///< everything ever said, in order

    /// The next round of the branch; answers what was said, as `line` has it. Events are handed
    /// over once.
    std::vector<std::string> round(BlockNumber number);
    /// The tip moves to another branch.
    std::vector<std::string> reorganise(BlockNumber ancestor, BlockNumber number, char branch);
    /// Another start with these rules.
    void restart(std::vector<config::RuleSettings> rules);
    void restart() { restart(settings.rules); }

    std::size_t row_count() const { return rows_.size(); }
    std::string state_of(const std::string& subject) const;
    nlohmann::json last() const;  ///< body of the last alert
    std::size_t firing(const std::string& name) const { return engine_->firing(name); }
    char branch() const { return branch_; }
    const std::vector<BlockRef>& branch_blocks() const { return blocks_; }

  private:
    using Ask = std::function<Outcome(RuleEngine&)>;
    std::vector<std::string> take(const Ask& ask);
    void prepare(BlockNumber number);
    void keep(const Outcome& outcome);
    void forget_events();

    std::unique_ptr<RuleEngine> engine_;
    std::map<std::pair<std::string, std::string>, store::RuleStateRow> rows_;
    std::vector<BlockRef> blocks_;  ///< of the present branch
    char branch_ = 'a';
};

/// "firing 100/1 @100 initial": state, episode/seq, block, reason.
std::string line(const store::NewAlert& alert);

/// How the store hands an alert back.
store::StoredAlert as_stored(const store::NewAlert& alert);

}  // namespace plimsoll::rules
