#include "daemon/outbox/outbox.hpp"

#include "tests/daemon/outbox/manual_clock.hpp"
#include "tests/daemon/outbox/memory_store.hpp"
#include "tests/daemon/outbox/scripted_sink.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace plimsoll::outbox {
namespace {

using namespace std::chrono_literals;
using Kind = sinks::Outcome::Kind;
using testing::outcome;
using testing::ScriptedSink;
using testing::SinkLog;

constexpr auto kAlwaysOk = [](const sinks::Message&) { return outcome(Kind::ok); };

/// Polls, since the store's change follows the attempt that the log shows.
template <class Claim>
bool becomes(Claim claim) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!claim()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::yield();
    }
    return true;
}

class OutboxTest : public ::testing::Test {
  protected:
    void add_sink(const char* name, unsigned lanes, ScriptedSink::Script script) {
        sinks_.push_back(std::make_unique<ScriptedSink>(name, testing::limits(lanes), logs_[name],
                                                        std::move(script)));
    }
    void add_group_sink(ScriptedSink::GroupScript script) {
        sinks_.push_back(std::make_unique<ScriptedSink>("a", testing::limits(1), logs_["a"],
                                                        kAlwaysOk, std::move(script)));
    }
    void start(Observer* observer = nullptr) {
        outbox_ = std::make_unique<Outbox>(store_, std::move(sinks_), clock_,
                                           Outbox::Options{observer, 1});
        outbox_->start();
    }
    bool is_done(std::size_t count) {
        return becomes([&] { return store_.count("done") == count; });
    }

    testing::MemoryStore store_;
    testing::ManualClock clock_;
    std::map<std::string, SinkLog> logs_;
    std::vector<std::unique_ptr<sinks::Sink>> sinks_;
    std::unique_ptr<Outbox> outbox_;
};

TEST_F(OutboxTest, delivers_what_is_owed_at_start_and_what_comes_later) {
    store_.add("a", "m1", "k");
    add_sink("a", 1, kAlwaysOk);
    start();
    EXPECT_TRUE(is_done(1));
    store_.add("a", "m2", "k");
    outbox_->wake();
    EXPECT_TRUE(is_done(2));
    EXPECT_EQ(logs_["a"].ids(), (std::vector<std::string>{"m1", "m2"}));
    EXPECT_TRUE(outbox_->stop(10s));
}

TEST_F(OutboxTest, attempt_is_on_disk_before_it_is_made) {
    store_.add("a", "m1", "k");
    std::atomic<unsigned> attempts{99};
    add_sink("a", 1, [&](const sinks::Message& message) {
        attempts = store_.row(message.id).message.attempts;
        return outcome(Kind::ok);
    });
    start();
    EXPECT_TRUE(is_done(1));
    EXPECT_EQ(attempts, 1U);
}

TEST_F(OutboxTest, order_per_key_holds_under_many_lanes_and_failures) {
    constexpr int kKeys = 7;
    constexpr int kPerKey = 30;
    for (int n = 0; n < kPerKey; ++n) {
        for (int k = 0; k < kKeys; ++k) {
            store_.add("a", std::to_string(k) + "-" + std::to_string(100 + n), std::to_string(k));
        }
    }
    std::atomic<int> count{0};
    add_sink("a", 8, [&](const sinks::Message&) {
        return outcome(++count % 5 == 0 ? Kind::refused : Kind::ok);
    });
    start();
    EXPECT_TRUE(becomes([&] {
        clock_.advance(1s);
        return store_.count("pending") == 0;
    }));
    std::map<char, std::string> last;
    for (const std::string& id : logs_["a"].ids()) {
        EXPECT_GE(id, last[id[0]]) << "out of order";
        last[id[0]] = id;
    }
}

