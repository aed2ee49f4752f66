// Rules, store and a receiver together: random histories with reorganisations at any progress of
// the delivery, kills at any moment, replies that get lost. What the receiver believes at the end
// is what is true, and it was told every correction once, after what it corrects.
#include "abi/hex.hpp"
#include "tests/daemon/rules/scenario.hpp"
#include "tests/daemon/store/support.hpp"
#include "tests/support/effort.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace plimsoll::rules {
namespace {

using nlohmann::json;
using store::value;

constexpr const char* kChain = "mainnet";

/// One sink's far end. It takes each id once and believes what it is told.
class Receiver {
  public:
    void take(const store::StoredAlert& alert) {
        const auto [known, is_new] = bodies_.try_emplace(alert.id, alert.body);
        EXPECT_EQ(known->second, alert.body) << "one id, other bytes";
        if (!is_new) {
            ++duplicates;
            return;
        }
        const json data = json::parse(alert.body).at("data");
        const std::string word = alert.type.substr(alert.type.rfind('.') + 1);
        auto& last = last_seq_[{alert.alert_key, alert.episode}];
        EXPECT_GT(alert.seq, last) << "out of order: " << alert.alert_key;
        last = alert.seq;
        if (word == "retracted") {
            const std::string original = data["retracts"].get<std::string>();
            EXPECT_TRUE(bodies_.contains(original)) << "taken back before it came";
            EXPECT_TRUE(retracted.insert(original).second) << "taken back twice";
            const std::string& what = words_[original];
            if (what == "fired" || what == "firing") open[alert.alert_key] = false;
            if (what == "resolved") open[alert.alert_key] = true;
            return;
        }
        words_[alert.id] = word;
        bool& is_open = open[alert.alert_key];
        if (word == "firing" || word == "fired") is_open = true;
        if (word == "resolved") is_open = false;
        if (word == "updated" && data.contains("state")) is_open = data["state"] == "firing";
        if (word == "updated" && alert.episode == 0) is_open = true;
    }
    bool has(const std::string& id) const { return bodies_.contains(id); }

    std::map<std::string, bool> open;  ///< by alert key
    std::set<std::string> retracted;
    std::size_t duplicates = 0;

