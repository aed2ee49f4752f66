// What the daemon says of its own delivery.
#include "daemon/app/notices.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::app {
namespace {

using namespace std::chrono_literals;
using State = outbox::Circuit::State;
using ::testing::HasSubstr;

constexpr std::int64_t kNow = 1'768'478'411'000;
constexpr std::int64_t kMinute = 60'000;

outbox::SinkStatus sink(State circuit, std::chrono::milliseconds open_for = 0ms) {
    outbox::SinkStatus out;
    out.name = "hook";
    out.circuit = circuit;
    out.open_for = open_for;
    out.last_error = circuit == State::closed ? "" : "HTTP 500";
    return out;
}

store::SinkState before(std::int64_t down_since_ms = 0, std::uint64_t told = 0) {
    store::SinkState out;
    out.sink = "hook";
    out.circuit_open = down_since_ms != 0;
    out.down_since_ms = down_since_ms;
    out.told_episode = told;
    return out;
}

TEST(SinkNews, one_that_works_is_no_news) {
    const SinkNews news = look_at_sink(sink(State::closed), before(), kNow);
    EXPECT_EQ(news.state, before());
    EXPECT_FALSE(news.alert.has_value());
}

TEST(SinkNews, down_for_ten_minutes_is_told_once) {
    SinkNews news = look_at_sink(sink(State::open, 30s), before(), kNow);
    EXPECT_EQ(news.state.down_since_ms, kNow - 30'000);
    EXPECT_FALSE(news.alert.has_value());
    const std::int64_t since = news.state.down_since_ms;
    news = look_at_sink(sink(State::open, 10min), news.state, since + 10 * kMinute);
    EXPECT_FALSE(news.alert.has_value());
    news = look_at_sink(sink(State::probing, 11min), news.state, since + 10 * kMinute + 1);
    ASSERT_TRUE(news.alert.has_value());
    EXPECT_EQ(news.alert->type, "daemon.sink_down.firing");
    EXPECT_EQ(news.alert->severity, alerts::Severity::critical);
    EXPECT_THAT(news.alert->text, HasSubstr("HTTP 500"));
    EXPECT_EQ(news.alert->episode, static_cast<std::uint64_t>(since / 1000));
    news = look_at_sink(sink(State::open, 20min), news.state, since + 20 * kMinute);
    EXPECT_FALSE(news.alert.has_value());
}

TEST(SinkNews, one_that_asks_for_patience_for_ten_minutes_is_told_once) {
    outbox::SinkStatus busy = sink(State::closed);
    busy.last_error = "HTTP 429";
    busy.last_ok_ms = kNow;
    busy.took_nothing_for = 10min;
    SinkNews news = look_at_sink(busy, before(), kNow + 10 * kMinute);
    EXPECT_EQ(news.state, before());
    EXPECT_FALSE(news.alert.has_value());
    busy.took_nothing_for += 1ms;
    news = look_at_sink(busy, before(), kNow + 10 * kMinute + 1);
    ASSERT_TRUE(news.alert.has_value());
    EXPECT_EQ(news.alert->type, "daemon.sink_down.firing");
    EXPECT_THAT(news.alert->text, HasSubstr("HTTP 429"));
    EXPECT_EQ(news.alert->episode, static_cast<std::uint64_t>(kNow / 1000));
    EXPECT_FALSE(news.state.circuit_open);
    const store::SinkState told = news.state;
    busy.took_nothing_for = 20min;
    news = look_at_sink(busy, told, kNow + 20 * kMinute);
    EXPECT_FALSE(news.alert.has_value()) << "it took something in the second it began, not since";
    EXPECT_EQ(news.state, told);
    outbox::SinkStatus works = sink(State::closed);
    works.last_ok_ms = kNow + 21 * kMinute;
    news = look_at_sink(works, told, kNow + 21 * kMinute);
    ASSERT_TRUE(news.alert.has_value());
    EXPECT_EQ(news.alert->type, "daemon.sink_down.resolved");
    EXPECT_EQ(news.state, before());
}

TEST(SinkNews, a_circuit_that_opens_and_closes_without_taking_anything_counts_as_one_outage) {
    outbox::SinkStatus flapping = sink(State::open, 1min);
    flapping.took_nothing_for = 11min;
    EXPECT_TRUE(look_at_sink(flapping, before(), kNow).alert.has_value());
}

TEST(SinkNews, its_end_belongs_to_the_same_episode) {
    const store::SinkState told = before(kNow - 20 * kMinute, 1'768'477'000);
    outbox::SinkStatus works = sink(State::closed);
    works.last_ok_ms = kNow;
    const SinkNews news = look_at_sink(works, told, kNow);
    ASSERT_TRUE(news.alert.has_value());
    EXPECT_EQ(news.alert->type, "daemon.sink_down.resolved");
    EXPECT_EQ(news.alert->episode, 1'768'477'000U);
    EXPECT_EQ(news.alert->seq, 2U);
    EXPECT_EQ(news.state, before());
}

TEST(SinkNews, one_that_is_only_tried_again_does_not_work_yet) {
    const store::SinkState told = before(kNow - 20 * kMinute, 1'768'477'000);
    SinkNews news = look_at_sink(sink(State::closed), told, kNow);  // after a restart
    EXPECT_FALSE(news.alert.has_value());
    EXPECT_EQ(news.state.told_episode, told.told_episode);
    news = look_at_sink(sink(State::open, 1s), news.state, kNow + kMinute);
    EXPECT_FALSE(news.alert.has_value()) << "told already";
    outbox::SinkStatus works = sink(State::closed);
    works.last_ok_ms = kNow + 2 * kMinute;
    news = look_at_sink(works, news.state, kNow + 2 * kMinute);
    ASSERT_TRUE(news.alert.has_value());
    EXPECT_EQ(news.state, before());
}

TEST(SinkNews, a_short_failure_ends_without_a_word) {
    const SinkNews news = look_at_sink(sink(State::closed), before(kNow - kMinute), kNow);
    EXPECT_FALSE(news.alert.has_value());
    EXPECT_EQ(news.state, before());
}

TEST(SinkNews, gone_is_told_at_once_and_kept) {
    SinkNews news = look_at_sink(sink(State::disabled), before(), kNow);
    ASSERT_TRUE(news.alert.has_value());
    EXPECT_THAT(news.alert->text, HasSubstr("plimsoll sink enable hook"));
    EXPECT_EQ(news.state.disabled_why, "HTTP 500");
    const store::SinkState told = news.state;
    news = look_at_sink(sink(State::disabled, 1h), told, kNow + kMinute);
    EXPECT_FALSE(news.alert.has_value());
    EXPECT_EQ(news.state, told);
    news = look_at_sink(sink(State::closed), told, kNow + kMinute);
    EXPECT_FALSE(news.alert.has_value()) << "enabled by hand: nothing was taken yet";
    EXPECT_EQ(news.state.disabled_why, "");
    outbox::SinkStatus works = sink(State::closed);
    works.last_ok_ms = kNow + 2 * kMinute;
    news = look_at_sink(works, news.state, kNow + 2 * kMinute);
    EXPECT_EQ(news.alert->type, "daemon.sink_down.resolved");
    EXPECT_EQ(news.state.disabled_why, "");
}

TEST(SinkNews, time_down_goes_on_over_a_restart) {
    const SinkNews news = look_at_sink(sink(State::open, 1s), before(kNow - 11 * kMinute), kNow);
    EXPECT_TRUE(news.alert.has_value());
}

}  // namespace
}  // namespace plimsoll::app