TEST_F(OutboxTest, one_sink_that_hangs_costs_the_others_nothing) {
    for (int i = 0; i < 50; ++i) {
        store_.add("good", "g" + std::to_string(i), std::to_string(i));
        store_.add("bad", "b" + std::to_string(i), std::to_string(i));
    }
    add_sink("bad", 2, [&](const sinks::Message&) {
        logs_["bad"].block();
        return outcome(Kind::retry);
    });
    add_sink("good", 2, kAlwaysOk);
    start();
    EXPECT_TRUE(logs_["bad"].wait_until_blocked(2));
    EXPECT_TRUE(is_done(50));
    store_.add("good", "late", "late");
    outbox_->wake();
    EXPECT_TRUE(is_done(51));
    EXPECT_EQ(logs_["bad"].attempts().size(), 2U);
    EXPECT_FALSE(outbox_->stop(10ms));
    EXPECT_EQ(store_.state("b0"), "pending");
}

TEST_F(OutboxTest, lanes_work_side_by_side_up_to_their_number) {
    for (int i = 0; i < 10; ++i) store_.add("a", std::to_string(i), std::to_string(i));
    add_sink("a", 3, [&](const sinks::Message&) {
        logs_["a"].block();
        return outcome(Kind::ok);
    });
    start();
    EXPECT_TRUE(logs_["a"].wait_until_blocked(3));
    EXPECT_EQ(outbox_->status()[0].in_flight, 3U);
    EXPECT_EQ(logs_["a"].attempts().size(), 3U);
    logs_["a"].unblock();
    EXPECT_TRUE(is_done(10));
}

TEST_F(OutboxTest, stop_lets_attempts_end_and_begins_none) {
    for (int i = 0; i < 4; ++i) store_.add("a", std::to_string(i), "k");
    add_sink("a", 1, [&](const sinks::Message&) {
        logs_["a"].block();
        return outcome(Kind::ok);
    });
    start();
    EXPECT_TRUE(logs_["a"].wait_until_blocked(1));
    std::thread stopper([&] { EXPECT_TRUE(outbox_->stop(10s)); });
    std::this_thread::sleep_for(20ms);  // any time will do: the stop may come before or after
    logs_["a"].unblock();
    stopper.join();
    EXPECT_EQ(store_.count("done"), 1U);
    EXPECT_EQ(store_.count("pending"), 3U);
}

TEST_F(OutboxTest, stop_cuts_off_what_does_not_end) {
    store_.add("a", "m1", "k");
    add_sink("a", 1, [&](const sinks::Message&) {
        logs_["a"].block();  // until cancelled
        return outcome(Kind::retry);
    });
    start();
    EXPECT_TRUE(logs_["a"].wait_until_blocked(1));
    EXPECT_FALSE(outbox_->stop(1ms));
    EXPECT_EQ(store_.state("m1"), "pending");
    EXPECT_EQ(store_.row("m1").not_before_ms, 0);  // due at once after the restart
    EXPECT_TRUE(outbox_->stop(1ms));               // a second time does no harm
}

TEST_F(OutboxTest, restart_resumes_what_was_pending) {
    store_.add("a", "m1", "k");
    store_.add("a", "m2", "k");
    add_sink("a", 1, [](const sinks::Message&) { return outcome(Kind::retry); });
    start();
    EXPECT_TRUE(becomes([&] { return !store_.row("m1").error.empty(); }));
    outbox_.reset();
    EXPECT_EQ(store_.count("pending"), 2U);

    clock_.advance(1s);
    add_sink("a", 1, kAlwaysOk);
    start();
    EXPECT_TRUE(is_done(2));
    EXPECT_EQ(logs_["a"].ids(), (std::vector<std::string>{"m1", "m1", "m2"}));
    EXPECT_EQ(store_.row("m1").message.attempts, 2U);
}

TEST_F(OutboxTest, retries_follow_the_backoff_by_the_clock) {
    store_.add("a", "m1", "k");
    std::atomic<int> tries{0};
    add_sink("a", 1,
             [&](const sinks::Message&) { return outcome(++tries < 4 ? Kind::retry : Kind::ok); });
    start();
    EXPECT_TRUE(becomes([&] {
        clock_.advance(100ms);
        return store_.count("done") == 1;
    }));
    const auto attempts = logs_["a"].attempts();
    ASSERT_EQ(attempts.size(), 4U);
    EXPECT_GE(attempts[3].second - attempts[0].second, 3);  // at least half of 1 + 2 + 4 s
}