  private:
    std::map<std::string, std::string> bodies_;
    std::map<std::string, std::string> words_;
    std::map<std::pair<std::string, std::uint64_t>, std::uint64_t> last_seq_;
};

/// One chain that turns around, the daemon's rules and store, two sinks.
class World : public store::StoreTest {
  protected:
    void SetUp() override {
        StoreTest::SetUp();
        auto states = rule("health_factor < 1", "states");
        states.keep = config::Milliseconds{12'000};
        Scenario scenario({states, rule("liquidated", "events")});
        settings_ = scenario.settings;
        settings_.sinks = {{.sink = "hook"}, {.sink = "file", .keeps_all = true}};
        settings_.sign = {};
        start();
    }

    /// What a kill leaves is what the store holds.
    void restart() {
        engine_.reset();
        reopen();
        start();
    }
    void start() {
        const auto rows = value(store().rule_states());
        engine_ = std::make_unique<RuleEngine>(settings_, rows);
    }

    void commit(const Outcome& outcome) {
        store::RoundCommit round;
        round.chain = kChain;
        round.now_ms = now_ms_;
        round.tip = tip_;
        round.rule_states = outcome.rows;
        round.alerts = outcome.alerts;
        store::ok(store().commit(round));
        engine_->accept();
        for (const store::NewAlert& alert : outcome.alerts) said_.push_back(alert);
    }

    RoundFacts facts() {
        RoundFacts out;
        out.block = tip_;
        out.finalized = final_;
        out.safe = final_;
        out.now = static_cast<std::uint64_t>(now_ms_ / 1000);
        ProtocolFacts& one = out.protocols.emplace_back();
        one.name = "p";
        one.read = true;
        one.healths = healths_;
        one.liquidations = found_;
        return out;
    }

    /// The blocks up to here, with what happened in them.
    void extend(BlockNumber from, BlockNumber to, char branch, std::mt19937& random) {
        found_.clear();
        for (BlockNumber number = from; number <= to; ++number) {
            chain_.push_back(block(number, branch));
            if (random() % 4 != 0) continue;
            // now and then a transaction of an orphaned block is mined again
            const bool is_old = next_tx_ > 1 && random() % 2 == 0;
            const std::uint64_t tx = is_old ? 1 + random() % (next_tx_ - 1) : next_tx_++;
            const bool is_there = std::any_of(events_.begin(), events_.end(), [&](const auto& e) {
                return e.tx == test::block_hash(tx, 't');
            });
            if (is_there) continue;
            events_.push_back(liquidation(tx, chain_.back()));
            found_.push_back(events_.back());
        }
        tip_ = chain_.back();
        const BlockNumber depth = deepest_ + 4;
        final_ = std::max(final_, tip_.number > depth ? tip_.number - depth : 0);
    }

    void reorganise(BlockNumber ancestor, BlockNumber to, char branch, std::mt19937& random) {
        std::vector<Bytes32> orphaned;
        for (const BlockRef& one : chain_) {
            if (one.number > ancestor) orphaned.push_back(one.hash);
        }
        std::erase_if(chain_, [&](const BlockRef& one) { return one.number > ancestor; });
        std::erase_if(events_, [&](const auto& e) { return e.block.number > ancestor; });
        extend(ancestor + 1, to, branch, random);
        const auto above = value(store().alerts_above(kChain, ancestor));
        commit(engine_->reorganise(facts(), ancestor, orphaned, above));
    }

    /// Some attempts at a sink. True: one was cut short, as by a kill, its end unknown.
    bool deliver(const std::string& sink, std::mt19937& random, unsigned trouble) {
        const auto due = value(store().due(sink, now_ms_, 1 + random() % 6));
        for (const store::DueMessage& message : due) {
            const std::string& id = message.alert.id;
            if (!value(store().mark_attempt(sink, id, now_ms_))) continue;
            const unsigned luck = trouble == 0 ? 9 : static_cast<unsigned>(random()) % trouble;
            attempted_[sink].insert(id);
            if (luck == 0) {  // nobody took it
                store::ok(store().mark_retry(sink, {id}, now_ms_ + 1000, "500"));
            } else if (luck == 1) {  // taken, and the reply got lost
                receivers_[sink].take(message.alert);
                store::ok(store().mark_retry(sink, {id}, now_ms_ + 1000, "timeout"));
                ++lost_replies_;
            } else if (luck == 2) {  // killed before or after it was taken
                if (random() % 2 == 0) receivers_[sink].take(message.alert);
                ++lost_replies_;
                return true;
            } else {
                receivers_[sink].take(message.alert);
                store::ok(store().mark_done(sink, {id}, now_ms_));
            }
        }
        return false;
    }

    EngineSettings settings_;
    std::unique_ptr<RuleEngine> engine_;
    std::vector<protocols::PositionHealth> healths_;
    std::vector<protocols::Liquidation> events_;  ///< on the chain as it is now
    std::vector<protocols::Liquidation> found_;   ///< in this round
    std::vector<BlockRef> chain_;
    BlockRef tip_;
    BlockNumber final_ = 0;
    unsigned deepest_ = 12;  ///< blocks that a reorganisation may orphan
    std::int64_t now_ms_ = store::kNow;
    std::uint64_t next_tx_ = 1;
    std::vector<store::NewAlert> said_;
    std::map<std::string, Receiver> receivers_;
    std::map<std::string, std::set<std::string>> attempted_;
    std::size_t lost_replies_ = 0;
};

class AnyProgress : public World, public testing::WithParamInterface<unsigned> {};

TEST_P(AnyProgress, the_receiver_ends_up_with_the_truth) {
    std::mt19937 random(GetParam());  // NOLINT(cert-msc51-cpp): the same history every time
    const auto below = [&](unsigned limit) { return static_cast<unsigned>(random()) % limit; };
    deepest_ = GetParam() % 2 == 0 ? 12 : 64;
    char branch = 'a';
    for (BlockNumber number = 1; number <= 100; ++number) chain_.push_back(block(number));
    tip_ = chain_.back();
    commit(engine_->evaluate(facts()));
    std::size_t reorganisations = 0;
    const int steps = deepest_ > 12 ? 60 : 120;
    for (int step = 0; step < steps; ++step) {
        now_ms_ += 1 + below(3000);
        healths_.clear();
        for (std::uint64_t account = 1; account <= 3; ++account) {
            constexpr std::array kFactors{"0.9", "1.004", "2", "2"};
            if (below(10) != 0) healths_.push_back(position(account, kFactors.at(below(4))));
        }
        const BlockNumber tip = tip_.number;
        if (below(4) == 0) {
            const unsigned depth = 1 + below(deepest_);
            const BlockNumber ancestor = std::max<BlockNumber>(tip - depth, final_);
            branch = branch == 'z' ? 'a' : static_cast<char>(branch + 1);
            // now and then a shorter branch, but the chain grows
            const BlockNumber least = ancestor + 1 + depth / 2;
            reorganise(ancestor, least + below(depth + 2), branch, random);
            ++reorganisations;
        } else {
            extend(tip + 1, tip + 1 + below(2), branch, random);
            commit(engine_->evaluate(facts()));
        }
        bool is_killed = below(15) == 0;
        for (const char* sink : {"hook", "file"}) {
            if (below(2) == 0) is_killed = deliver(sink, random, 7) || is_killed;
        }
        if (is_killed) restart();
    }
    ASSERT_GT(reorganisations, 5U);
    // The chain goes on until everything is final and nothing flaps; everything is delivered.
    healths_ = {position(1, "0.9"), position(2, "2")};
    for (int i = 0; i < 40; ++i) {
        extend(tip_.number + 1, tip_.number + 5, branch, random);
        commit(engine_->evaluate(facts()));
    }
    for (const char* sink : {"hook", "file"}) {
        for (int i = 0; i < 3000 && value(store().next_due_ms(sink)); ++i) {
            now_ms_ += 1000;
            ASSERT_FALSE(deliver(sink, random, 0));
        }
        EXPECT_FALSE(value(store().next_due_ms(sink))) << "not drained";
    }

    std::set<std::string> happened;
    for (const auto& event : events_) {
        happened.insert("events/eip155:1/p/" + to_hex(event.tx).substr(2) +
                        "/7/0x0000000000000000000000000000000000000001");
    }
    std::size_t retractions = 0;
    for (const char* sink : {"hook", "file"}) {
        const Receiver& receiver = receivers_[sink];
        EXPECT_LE(receiver.duplicates, lost_replies_);
        std::set<std::string> believed;
        for (const auto& [key, is_open] : receiver.open) {
            if (!key.starts_with("events/")) {
                EXPECT_EQ(is_open, key.ends_with("0001")) << sink << " of " << key;
            } else if (is_open) {
                believed.insert(key);
            }
        }
        EXPECT_EQ(believed, happened) << sink << ": exactly what is on the chain";
        const std::set<std::string>& attempted = attempted_[sink];
        for (const store::NewAlert& alert : said_) {
            if (!alert.retracts) continue;
            const bool is_archive = std::string(sink) == "file";
            const bool was_attempted = attempted.contains(*alert.retracts);
            EXPECT_EQ(receiver.has(alert.id), was_attempted || is_archive) << sink;
            EXPECT_EQ(receiver.has(*alert.retracts), was_attempted || is_archive) << sink;
            EXPECT_EQ(receiver.retracted.contains(*alert.retracts), receiver.has(alert.id));
            retractions += receiver.has(alert.id) ? 1U : 0U;
        }
    }
    EXPECT_GT(retractions, 0U) << "a history without corrections tests nothing";
}

INSTANTIATE_TEST_SUITE_P(Seeds, AnyProgress, testing::Range(0U, test::effort(6)));

}  // namespace
}  // namespace plimsoll::rules
