#pragma once

#include "daemon/follow/follower.hpp"
#include "daemon/rules/engine.hpp"
#include "tests/daemon/follow/flaky_store.hpp"
#include "tests/daemon/store/support.hpp"
#include "tests/support/lending_chain.hpp"
#include "tests/support/lending_ledger.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace plimsoll::follow {

inline const Address kLend = test::address(0x1e4d);   ///< market of protocol "lend"
inline const Address kOther = test::address(0x07e5);  ///< market of protocol "other"
inline const Address kEth = test::address(501);       ///< 80 % threshold
inline const Address kUsd = test::address(502);

/// What a receiver of all alerts believes, message by message. Making it checks that messages are
/// numbered without gaps, that nothing fires or resolves twice, and that only what was said is
/// taken back, once.
struct Belief {
    std::set<std::string> open;          ///< keys of episodes
    std::set<std::string> liquidations;  ///< keys of events that stand
    std::set<std::string> moves;         ///< the same of what accounts did
};
Belief believe(const std::vector<store::StoredAlert>& alerts);

/// One chain with lending markets, its node, a store on disk, and a daemon's follower over them
/// that can be killed and started again. The clock moves by hand, nothing sleeps.
class World {
  public:
    /// With `tells_moves` a rule tells what accounts do, all of whom are watched.
    explicit World(std::vector<std::string> protocols = {"lend"}, bool tells_moves = false);

    test::LendingChain chain;
    test::LendingSource source{chain};
    std::unique_ptr<FlakyStore> store;
    config::Settings settings;
    std::int64_t now = 0;
    bool stop = false;
    std::function<void()> on_time;  ///< whenever the follower asks for the time

    /// Mines, and lets the clock go on to the head.
    BlockRef mine(unsigned count = 1);
    void reorganise(unsigned depth) { chain.cut(depth); }
    /// `account` deposits an ETH and borrows `dollars`.
    void open(std::uint64_t account, std::uint64_t dollars, const Address& market = kLend);
    /// The ETH price; a position of 1,000 dollars is liquidatable below 1,250.
    void set_price(std::uint64_t dollars, const Address& market = kLend);
    /// A tenth of the account's ETH for 100 dollars of its debt.
    void liquidate(std::uint64_t account, const Address& market = kLend);

    /// Ends the process and starts another one on the same folder.
    void restart();
    Expected<void, chain::Fault> poll();
    /// Polls until the head's round is stored, everything is followed and nothing is left to do.
    void catch_up(int most_polls = 20);
    bool is_caught_up() const;

    Follower& follower() { return *follower_; }
    view::ChainStatus status() const { return follower_->chain_status(); }
    view::ProtocolStatus status(const std::string& protocol) const;
    view::State state(const std::string& protocol = "lend") const { return status(protocol).state; }
    /// Positions as the follower shows them; empty while it does not.
    std::string shown(const std::string& protocol = "lend") const;
    /// Positions with debt as the contracts have them at this block, or at the head.
    std::string real(const std::string& protocol = "lend",
                     std::optional<BlockNumber> at = std::nullopt) const;
    /// Shown is real at the head, for all protocols, and all are live.
    void expect_exact() const;
    std::vector<store::StoredAlert> alerts() const;
    /// "position.liquidated.fired", in order.
    std::vector<std::string> alert_types() const;
    /// Keys of the liquidations on the chain above this block.
    std::set<std::string> liquidations_above(BlockNumber number,
                                             const std::string& protocol = "lend") const;
    /// The same of what accounts did.
    std::set<std::string> moves_above(BlockNumber number, const std::string& protocol) const;
    /// Final view and store, without what depends on the way: for comparison of histories.
    std::string summary() const;

  private:
    static Address market_of(const std::string& protocol);
    std::set<std::string> events_above(BlockNumber number, const std::string& protocol,
                                       bool liquidations) const;
    void start();

    bool tells_moves_ = false;
    store::TempDir folder_;
    std::unique_ptr<store::Store> database_;
    std::unique_ptr<rules::RuleEngine> rules_;
    std::unique_ptr<Follower> follower_;
};

}  // namespace plimsoll::follow