TEST_F(OutboxTest, failing_store_stops_attempts_and_loses_nothing) {
    store_.add("a", "m1", "k");
    store_.fail(3, "mark_attempt");
    add_sink("a", 1, kAlwaysOk);
    start();
    EXPECT_TRUE(becomes([&] { return outbox_->status()[0].last_error == "disk full"; }));
    EXPECT_TRUE(logs_["a"].attempts().empty());
    EXPECT_TRUE(becomes([&] {
        clock_.advance(1s);
        return store_.count("done") == 1;
    }));
    EXPECT_EQ(logs_["a"].attempts().size(), 1U);
}

TEST_F(OutboxTest, delivered_message_is_marked_until_the_store_takes_it_and_not_sent_again) {
    store_.add("a", "m1", "k");
    store_.add("a", "m2", "k");
    store_.fail(4, "mark_done");
    add_sink("a", 2, kAlwaysOk);
    start();
    EXPECT_TRUE(becomes([&] {
        clock_.advance(1s);
        outbox_->wake();
        return store_.count("done") == 2;
    }));
    EXPECT_EQ(logs_["a"].ids(), (std::vector<std::string>{"m1", "m2"}));
}

/// What fails while the outcome of one message and the attempt at the next are noted together.
class OutboxBetweenTwo : public OutboxTest, public ::testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Calls, OutboxBetweenTwo, ::testing::Values("mark_done", "mark_attempt"));

TEST_P(OutboxBetweenTwo, both_are_sent_once_and_in_order) {
    store_.add("a", "m1", "k1");
    store_.add("a", "m2", "k2");
    add_sink("a", 1, [this](const sinks::Message& message) {
        if (message.id == "m1") store_.fail(4, GetParam());
        return outcome(Kind::ok);
    });
    start();
    EXPECT_TRUE(becomes([&] {
        clock_.advance(1s);
        outbox_->wake();
        return store_.count("done") == 2;
    }));
    EXPECT_EQ(logs_["a"].ids(), (std::vector<std::string>{"m1", "m2"}));
}

TEST_F(OutboxTest, stop_does_not_wait_for_a_failing_store) {
    store_.add("a", "m1", "k");
    store_.fail(1'000'000, "mark_done");
    add_sink("a", 1, kAlwaysOk);
    start();
    EXPECT_TRUE(logs_["a"].wait_for(1));
    EXPECT_TRUE(outbox_->stop(10s));
    EXPECT_EQ(store_.state("m1"), "pending");
}

TEST_F(OutboxTest, message_superseded_after_it_was_read_is_not_sent) {
    store_.add("a", "m1", "k1");
    store_.add("a", "m2", "k2");
    add_sink("a", 1, [&](const sinks::Message& message) {
        if (message.id == "m1") store_.supersede("m2");
        return outcome(Kind::ok);
    });
    start();
    EXPECT_TRUE(is_done(1));
    store_.add("a", "m3", "k3");
    outbox_->wake();
    EXPECT_TRUE(is_done(2));
    EXPECT_EQ(logs_["a"].ids(), (std::vector<std::string>{"m1", "m3"}));
}

TEST_F(OutboxTest, sink_that_throws_is_a_failed_attempt) {
    store_.add("a", "m1", "k");
    std::atomic<int> tries{0};
    add_sink("a", 1, [&](const sinks::Message&) -> sinks::Outcome {
        if (++tries == 1) throw std::bad_alloc();
        return outcome(Kind::ok);
    });
    start();
    EXPECT_TRUE(becomes([&] {
        clock_.advance(1s);
        return store_.count("done") == 1;
    }));
    EXPECT_EQ(tries, 2);
}

