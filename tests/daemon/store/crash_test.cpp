#include "tests/daemon/store/child.hpp"
#include "tests/daemon/store/fault_vfs.hpp"
#include "tests/daemon/store/scenario.hpp"
#include "tests/daemon/store/support.hpp"
#include "tests/support/effort.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <random>
#include <thread>
#include <unistd.h>

namespace plimsoll::store {
namespace {

using testing::AnyOf;
using testing::Eq;

// ---- killed at each call

/// A child that makes the scenario's changes and is killed at one call to the file system.
class KilledAtCall : public testing::Test {
  protected:
    /// False when the child lived through all of it.
    bool killed_at(int nth) {
        const TempDir temp;
        Child child([&](const Acknowledge& acknowledge) {
            FaultVfs vfs;
            vfs.die(kChanging, nth);
            auto opened = Store::open(temp.path(), {.strict = true});
            for (const Step& step : steps_) {
                if (!opened || !step.change(*opened->store)) {
                    ::_exit(2);
                }
                acknowledge();
            }
            opened->store.reset();
        });
        const bool killed = child.was_killed();
        check(temp.path(), static_cast<std::size_t>(child.acknowledged()));
        return killed;
    }

    /// What was acknowledged is there, and at most the change that was under way besides.
    void check(const std::filesystem::path& dir, std::size_t acknowledged) {
        auto opened = Store::open(dir, {.strict = true});
        ASSERT_TRUE(opened.has_value()) << opened.error().message;
        const std::size_t next = std::min(acknowledged + 1, steps_.size());
        EXPECT_THAT(describe(*opened->store), AnyOf(Eq(states_[acknowledged]), Eq(states_[next])))
            << "after " << acknowledged << " changes";
    }

    void play(std::vector<Step> steps) {
        steps_ = std::move(steps);
        states_ = undisturbed_states(steps_);
    }

  private:
    std::vector<Step> steps_;
    std::vector<std::string> states_;
};

TEST_F(KilledAtCall, every_acknowledged_change_is_there) {
    play(scenario());
    int nth = 1;
    while (killed_at(nth) && !HasFailure()) {
        nth += test::stride(1);
    }
    EXPECT_GE(nth, 300);
}

TEST_F(KilledAtCall, while_the_log_is_folded_in) {
    play(large_scenario());
    for (int nth = 1; killed_at(nth) && !HasFailure(); nth += test::stride(1) + nth / 10) {
    }
}

// ---- killed at any time

RoundCommit round_number(std::uint64_t number) {
    RoundCommit round;
    round.chain = "ethereum";
    round.now_ms = kNow;
    round.tip = round.final_block = block_of(number);
    round.recent_blocks = {block_of(number)};
    const std::string n = std::to_string(number);
    round.records = {{"aave", false, {{"last", n}, {n, std::string(number * 37 % 5'000, 'v')}}}};
    round.liquidations = {liquidation_of(number, number)};
    round.alerts = {alert_of("msg_" + n, "k" + std::to_string(number % 3))};
    round.alerts[0].sinks.push_back(Destination{"archive"});
    return round;
}

/// Commits rounds on top of what is there, and delivers one message after each, for ever.
void live(const std::filesystem::path& dir, const Acknowledge& acknowledge) {
    auto opened = Store::open(dir, {.strict = true});
    if (!opened) {
        ::_exit(2);
    }
    Store& store = *opened->store;
    const auto state = store.chain_state("ethereum");
    for (std::uint64_t number = state->tip ? state->tip->number + 1 : 1;; ++number) {
        if (!store.commit(round_number(number))) {
            ::_exit(2);
        }
        acknowledge();
        const auto due = store.due("hook", kNow, 1);
        if (!due || due->size() != 1 ||
            !store.mark_attempt("hook", due->front().alert.id, kNow).value_or(false) ||
            !store.mark_done("hook", {due->front().alert.id}, kNow)) {
            ::_exit(2);
        }
    }
}

/// Everything of rounds 1 to the tip, nothing of a later one; returns the tip.
std::uint64_t check_whole_rounds(Store& store) {
    const ChainState state = value(store.chain_state("ethereum"));
    const std::uint64_t tip = state.tip ? state.tip->number : 0;
    EXPECT_EQ(state.final_block, state.tip);
    EXPECT_EQ(state.recent_blocks.size(), std::min<std::uint64_t>(tip, 256));
    const auto records = value(store.records("aave"));
    EXPECT_EQ(records.size(), tip == 0 ? 0 : tip + 1);
    if (tip != 0) {
        EXPECT_EQ(records.back().value, std::to_string(tip));
    }
    EXPECT_EQ(value(store.liquidations("ethereum", 0, 1'000'000)).size(), tip);
    EXPECT_EQ(value(store.alerts_since(0, 1'000'000)).size(), tip);
    for (const OutboxCounts& counts : value(store.outbox_counts())) {
        EXPECT_EQ(counts.pending + counts.done, tip) << counts.sink;
        const std::size_t due = value(store.due(counts.sink, kNow, 1'000)).size();
        EXPECT_EQ(due > 0, counts.pending > 0) << counts.sink;
        EXPECT_LE(due, 3U) << counts.sink;  // one for each key
    }
    return tip;
}

TEST(KilledAtAnyTime, every_acknowledged_round_is_there_as_a_whole) {
    const TempDir temp;
    std::mt19937 random(20'260'115);  // NOLINT(cert-msc51-cpp): the same waits in every run
    std::uniform_int_distribution<int> wait_us(0, 12'000);
    std::uint64_t known = 0;
    int kills = 0;
    for (; kills < 100 && !testing::Test::HasFailure(); ++kills) {
        Child child([&](const Acknowledge& acknowledge) { live(temp.path(), acknowledge); });
        if (kills % 10 != 0) {  // every tenth may die while it opens
            ASSERT_TRUE(child.wait_for_one());
        }
        std::this_thread::sleep_for(std::chrono::microseconds(wait_us(random)));
        child.kill();
        ASSERT_TRUE(child.was_killed());
        const auto acknowledged = static_cast<std::uint64_t>(child.acknowledged());

        auto opened = Store::open(temp.path(), {.strict = true});
        ASSERT_TRUE(opened.has_value()) << opened.error().message;
        const std::uint64_t tip = check_whole_rounds(*opened->store);
        EXPECT_GE(tip, known + acknowledged);
        EXPECT_LE(tip, known + acknowledged + 1);
        known = tip;
    }
    EXPECT_EQ(kills, 100);
    EXPECT_GE(known, 90U);  // those that were waited for
}

}  // namespace
}  // namespace plimsoll::store
