// The parts of the service that need no running daemon.
#include "daemon/app/beating_source.hpp"
#include "daemon/app/notify.hpp"
#include "daemon/app/reload.hpp"
#include "daemon/app/repeats.hpp"
#include "daemon/app/watchdog.hpp"
#include "daemon/pulse/pulses.hpp"
#include "tests/daemon/app/notify_socket.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace plimsoll::app {
namespace {

using namespace std::chrono_literals;
using pulse::Pulse;
using pulse::Pulses;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::NotifySocket;

/// A steady clock that a test moves.
struct Time {
    pulse::SteadyTime now{1000h};
    Pulses pulses{[this] { return now; }};
};

TEST(Pulses, who_beats_in_time_lives) {
    Time time;
    const Pulse worker = time.pulses.begin("worker", 60s);
    time.now += 60s;
    EXPECT_THAT(time.pulses.stuck(), IsEmpty());
    worker.beat();
    time.now += 60s;
    EXPECT_THAT(time.pulses.stuck(), IsEmpty());
    time.now += 1ms;
    EXPECT_THAT(time.pulses.stuck(), ElementsAre("worker"));
    worker.beat();
    EXPECT_THAT(time.pulses.stuck(), IsEmpty());
}

TEST(Pulses, a_pause_that_was_announced_does_not_count) {
    Time time;
    const Pulse worker = time.pulses.begin("worker", 1s);
    worker.beat_before(1h);
    time.now += 1h + 1s;
    EXPECT_THAT(time.pulses.stuck(), IsEmpty());
    time.now += 1ms;
    EXPECT_THAT(time.pulses.stuck(), ElementsAre("worker"));
}

TEST(Pulses, each_has_its_own_limit_and_a_name_is_told_once) {
    Time time;
    const Pulse slow = time.pulses.begin("slow", 1min);
    const Pulse lane1 = time.pulses.begin("sink", 1s);
    const Pulse lane2 = time.pulses.begin("sink", 1s);
    time.now += 2s;
    EXPECT_THAT(time.pulses.stuck(), ElementsAre("sink"));
    time.now += 1min;
    EXPECT_THAT(time.pulses.stuck(), ElementsAre("slow", "sink"));
}

TEST(Pulses, who_has_ended_or_rests_is_not_missed) {
    Time time;
    { const Pulse gone = time.pulses.begin("gone", 1s); }
    const Pulse resting = time.pulses.begin("resting", 1s);
    resting.rest();
    time.now += 24h;
    EXPECT_THAT(time.pulses.stuck(), IsEmpty());
    resting.beat();
    time.now += 2s;
    EXPECT_THAT(time.pulses.stuck(), ElementsAre("resting"));
}

TEST(Pulses, a_pulse_of_nobody_goes_nowhere) {
    const Pulse nobody;
    nobody.beat();
    nobody.rest();
}

// ---- what systemd hears

std::string abstract_name() { return "@plimsoll-test-" + std::to_string(::getpid()); }
std::string path_name() {
    const std::string name = "/tmp/plimsoll-test-" + std::to_string(::getpid()) + ".sock";
    ::unlink(name.c_str());
    return name;
}

TEST(Notifier, tells_both_forms_of_socket) {
    for (const std::string& name : {abstract_name(), path_name()}) {
        NotifySocket socket(name);
        const Notifier notifier(name);
        notifier.ready("all well");
        notifier.watchdog();
        notifier.stopping();
        EXPECT_EQ(socket.next(1s), "READY=1\nSTATUS=all well");
        EXPECT_EQ(socket.next(1s), "WATCHDOG=1");
        EXPECT_EQ(socket.next(1s), "STOPPING=1\nSTATUS=stopping");
        if (name[0] == '/') ::unlink(name.c_str());
    }
}

TEST(Notifier, a_reload_carries_the_monotonic_time) {
    NotifySocket socket(abstract_name());
    Notifier(abstract_name()).reloading();
    const auto message = socket.next(1s).value_or("");
    const std::string begin = "RELOADING=1\nMONOTONIC_USEC=";
    ASSERT_TRUE(message.starts_with(begin)) << message;
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const std::int64_t usec = std::stoll(message.substr(begin.size()));
    EXPECT_NEAR(static_cast<double>(usec) / 1e6, static_cast<double>(now.tv_sec), 5);
}

TEST(Notifier, nobody_listening_is_no_error) {
    Notifier("/nowhere/at/all").ready("");
    Notifier("@nobody-there").ready("");
    Notifier(std::string(500, 'x')).ready("");
    Notifier("").ready("");
}

TEST(Notifier, the_watchdog_interval_is_that_of_this_process) {
    ::unsetenv("WATCHDOG_PID");
    ::unsetenv("WATCHDOG_USEC");
    EXPECT_EQ(watchdog_interval(), std::nullopt);
    ::setenv("WATCHDOG_USEC", "60000000", 1);
    EXPECT_EQ(watchdog_interval(), 60s);
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    EXPECT_EQ(watchdog_interval(), 60s);
    ::setenv("WATCHDOG_PID", "1", 1);
    EXPECT_EQ(watchdog_interval(), std::nullopt);
    ::unsetenv("WATCHDOG_PID");
    for (const char* wrong : {"", "0", "-5", "1e6", "99999999999999999999"}) {
        ::setenv("WATCHDOG_USEC", wrong, 1);
        EXPECT_EQ(watchdog_interval(), std::nullopt) << wrong;
    }
    ::unsetenv("WATCHDOG_USEC");
}

view::ChainStatus chain(const std::string& name, BlockNumber processed, BlockNumber head,
                        view::State state = view::State::live) {
    view::ChainStatus out;
    out.name = name;
    out.processed.number = processed;
    out.head = head;
    out.state = state;
    return out;
}

TEST(StatusLine, says_where_chains_are_what_fires_and_what_waits) {
    std::vector<view::ChainStatus> chains{chain("ethereum", 24'000'000, 24'000'001),
                                          chain("tron", 79'000'001, 79'000'001)};
    chains[0].firing = {{"a", 2}, {"b", 1}};
    EXPECT_EQ(status_line(chains, 0), "ethereum 24000000 (+1), tron 79000001, 3 firing, 0 queued");
    chains[1].state = view::State::stale;
    EXPECT_EQ(status_line(chains, 7),
              "ethereum 24000000 (+1), tron 79000001 stale, 3 firing, 7 queued");
    EXPECT_EQ(status_line({}, 0), "0 firing, 0 queued");
}

// ---- watchdog

class WatchdogTest : public ::testing::Test {
  protected:
    NotifySocket socket_{abstract_name()};
    Notifier notifier_{abstract_name()};
    Time time_;
};

TEST_F(WatchdogTest, tells_every_half_interval_while_all_live) {
    const Pulse worker = time_.pulses.begin("worker", 1s);
    Watchdog watchdog(notifier_, time_.pulses, 100ms);
    watchdog.start();
    // 20 in a second; a busy machine may be slower, but never faster.
    const std::size_t told = socket_.count("WATCHDOG=1", 1s);
    EXPECT_GE(told, 5U);
    EXPECT_LE(told, 21U);
}

TEST_F(WatchdogTest, is_silent_while_somebody_is_stuck) {
    const Pulse worker = time_.pulses.begin("worker", 1s);
    const Pulse other = time_.pulses.begin("other", 1h);
    Watchdog watchdog(notifier_, time_.pulses, 20ms);
    time_.now += 2s;  // before the thread: it reads the time without a lock
    watchdog.start();
    EXPECT_EQ(socket_.next(500ms), std::nullopt);
    worker.beat();
    EXPECT_EQ(socket_.next(5s), "WATCHDOG=1");
}

TEST_F(WatchdogTest, without_an_interval_systemd_hears_nothing) {
    Watchdog watchdog(notifier_, time_.pulses, std::nullopt);
    watchdog.start();
    EXPECT_EQ(socket_.next(100ms), std::nullopt);
}

// ---- repeats of the log

class RepeatsTest : public ::testing::Test {
  protected:
    std::vector<std::string> due() {
        std::vector<std::string> out;
        for (const auto& held : repeats_.due(now_)) out.push_back(Repeats::line(held));
        return out;
    }
    Repeats repeats_;
    Repeats::Time now_{1000h};
};

TEST_F(RepeatsTest, the_same_text_is_told_once_a_minute_and_counted) {
    EXPECT_TRUE(repeats_.is_told(3, "down", now_));
    for (int i = 0; i < 41; ++i) {
        now_ += 1s;
        EXPECT_FALSE(repeats_.is_told(3, "down", now_));
        EXPECT_THAT(due(), IsEmpty());
    }
    now_ += 19s;
    EXPECT_THAT(due(), ElementsAre("down (repeated 41 times)"));
    EXPECT_FALSE(repeats_.is_told(3, "down", now_ + 59s));
    now_ += 60s;
    EXPECT_THAT(due(), ElementsAre("down (repeated 1 time)"));
    now_ += 60s;
    EXPECT_THAT(due(), IsEmpty());
    EXPECT_TRUE(repeats_.is_told(3, "down", now_));
}

TEST_F(RepeatsTest, other_texts_and_other_levels_are_told) {
    EXPECT_TRUE(repeats_.is_told(3, "down", now_));
    EXPECT_TRUE(repeats_.is_told(4, "down", now_));
    EXPECT_TRUE(repeats_.is_told(3, "down too", now_));
}

TEST_F(RepeatsTest, remembers_a_bounded_number_of_texts) {
    for (std::size_t i = 0; i < 2 * Repeats::kMost; ++i) {
        EXPECT_TRUE(repeats_.is_told(2, std::to_string(i), now_));
    }
    EXPECT_FALSE(repeats_.is_told(2, "0", now_));
    EXPECT_TRUE(repeats_.is_told(2, std::to_string(Repeats::kMost), now_));
    now_ += 1min;
    EXPECT_THAT(due(), ElementsAre("0 (repeated 1 time)"));
    EXPECT_TRUE(repeats_.is_told(2, std::to_string(Repeats::kMost), now_));
}

// ---- reload

TEST(KeepFixed, what_a_running_daemon_cannot_change_stays_and_is_told) {
    config::DaemonSettings in_use;
    in_use.instance = "a";
    in_use.state_dir = "/var/lib/a";
    in_use.http_listen = "127.0.0.1:1";
    config::DaemonSettings next = in_use;
    next.log_level = "debug";
    EXPECT_THAT(keep_fixed(next, in_use), IsEmpty());
    EXPECT_EQ(next.log_level, "debug");
    next.instance = "b";
    next.state_dir = "/var/lib/b";
    next.http_listen = "";
    next.control_socket = "/run/b";
    EXPECT_THAT(
        keep_fixed(next, in_use),
        ElementsAre(HasSubstr("instance cannot change while the daemon runs; it stays \"a\""),
                    HasSubstr("state_dir"), HasSubstr("http_listen"), HasSubstr("control_socket")));
    EXPECT_EQ(next.instance, "a");
    EXPECT_EQ(next.state_dir, "/var/lib/a");
    EXPECT_EQ(next.http_listen, "127.0.0.1:1");
    EXPECT_EQ(next.control_socket, "");
    EXPECT_EQ(next.log_level, "debug");
}

}  // namespace
}  // namespace plimsoll::app