TEST_F(OutboxTest, status_tells_queue_age_circuit_and_error) {
    for (int i = 0; i < 6; ++i) store_.add("a", std::to_string(i), std::to_string(i));
    add_sink("a", 1, [](const sinks::Message&) { return outcome(Kind::retry); });
    add_sink("b", 1, kAlwaysOk);
    start();
    EXPECT_TRUE(becomes([&] { return outbox_->status()[0].circuit == Circuit::State::open; }));
    clock_.advance(1s);
    const auto status = outbox_->status();
    ASSERT_EQ(status.size(), 2U);
    EXPECT_EQ(status[0].name, "a");
    EXPECT_EQ(status[0].queued, 6U);
    EXPECT_EQ(status[0].oldest_age, 13s);
    EXPECT_EQ(status[0].open_for, 1s);
    EXPECT_EQ(status[0].last_error, "because");
    EXPECT_EQ(status[1].queued, 0U);
    EXPECT_EQ(status[1].circuit, Circuit::State::closed);
    store_.fail(1, "outbox_counts");
    EXPECT_EQ(outbox_->status()[0].queued, 0U);
}

struct Listener final : Observer {
    void attempted(const std::string& sink, const sinks::Message& message,
                   const sinks::Outcome& result, milliseconds) override {
        note("attempted " + sink + " " + message.id + " " + std::string(to_string(result.kind)));
    }
    void told_again(const std::string& sink, const sinks::Outcome& result, milliseconds) override {
        note("told again " + sink + " " + std::string(to_string(result.kind)));
    }
    void died(const std::string& sink, const std::string& id, const std::string& reason,
              const std::string& error) override {
        note("died " + sink + " " + id + " " + reason + " " + error);
    }
    void circuit_changed(const std::string& sink, Circuit::State state,
                         const std::string&) override {
        note("circuit " + sink + " " + std::string(to_string(state)));
    }
    void note(std::string text) {
        const std::lock_guard lock(mutex);
        notes.push_back(std::move(text));
    }
    std::vector<std::string> all() {
        const std::lock_guard lock(mutex);
        return notes;
    }
    std::mutex mutex;
    std::vector<std::string> notes;
};

TEST_F(OutboxTest, observer_hears_attempts_deaths_and_circuits) {
    Listener listener;
    store_.add("a", "m1", "k");
    std::atomic<bool> is_gone{true};
    add_sink("a", 1,
             [&](const sinks::Message&) { return outcome(is_gone ? Kind::gone : Kind::ok); });
    start(&listener);
    EXPECT_TRUE(becomes([&] { return listener.all().size() == 3; }));
    EXPECT_EQ(listener.all(), (std::vector<std::string>{"attempted a m1 gone", "circuit a disabled",
                                                        "died a m1 gone because"}));
    is_gone = false;
    EXPECT_FALSE(outbox_->enable("b"));
    EXPECT_TRUE(outbox_->enable("a"));
    store_.add("a", "m2", "k");
    outbox_->wake();
    EXPECT_TRUE(becomes([&] { return listener.all().size() == 4; }));
    outbox_.reset();
}

TEST_F(OutboxTest, housekeeping_at_start_and_every_hour) {
    auto sink = std::make_unique<ScriptedSink>("a", testing::limits(1), logs_["a"], kAlwaysOk);
    const auto& maintained = sink->maintained;
    sinks_.push_back(std::move(sink));
    start();
    EXPECT_TRUE(becomes([&] { return maintained == 1; }));
    clock_.advance(59min);
    outbox_->wake();
    store_.add("a", "m1", "k");
    outbox_->wake();
    EXPECT_TRUE(is_done(1));
    EXPECT_EQ(maintained, 1);
    clock_.advance(1min);
    EXPECT_TRUE(becomes([&] { return maintained == 2; }));
}

