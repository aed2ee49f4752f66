#include "daemon/outbox/sink_queue.hpp"

#include "tests/daemon/outbox/memory_store.hpp"

#include <gtest/gtest.h>

namespace plimsoll::outbox {
namespace {

using namespace std::chrono_literals;
using Kind = sinks::Outcome::Kind;
using State = Circuit::State;

constexpr std::int64_t kHour = 3'600'000;

/// One sink, no threads: the test is the lane and the clock.
class SinkQueueTest : public ::testing::Test {
  protected:
    Instant now() const { return now_; }
    void pass(milliseconds time) {
        now_.wall_ms += time.count();
        now_.steady += time;
    }
    SinkQueue::Step next() { return queue_.next(now_); }
    /// The id of the message that is due now, or empty.
    std::string take() {
        auto step = next();
        if (!step.job) return {};
        job_ = std::move(*step.job);
        EXPECT_TRUE(store_.mark_attempt("hook", job_.row.alert.id, job_.noted_ms).has_value());
        return job_.row.alert.id;
    }
    Verdict end(const Job& job, sinks::Outcome outcome) {
        const Verdict verdict = queue_.decide(job, outcome, now_);
        const std::string& id = job.row.alert.id;
        if (verdict.kind == Verdict::Kind::done) store_.mark_done("hook", {id}, now_.wall_ms);
        if (verdict.kind == Verdict::Kind::dead) {
            store_.mark_dead("hook", {id}, now_.wall_ms, verdict.reason, "");
        }
        if (verdict.kind == Verdict::Kind::retry) {
            store_.mark_retry("hook", {id}, verdict.not_before_ms, verdict.error);
        }
        queue_.finish(job, verdict, now_);
        return verdict;
    }
    Verdict end(Kind kind) { return end(job_, {kind, std::nullopt, "why"}); }
    milliseconds wait() {
        const auto step = next();
        EXPECT_FALSE(step.job.has_value());
        return std::chrono::duration_cast<milliseconds>(step.wait_until - now_.steady);
    }
    void open_circuit() {
        for (int i = 0; i < 5; ++i) {
            store_.add("hook", "x" + std::to_string(i), "kx" + std::to_string(i));
            EXPECT_NE(take(), "");
            end(Kind::retry);
        }
        EXPECT_EQ(queue_.circuit().state(), State::open);
    }