TEST_F(OutboxTest, housekeeping_as_often_as_the_sink_asks_though_nothing_is_owed) {
    sinks::Limits limits = testing::limits(1);
    limits.maintain_every = 60s;
    auto sink = std::make_unique<ScriptedSink>("a", limits, logs_["a"], kAlwaysOk);
    const auto& maintained = sink->maintained;
    sinks_.push_back(std::move(sink));
    start();
    for (int turn = 1; turn <= 3; ++turn) {
        EXPECT_TRUE(becomes([&] { return maintained == turn; }));
        clock_.advance(60s);
    }
}

class KeepingSink final : public sinks::Sink {
  public:
    explicit KeepingSink(std::vector<std::string>& ids) : ids_(ids) {}
    const std::string& name() const override { return name_; }
    sinks::Limits limits() const override { return testing::limits(1); }
    sinks::Outcome deliver(const sinks::Message&, std::chrono::sys_seconds) override {
        return {Kind::ok};
    }
    bool keeps_alive() const override { return true; }
    void restore(std::span<const sinks::Message> standing) override {
        for (const sinks::Message& message : standing) ids_.push_back(message.id);
    }

  private:
    const std::string name_ = "a";
    std::vector<std::string>& ids_;
};

TEST_F(OutboxTest, sink_that_keeps_alerts_alive_is_told_of_them_before_it_starts) {
    store_.add("a", "m1", "k");
    store_.add("a", "m2", "l");
    ASSERT_TRUE(store_.mark_done("a", {"m1"}, 1));
    std::vector<std::string> ids;
    sinks_.push_back(std::make_unique<KeepingSink>(ids));
    start();
    EXPECT_TRUE(is_done(2));
    EXPECT_EQ(ids, std::vector<std::string>{"m1"});
}

/// Tells what stands in three posts every minute.
class RepeatingSink final : public sinks::Sink {
  public:
    RepeatingSink(SinkLog& log, ScriptedSink::Script script)
        : log_(log), script_(std::move(script)) {}
    const std::string& name() const override { return name_; }
    sinks::Limits limits() const override {
        sinks::Limits out = testing::limits(1);
        out.maintain_every = 60s;
        return out;
    }
    sinks::Outcome deliver(const sinks::Message& message, std::chrono::sys_seconds) override {
        log_.add({message.id, 0});
        return script_(message);
    }
    void maintain(std::chrono::sys_seconds, const Report& report) override {
        sinks::Message standing;
        standing.id = "standing";
        for (int post = 0; post < 3; ++post) {
            log_.add({standing.id, 0});
            if (!report(script_(standing))) return;
        }
    }
    bool keeps_alive() const override { return true; }

  private:
    const std::string name_ = "a";
    SinkLog& log_;
    const ScriptedSink::Script script_;
};

class OutboxToldAgain : public OutboxTest {
  protected:
    ~OutboxToldAgain() override { outbox_.reset(); }  // before what its threads look at

    void start_with(ScriptedSink::Script script) {
        sinks_.push_back(std::make_unique<RepeatingSink>(logs_["a"], std::move(script)));
        start(&listener_);
    }
    std::size_t posts() { return logs_["a"].attempts().size(); }
    SinkStatus status() { return outbox_->status()[0]; }

    Listener listener_;
    std::atomic<bool> is_up_{false};
};

TEST_F(OutboxToldAgain, counts_as_a_delivery_does) {
    start_with([](const sinks::Message&) { return outcome(Kind::ok); });
    EXPECT_TRUE(becomes([&] { return status().attempts == 3; }));
    EXPECT_EQ(status().last_ok_ms, clock_.now().wall_ms);
    EXPECT_EQ(status().delivered, 0U);
    EXPECT_EQ(listener_.all(), std::vector<std::string>(3, "told again a ok"));
}

TEST_F(OutboxToldAgain, failures_open_the_circuit_and_the_next_turn_is_the_probe) {
    start_with([this](const sinks::Message&) { return outcome(is_up_ ? Kind::ok : Kind::retry); });
    EXPECT_TRUE(becomes([&] { return posts() == 3; }));
    clock_.advance(60s);
    EXPECT_TRUE(becomes([&] { return status().circuit == Circuit::State::open; }));
    EXPECT_EQ(posts(), 5U) << "no more once it is open";
    EXPECT_EQ(status().last_error, "because");
    clock_.advance(60s);
    EXPECT_TRUE(becomes([&] { return posts() == 6; })) << "the probe, though nothing is owed";
    EXPECT_TRUE(becomes([&] { return status().circuit == Circuit::State::open; }));
    is_up_ = true;
    clock_.advance(60s);
    EXPECT_TRUE(becomes([&] { return posts() == 9; }));
    EXPECT_TRUE(becomes([&] { return status().circuit == Circuit::State::closed; }));
}

TEST_F(OutboxToldAgain, one_that_is_gone_is_asked_no_more) {
    store_.add("a", "m1", "k");
    start_with([this](const sinks::Message&) { return outcome(is_up_ ? Kind::ok : Kind::gone); });
    EXPECT_TRUE(becomes([&] { return status().circuit == Circuit::State::disabled; }));
    EXPECT_TRUE(becomes([&] { return store_.state("m1") == "dead"; }));
    for (int turn = 0; turn < 3; ++turn) clock_.advance(10min);
    outbox_->wake();
    EXPECT_EQ(logs_["a"].ids(), std::vector<std::string>{"standing"});
    is_up_ = true;
    outbox_->enable("a");
    EXPECT_TRUE(becomes([&] { return posts() == 4; })) << "told at once of what stands";
}

TEST_F(OutboxToldAgain, waits_as_long_as_the_sink_asks) {
    start_with([this](const sinks::Message&) -> sinks::Outcome {
        if (!is_up_) return {Kind::throttled, 5min, "because"};
        return outcome(Kind::ok);
    });
    EXPECT_TRUE(becomes([&] { return status().attempts == 3; }));
    is_up_ = true;
    clock_.advance(4min);
    store_.add("a", "m1", "k");
    outbox_->wake();
    EXPECT_TRUE(is_done(1));
    EXPECT_EQ(posts(), 4U);
    clock_.advance(1min);
    EXPECT_TRUE(becomes([&] { return posts() == 7; }));
}

TEST_F(OutboxToldAgain, one_that_a_message_finds_working_is_told_what_stands_at_once) {
    start_with([this](const sinks::Message&) { return outcome(is_up_ ? Kind::ok : Kind::retry); });
    EXPECT_TRUE(becomes([&] { return posts() == 3; }));
    clock_.advance(60s);
    EXPECT_TRUE(becomes([&] { return status().circuit == Circuit::State::open; }));
    is_up_ = true;
    store_.add("a", "m1", "k");
    outbox_->wake();
    clock_.advance(5s);
    EXPECT_TRUE(becomes([&] { return posts() == 9; }));
    EXPECT_EQ(logs_["a"].ids()[5], "m1");
}

TEST_F(OutboxTest, store_that_cannot_tell_what_stands_keeps_nobody_from_delivering) {
    store_.add("a", "m1", "k");
    store_.fail(1, "standing");
    std::vector<std::string> ids;
    sinks_.push_back(std::make_unique<KeepingSink>(ids));
    start();
    EXPECT_TRUE(is_done(1));
}

TEST_F(OutboxTest, never_started_stops_at_once) {
    add_sink("a", 1, kAlwaysOk);
    outbox_ = std::make_unique<Outbox>(store_, std::move(sinks_), clock_, Outbox::Options{});
    EXPECT_TRUE(outbox_->stop(0ms));
    outbox_->start();  // and stays stopped
    store_.add("a", "m1", "k");
    outbox_->wake();
    EXPECT_EQ(store_.count("pending"), 1U);
}

TEST(Signal, raise_between_looking_and_waiting_is_not_missed) {
    testing::ManualClock clock;
    Signal signal;
    const std::uint64_t seen = signal.count();
    signal.raise();
    signal.wait(clock, seen, clock.now().steady + 1h);
    EXPECT_EQ(signal.count(), seen + 1);
    signal.close();
    signal.wait(clock, signal.count(), clock.now().steady + 1h);
}