    testing::MemoryStore store_;
    Instant now_{1'768'478'412'000, SteadyTime{1000h}};
    SinkQueue queue_{store_, "hook", {4, 0, 1s, 30min}, false, 1};
    Job job_;
};

TEST_F(SinkQueueTest, nothing_owed_waits_a_minute_at_most) { EXPECT_EQ(wait(), 1min); }

TEST_F(SinkQueueTest, urgent_first_then_oldest_and_one_per_key) {
    store_.add("hook", "a1", "a");
    store_.add("hook", "a2", "a", 2);
    store_.add("hook", "b1", "b", 1);
    store_.add("hook", "c1", "c", 2);
    store_.add("other", "d1", "d", 2);
    EXPECT_EQ(take(), "c1");
    EXPECT_EQ(take(), "b1");
    EXPECT_EQ(take(), "a1");
    EXPECT_EQ(take(), "");
    end(Kind::ok);  // a1
    EXPECT_EQ(take(), "a2");
}

TEST_F(SinkQueueTest, message_waits_for_the_one_before_it_even_when_that_fails) {
    store_.add("hook", "a1", "a");
    store_.add("hook", "a2", "a");
    EXPECT_EQ(take(), "a1");
    const Verdict verdict = end(Kind::retry);
    EXPECT_EQ(take(), "");
    EXPECT_EQ(wait(), verdict.wait);
    pass(verdict.wait);
    EXPECT_EQ(take(), "a1");
    end(Kind::ok);
    EXPECT_EQ(take(), "a2");
}

TEST_F(SinkQueueTest, new_urgent_message_overtakes_those_at_hand) {
    for (int i = 0; i < 5; ++i) store_.add("hook", "i" + std::to_string(i), std::to_string(i));
    EXPECT_EQ(take(), "i0");
    EXPECT_TRUE(queue_.has_more());
    store_.add("hook", "urgent", "u", 2);
    queue_.look_again();
    EXPECT_EQ(take(), "urgent");
    EXPECT_EQ(take(), "i1");
}

TEST_F(SinkQueueTest, message_with_not_before_waits_for_it) {
    store_.add("hook", "later", "a", 0, 0, now().wall_ms + 7000);
    EXPECT_EQ(wait(), 7s);
    pass(7s);
    EXPECT_EQ(take(), "later");
}

TEST_F(SinkQueueTest, while_something_is_under_way_it_looks_every_second) {
    store_.add("hook", "a1", "a");
    EXPECT_EQ(take(), "a1");
    EXPECT_EQ(wait(), 1s);
}

TEST_F(SinkQueueTest, third_refusal_is_death_by_poison_and_the_key_goes_on) {
    store_.add("hook", "a1", "a");
    store_.add("hook", "a2", "a");
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(take(), "a1");
        end(Kind::refused);
        pass(5min);
    }
    EXPECT_EQ(store_.row("a1").reason, "poison");
    EXPECT_EQ(take(), "a2");
    const auto deaths = queue_.take_deaths();
    ASSERT_EQ(deaths.size(), 1U);
    EXPECT_EQ(deaths[0].id, "a1");
    EXPECT_EQ(deaths[0].error, "why");
    EXPECT_TRUE(queue_.take_deaths().empty());
    EXPECT_EQ(queue_.circuit().state(), State::closed);
}

TEST_F(SinkQueueTest, refusals_are_counted_across_other_failures) {
    store_.add("hook", "a1", "a");
    for (const Kind kind : {Kind::refused, Kind::retry, Kind::refused, Kind::retry}) {
        EXPECT_EQ(take(), "a1");
        EXPECT_EQ(end(kind).kind, Verdict::Kind::retry);
        pass(5min);
    }
    EXPECT_EQ(take(), "a1");
    EXPECT_EQ(end(Kind::refused).kind, Verdict::Kind::dead);
}

TEST_F(SinkQueueTest, expired_message_dies_unsent) {
    store_.add("hook", "old", "a", 0, now().wall_ms);
    store_.add("hook", "young", "b", 0, now().wall_ms + 1);
    EXPECT_EQ(take(), "young");
    EXPECT_EQ(store_.row("old").reason, "expired");
    EXPECT_EQ(store_.row("old").message.attempts, 0U);
}

TEST_F(SinkQueueTest, a_group_goes_on_without_those_that_expired) {
    SinkQueue queue{store_, "chat", {4, 0, 1s, 30min}, true, 1};
    store_.add("chat", "a", "a", 0, now().wall_ms + kHour, 0, "g");
    store_.add("chat", "b", "b", 0, now().wall_ms + 60'000, 0, "g");
    store_.add("chat", "c", "c", 0, now().wall_ms + kHour, 0, "g");
    Job job = queue.next(now_).job.value();
    ASSERT_EQ(job.ids(), (store::Ids{"a", "b", "c"}));
    ASSERT_TRUE(store_.mark_bundle("chat", job.ids(), "bundle", now_.wall_ms).has_value());
    const Verdict verdict = queue.decide(job, {Kind::retry, std::nullopt, "why"}, now_);
    ASSERT_EQ(verdict.kind, Verdict::Kind::retry);
    store_.mark_retry("chat", job.ids(), now_.wall_ms + verdict.wait.count(), "why");
    queue.finish(job, verdict, now_);

    pass(1min);  // the one that is not at the head has expired
    job = queue.next(now_).job.value();
    EXPECT_EQ(job.ids(), (store::Ids{"a", "c"}));
    EXPECT_EQ(job.members.front().bundle, "");  // it is another message, with another id
    EXPECT_EQ(store_.row("b").reason, "expired");
    EXPECT_EQ(queue.take_deaths().size(), 1U);
}

TEST_F(SinkQueueTest, open_circuit_lets_one_probe_through_the_oldest_urgent_head) {
    open_circuit();
    store_.add("hook", "info", "i");
    store_.add("hook", "urgent", "u", 2);
    EXPECT_EQ(wait(), 5s);
    pass(5s);
    EXPECT_EQ(take(), "urgent");
    EXPECT_TRUE(job_.is_probe);
    EXPECT_EQ(wait(), 1min);  // only the probe's end changes something
    end(Kind::retry);
    EXPECT_EQ(wait(), 10s);
}

TEST_F(SinkQueueTest, probe_does_not_wait_for_a_backoff) {
    open_circuit();
    pass(2h);  // everything has failed for more than an hour: the backoff is half an hour
    for (int i = 0; i < 20; ++i) {
        ASSERT_NE(take(), "");
        ASSERT_TRUE(job_.is_probe);
        end(Kind::retry);
        pass(5min);
    }
}

TEST_F(SinkQueueTest, back_again_it_drains_at_once_what_only_waited_for_it) {
    open_circuit();
    for (int i = 0; i < 12; ++i) {  // an hour of probes
        pass(5min);
        ASSERT_NE(take(), "");
        end(Kind::retry);
    }
    pass(5min);
    ASSERT_NE(take(), "");
    end(Kind::ok);
    EXPECT_EQ(queue_.circuit().state(), State::closed);
    for (int i = 0; i < 4; ++i) {
        EXPECT_NE(take(), "") << i;
        end(Kind::ok);
    }
    EXPECT_EQ(store_.count("done"), 5U);
}

TEST_F(SinkQueueTest, drain_keeps_the_waits_that_the_sink_asked_for) {
    store_.add("hook", "asked", "a");
    EXPECT_EQ(take(), "asked");
    end(job_, {Kind::throttled, 20min, "slow"});
    open_circuit();
    pass(5s);
    EXPECT_NE(take(), "asked");
    end(Kind::ok);
    for (std::string id = take(); !id.empty(); id = take()) {
        EXPECT_NE(id, "asked");
        end(Kind::ok);
        pass(5s);
    }
    EXPECT_EQ(store_.count("done"), 5U);
    pass(20min);
    EXPECT_EQ(take(), "asked");
}

TEST_F(SinkQueueTest, drain_leaves_messages_that_wait_for_their_time) {
    open_circuit();
    store_.add("hook", "later", "l", 2, 0, now().wall_ms + 10 * 60'000);
    pass(5s);
    for (std::string id = take(); !id.empty(); id = take()) {
        EXPECT_NE(id, "later");
        end(Kind::ok);
    }
    EXPECT_EQ(store_.count("done"), 5U);
}

TEST_F(SinkQueueTest, misconfigured_stops_all_and_probes_another_message_each_time) {
    store_.add("hook", "a", "a", 2);
    store_.add("hook", "b", "b", 0);
    EXPECT_EQ(take(), "a");
    end(Kind::misconfigured);
    EXPECT_EQ(wait(), 5min);
    pass(5min);
    EXPECT_EQ(take(), "b");
    end(Kind::ok);
    EXPECT_EQ(store_.state("b"), "done");
    EXPECT_EQ(take(), "a");  // drained at once
}

TEST_F(SinkQueueTest, gone_kills_everything_owed_until_enabled) {
    for (int i = 0; i < 200; ++i) {
        store_.add("hook", std::to_string(i), "k" + std::to_string(i / 2));
    }
    EXPECT_EQ(take(), "0");
    end(Kind::gone);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(take(), "");
    EXPECT_EQ(store_.count("dead"), 200U);
    EXPECT_EQ(store_.row("199").reason, "gone");
    EXPECT_EQ(queue_.take_deaths().size(), 200U);
    store_.add("hook", "new", "n");
    EXPECT_EQ(take(), "");
    EXPECT_EQ(store_.state("new"), "dead");
    queue_.enable();
    store_.add("hook", "newer", "n");
    EXPECT_EQ(take(), "newer");
}

TEST_F(SinkQueueTest, gone_leaves_what_is_under_way_to_its_lane) {
    store_.add("hook", "a", "a");
    store_.add("hook", "b", "b");
    EXPECT_EQ(take(), "a");
    const Job first = job_;
    EXPECT_EQ(take(), "b");
    end(Kind::gone);
    EXPECT_EQ(take(), "");
    EXPECT_EQ(store_.state("a"), "pending");
    end(first, {Kind::ok});
    EXPECT_EQ(store_.state("a"), "done");
}

TEST_F(SinkQueueTest, one_that_only_asks_for_patience_takes_nothing_since_its_first_answer) {
    store_.add("hook", "a1", "a");
    const SteadyTime first = now_.steady;
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(take(), "a1");
        end(job_, {Kind::throttled, 6min, "slow"});
        EXPECT_EQ(take(), "") << "as long as it asks for";
        EXPECT_EQ(queue_.nothing_since(), first);
        EXPECT_EQ(queue_.circuit().state(), State::closed);
        pass(6min);
    }
    EXPECT_EQ(take(), "a1");
    end(Kind::ok);
    EXPECT_EQ(queue_.nothing_since(), std::nullopt);
}

TEST_F(SinkQueueTest, one_that_nobody_asks_for_anything_does_not_take_nothing) {
    store_.add("hook", "a1", "a");
    EXPECT_EQ(take(), "a1");
    end(Kind::throttled);
    store_.supersede("a1");
    pass(1min);
    EXPECT_EQ(take(), "");
    EXPECT_EQ(queue_.nothing_since(), std::nullopt);
    queue_.note_upkeep(false, {Kind::throttled, std::nullopt, "slow"}, now_);
    EXPECT_EQ(take(), "");
    EXPECT_EQ(queue_.nothing_since(), now_.steady) << "what stands is still to be told again";
}

TEST_F(SinkQueueTest, one_that_refuses_a_message_may_take_the_next) {
    store_.add("hook", "a1", "a");
    EXPECT_EQ(take(), "a1");
    end(Kind::refused);
    EXPECT_EQ(queue_.nothing_since(), std::nullopt);
}

TEST_F(SinkQueueTest, throttled_waits_as_asked_and_is_no_failure) {
    for (int i = 0; i < 10; ++i) store_.add("hook", std::to_string(i), std::to_string(i));
    for (int i = 0; i < 10; ++i) {
        if (take().empty()) {
            pass(wait());
            ASSERT_NE(take(), "");
        }
        EXPECT_EQ(end(job_, {Kind::throttled, 2min, "slow"}).wait, 2min);
    }
    EXPECT_EQ(queue_.circuit().state(), State::closed);
}

TEST_F(SinkQueueTest, an_operator_ends_the_waits) {
    store_.add("hook", "a", "a");
    ASSERT_EQ(take(), "a");
    end(job_, {Kind::throttled, 1h, "slow"});
    pass(1min);
    store_.end_wait("a");  // as `outbox retry` does
    queue_.look_again();
    EXPECT_EQ(take(), "") << "the sink named a time";
    queue_.forget_waits();
    EXPECT_EQ(take(), "a");
}

TEST_F(SinkQueueTest, clock_set_forward_expires_nothing_and_ends_no_wait) {
    store_.add("hook", "a", "a", 0, now().wall_ms + 72 * kHour);
    EXPECT_EQ(take(), "a");
    const Verdict verdict = end(Kind::retry);
    now_.wall_ms += 72 * kHour;
    EXPECT_EQ(take(), "");
    EXPECT_EQ(wait(), verdict.wait);
    pass(verdict.wait);
    EXPECT_EQ(take(), "a");
    EXPECT_EQ(end(Kind::ok).kind, Verdict::Kind::done);
}

TEST_F(SinkQueueTest, clock_set_back_lengthens_no_wait) {
    store_.add("hook", "a", "a", 0, now().wall_ms + 72 * kHour);
    EXPECT_EQ(take(), "a");
    const Verdict verdict = end(Kind::retry);
    now_.wall_ms -= 24 * kHour;
    EXPECT_EQ(wait(), verdict.wait);
    pass(verdict.wait);
    EXPECT_EQ(take(), "a");
}

TEST_F(SinkQueueTest, clock_set_forward_and_back_lengthens_no_wait) {
    EXPECT_EQ(take(), "");  // the clock is known
    store_.add("hook", "a", "a", 0, now().wall_ms + 72 * kHour);
    now_.wall_ms += 71 * kHour;
    EXPECT_EQ(take(), "a");
    const Verdict verdict = end(Kind::retry);
    now_.wall_ms -= 71 * kHour;
    EXPECT_EQ(wait(), verdict.wait);
    pass(verdict.wait);
    EXPECT_EQ(take(), "a");
}

TEST_F(SinkQueueTest, clock_set_back_and_forward_does_not_age_a_failure) {
    EXPECT_EQ(take(), "");  // the clock is known
    store_.add("hook", "a", "a", 0, now().wall_ms + 72 * kHour);
    now_.wall_ms -= 24 * kHour;
    pass(1s);
    EXPECT_EQ(take(), "a");
    now_.wall_ms += 24 * kHour;
    EXPECT_LE(end(Kind::retry).wait, 1s);
    pass(1s);
    EXPECT_EQ(take(), "a");
    EXPECT_LE(end(Kind::retry).wait, 2s) << "not as if it had failed for a day";
}

TEST_F(SinkQueueTest, clock_set_forward_does_not_slow_a_message_down) {
    store_.add("hook", "a", "a");
    EXPECT_EQ(take(), "a");
    end(Kind::retry);
    now_.wall_ms += 24 * kHour;
    pass(1s);
    EXPECT_EQ(take(), "a");
    EXPECT_LE(end(Kind::retry).wait, 2s);
}

TEST_F(SinkQueueTest, waiting_messages_do_not_hide_due_ones_after_the_clock_was_set_forward) {
    for (int i = 0; i < 100; ++i) {
        store_.add("hook", "w" + std::to_string(i), "w" + std::to_string(i), 2);
        EXPECT_NE(take(), "");
        end(job_, {Kind::retry, 1h, "slow"});
        if (i % 4 == 3) {  // so that the circuit stays closed
            store_.add("hook", "ok" + std::to_string(i), "ok", 2);
            EXPECT_NE(take(), "");
            end(Kind::ok);
        }
    }
    now_.wall_ms += 24 * kHour;
    store_.add("hook", "due", "due");
    EXPECT_EQ(take(), "due");
}

TEST_F(SinkQueueTest, failing_store_is_left_alone_for_longer_and_longer) {
    store_.add("hook", "a", "a");
    store_.fail(7);
    for (const auto expected : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
        EXPECT_EQ(wait(), expected);
        EXPECT_EQ(wait(), expected);  // not asked again meanwhile
        pass(expected);
    }
    EXPECT_EQ(take(), "a");
    EXPECT_EQ(queue_.status().last_error, "disk full");
    store_.fail(1);
    queue_.look_again();
    EXPECT_EQ(wait(), 1s);
}

TEST_F(SinkQueueTest, released_message_is_due_again) {
    store_.add("hook", "a", "a");
    EXPECT_EQ(take(), "a");
    EXPECT_EQ(take(), "");
    queue_.release(job_);
    EXPECT_EQ(take(), "a");
}

TEST_F(SinkQueueTest, rate_limit_spaces_attempts) {
    SinkQueue slow(store_, "hook", {4, 2, 1s, 30min}, false, 1);
    for (int i = 0; i < 4; ++i) store_.add("hook", std::to_string(i), std::to_string(i));
    EXPECT_TRUE(slow.next(now_).job.has_value());
    EXPECT_TRUE(slow.next(now_).job.has_value());
    const auto step = slow.next(now_);
    EXPECT_FALSE(step.job.has_value());
    EXPECT_EQ(step.wait_until, now_.steady + 500ms);
}

TEST_F(SinkQueueTest, status_counts_what_happened) {
    store_.add("hook", "a", "a");
    store_.add("hook", "b", "b");
    EXPECT_EQ(take(), "a");
    end(Kind::ok);
    EXPECT_EQ(take(), "b");
    EXPECT_EQ(queue_.status().in_flight, 1U);
    end(Kind::retry);
    const SinkStatus status = queue_.status();
    EXPECT_EQ(status.name, "hook");
    EXPECT_EQ(status.attempts, 2U);
    EXPECT_EQ(status.delivered, 1U);
    EXPECT_EQ(status.dead, 0U);
    EXPECT_EQ(status.in_flight, 0U);
    EXPECT_EQ(status.last_error, "why");
    EXPECT_EQ(status.last_ok_ms, now_.wall_ms);
    EXPECT_EQ(status.last_error_ms, now_.wall_ms);
}

}  // namespace
}  // namespace plimsoll::outbox