TEST(SystemClock, waits_until_the_time_has_come) {
    SystemClock clock;
    Signal signal;
    const SteadyTime until = clock.now().steady + 5ms;
    signal.wait(clock, signal.count(), until);
    EXPECT_GE(clock.now().steady, until);
    EXPECT_GT(clock.now().wall_ms, 1'700'000'000'000);
}

std::vector<std::string> ids_of(const sinks::Group& group) {
    std::vector<std::string> out;
    for (const sinks::Message& one : group.members) out.push_back(one.id);
    return out;
}

TEST_F(OutboxTest, a_group_is_one_message_and_is_done_as_one) {
    store_.add("a", "m1", "k1", 1, 0, 0, "g");
    store_.add("a", "m2", "k2", 1, 0, 0, "g");
    store_.add("a", "m3", "k3", 1);
    std::vector<std::string> members;
    std::string key;
    add_group_sink([&](const sinks::Group& group) {
        members = ids_of(group);
        key = group.key;
        return outcome(Kind::ok);
    });
    start();
    EXPECT_TRUE(is_done(3));
    EXPECT_TRUE(outbox_->stop(10s));
    EXPECT_EQ(members, (std::vector<std::string>{"m1", "m2"}));
    EXPECT_EQ(key, "lead");
    const auto ids = logs_["a"].ids();
    ASSERT_EQ(ids.size(), 2U);
    EXPECT_TRUE(ids.front().starts_with("msg_") && ids.front().size() == 36) << ids.front();
    EXPECT_EQ(ids.back(), "m3");
}

TEST_F(OutboxTest, a_group_of_one_keeps_its_own_id) {
    store_.add("a", "m1", "k1", 1, 0, 0, "g");
    add_group_sink([](const sinks::Group&) { return outcome(Kind::ok); });
    start();
    EXPECT_TRUE(is_done(1));
    EXPECT_EQ(logs_["a"].ids(), (std::vector<std::string>{"m1"}));
}

TEST_F(OutboxTest, a_retried_group_has_the_same_id_and_members) {
    store_.add("a", "m1", "k1", 1, 0, 0, "g");
    store_.add("a", "m2", "k2", 1, 0, 0, "g");
    std::vector<std::vector<std::string>> tries;
    add_group_sink([&](const sinks::Group& group) {
        tries.push_back(ids_of(group));
        if (tries.size() == 1) store_.add("a", "m3", "k3", 1, 0, 0, "g");
        return outcome(tries.size() < 3 ? Kind::retry : Kind::ok);
    });
    start();
    EXPECT_TRUE(becomes([&] {
        clock_.advance(1s);
        outbox_->wake();
        return store_.count("done") == 3;
    }));
    EXPECT_TRUE(outbox_->stop(10s));
    const std::vector<std::string> first{"m1", "m2"};
    EXPECT_GE(std::count(tries.begin(), tries.end(), first), 1);
    for (const std::vector<std::string>& one : tries) {
        EXPECT_TRUE(one == first || one == std::vector<std::string>{"m3"}) << one.size();
    }
}

TEST_F(OutboxTest, a_group_that_is_refused_thrice_is_sent_one_by_one) {
    store_.add("a", "m1", "k1", 1, 0, 0, "g");
    store_.add("a", "m2", "k2", 1, 0, 0, "g");
    add_group_sink([](const sinks::Group&) { return outcome(Kind::refused); });
    start();
    EXPECT_TRUE(becomes([&] {
        clock_.advance(1s);
        outbox_->wake();
        return store_.count("done") == 2;
    }));
    EXPECT_EQ(store_.count("dead"), 0U);
    const auto ids = logs_["a"].ids();
    ASSERT_EQ(ids.size(), 5U);
    EXPECT_EQ(ids[3] + ids[4], "m1m2");
}

}  // namespace
}  // namespace plimsoll::outbox
