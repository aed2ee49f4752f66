// The program as a service: what systemd hears, reloads, stops. Run as it is.
#include "daemon/store/store.hpp"
#include "tests/daemon/app/notify_socket.hpp"
#include "tests/daemon/app/process.hpp"
#include "tests/support/loopback_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <csignal>

namespace plimsoll::app {
namespace {

using namespace std::chrono_literals;
using test::LoopbackServer;
using test::Served;
using testing::Folder;
using testing::get;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::NotifySocket;
using testing::Process;
using ::testing::StartsWith;

constexpr auto kLong = 60s;
constexpr const char* kDead = "http://127.0.0.1:1";

Served answer(int status) {
    Served out;
    out.status = status;
    return out;
}

Served hang(const test::ServedRequest& /*request*/) {
    Served out;
    out.how = Served::How::hang;
    return out;
}

class Service : public ::testing::Test {
  protected:
    Service() : socket_("@plimsoll-service-" + std::to_string(::getpid())) { write(config()); }

    static std::string config(const std::string& endpoint = kDead, const std::string& daemon = "",
                              const std::string& rest = "") {
        return "version = 1\n[daemon]\nhttp_listen = \"127.0.0.1:0\"\n" + daemon +
               "[chains.eth]\nkind = \"evm\"\nchain_id = 1\npoll_every = \"50ms\"\nendpoints = "
               "[\"" +
               endpoint +
               "\"]\n[protocols.p]\nkind = \"aave-v3\"\nchain = \"eth\"\n"
               "address = \"0x0000000000000000000000000000000000000001\"\n" +
               rest;
    }
    void write(const std::string& text) const { folder_.write("plimsoll.toml", text); }

    Process::Options options() const {
        Process::Options out;
        out.arguments = {"run", "--config", (folder_.path() / "plimsoll.toml").string(),
                         "--state-dir", (folder_.path() / "state").string()};
        out.environment["NOTIFY_SOCKET"] = socket_.name();
        out.unset = {"WATCHDOG_USEC", "WATCHDOG_PID"};
        return out;
    }

    /// Where it listens, once it is ready.
    std::string ready(const Process& process) {
        EXPECT_TRUE(socket_.next_that_begins("READY=1", kLong).has_value());
        EXPECT_TRUE(process.says("runs; state in", kLong));
        const std::string said = process.said();
        const std::size_t at = said.find("http://127.0.0.1:");
        return at == std::string::npos ? "" : said.substr(at, said.find('\n', at) - at);
    }

    nlohmann::json status_of(const std::string& url) {
        return nlohmann::json::parse(get(url + "/status"), nullptr, false);
    }

    void end(Process& process) {
        process.signal(SIGTERM);
        EXPECT_EQ(process.exit_code(kLong), 0);
        process.stop_listening();
    }

    /// A message that waits for the sink.
    void owe(const std::string& sink) const {
        const auto opened = store::Store::open(folder_.path() / "state", {});
        ASSERT_TRUE(opened.has_value()) << opened.error().message;
        store::NewAlert alert;
        alert.id = "msg_0123456789abcdef0123456789abcdef";
        alert.alert_key = "r/eip155:1/p/0x1";
        alert.episode = 1;
        alert.seq = 1;
        alert.type = "position.liquidatable.firing";
        alert.chain = "eth";
        alert.at = 1'768'478'411;
        alert.body = "{}";
        alert.sinks = {{sink}};
        store::RoundCommit round;
        round.chain = "eth";
        round.now_ms = std::int64_t{std::time(nullptr)} * 1000;
        round.alerts = {alert};
        ASSERT_TRUE(opened->store->commit(round).has_value());
    }
    std::uint64_t owed() const {
        const auto opened = store::Store::open(folder_.path() / "state", {});
        const auto all = opened->store->outbox_counts().value();
        std::uint64_t pending = 0;
        for (const auto& counts : all) pending += counts.pending;
        return pending;
    }
    static std::string hook(const LoopbackServer& server) {
        return "[sinks.hook]\nkind = \"webhook\"\nurl = \"" + server.url() +
               "\"\nallow_http = true\nallow_private = [\"127.0.0.0/8\"]\ntimeout = \"60s\"\n"
               "secrets = [\"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"]\n";
    }

    Folder folder_;
    NotifySocket socket_;
};

// ---- READY, STATUS, STOPPING

TEST_F(Service, is_ready_though_no_node_answers_and_tells_its_end) {
    Process process(options());
    EXPECT_THAT(socket_.next_that_begins("READY=1", kLong).value_or(""),
                HasSubstr("STATUS=eth 0 unknown, 0 firing, 0 queued"));
    EXPECT_TRUE(process.says("listening on http://127.0.0.1:", kLong));
    EXPECT_THAT(socket_.next_that_begins("STATUS=", kLong).value_or(""), StartsWith("STATUS=eth "));
    process.signal(SIGTERM);
    EXPECT_THAT(socket_.next_that_begins("STOPPING=1", kLong).value_or(""),
                StartsWith("STOPPING=1"));
    EXPECT_EQ(process.exit_code(kLong), 0);
}

TEST_F(Service, a_socket_with_a_path_does_as_well) {
    NotifySocket by_path((folder_.path() / "notify").string());
    Process::Options with_path = options();
    with_path.environment["NOTIFY_SOCKET"] = by_path.name();
    Process process(with_path);
    EXPECT_TRUE(by_path.next_that_begins("READY=1", kLong).has_value());
    end(process);
}

TEST_F(Service, is_not_ready_with_a_wrong_configuration) {
    write("version = 1\n");
    Process process(options());
    EXPECT_EQ(process.exit_code(kLong), 78);
    EXPECT_EQ(socket_.next(0ms), std::nullopt);
}

TEST_F(Service, the_watchdog_hears_of_it_every_half_interval) {
    Process::Options watched = options();
    watched.environment["WATCHDOG_USEC"] = "200000";
    Process process(watched);
    ready(process);
    const std::size_t told = socket_.count("WATCHDOG=1", 2s);
    EXPECT_GE(told, 5U);  // 20, less on a busy machine
    EXPECT_LE(told, 22U);
    end(process);
}

TEST_F(Service, no_watchdog_no_word) {
    Process process(options());
    ready(process);
    EXPECT_EQ(socket_.count("WATCHDOG=1", 500ms), 0U);
    end(process);
}

// ---- reload

TEST_F(Service, a_reload_is_told_and_takes_effect) {
    Process process(options());
    const std::string url = ready(process);
    auto status = status_of(url);
    EXPECT_EQ(status["config"]["last_reload_successful"], true);
    ASSERT_EQ(status["chains"].size(), 1U);
    write(config(kDead, "log_level = \"debug\"\ninstance = \"other\"\n",
                 "[chains.two]\nkind = \"evm\"\nchain_id = 2\nendpoints = "
                 "[\"http://127.0.0.1:2\"]\n"));
    process.signal(SIGHUP);
    EXPECT_THAT(socket_.next_that_begins("RELOADING=1", kLong).value_or(""),
                ::testing::MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
    EXPECT_THAT(socket_.next_that_begins("READY=1", kLong).value_or(""), HasSubstr("two 0"));
    status = status_of(url);
    EXPECT_EQ(status["config"]["last_reload_successful"], true);
    EXPECT_EQ(status["chains"].size(), 2U);
    EXPECT_TRUE(process.says("instance cannot change while the daemon runs", kLong));
    end(process);
}

TEST_F(Service, a_wrong_file_keeps_the_old_configuration_and_tells_every_error) {
    Process process(options());
    const std::string url = ready(process);
    write(config(kDead, "inztance = \"a\"\nlog_level = \"loud\"\n"));
    process.signal(SIGHUP);
    EXPECT_TRUE(socket_.next_that_begins("RELOADING=1", kLong).has_value());
    EXPECT_THAT(socket_.next_that_begins("READY=1", kLong).value_or(""), HasSubstr("see the log"));
    EXPECT_TRUE(process.says("plimsoll.toml:4:1: unknown key 'inztance'", kLong));
    EXPECT_TRUE(process.says("plimsoll.toml:5:13: ", kLong));
    auto status = status_of(url);
    EXPECT_EQ(status["config"]["last_reload_successful"], false);
    EXPECT_THAT(status["config"]["problem"].get<std::string>(), HasSubstr("inztance"));
    EXPECT_EQ(status["chains"].size(), 1U);

    write(config());
    process.signal(SIGHUP);
    EXPECT_TRUE(socket_.next_that_begins("RELOADING=1", kLong).has_value());
    EXPECT_TRUE(socket_.next_that_begins("READY=1", kLong).has_value());
    status = status_of(url);
    EXPECT_EQ(status["config"]["last_reload_successful"], true);
    EXPECT_EQ(status["config"]["problem"], nullptr);
    end(process);
}

TEST_F(Service, a_missing_file_or_a_key_of_another_address_keeps_the_old_one) {
    Process process(options());
    const std::string url = ready(process);
    std::filesystem::remove(folder_.path() / "plimsoll.toml");
    process.signal(SIGHUP);
    EXPECT_TRUE(process.says("cannot be read: No such file or directory", kLong));
    folder_.write("key", "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318", 0600);
    write(config(kDead, "",
                 "[signing]\nkey = \"${file:key}\"\nexpect_address = "
                 "\"0x0000000000000000000000000000000000000002\"\n"));
    process.signal(SIGHUP);
    EXPECT_TRUE(process.says("was not reloaded, the one in use stays: [signing]", kLong));
    EXPECT_EQ(status_of(url)["config"]["last_reload_successful"], false);
    end(process);
}

TEST_F(Service, answers_over_http_all_through_reloads) {
    Process process(options());
    const std::string url = ready(process);
    for (int i = 0; i < 10; ++i) {
        process.signal(SIGHUP);
        for (int j = 0; j < 10; ++j) {
            const auto status = status_of(url);
            ASSERT_TRUE(status.is_object());
            EXPECT_EQ(status["chains"].size(), 1U);
            EXPECT_EQ(nlohmann::json::parse(get(url + "/-/ready"))["ready"], false);
        }
    }
    EXPECT_EQ(nlohmann::json::parse(get(url + "/-/healthy"))["healthy"], true);
    end(process);
}

TEST_F(Service, a_removed_sink_gives_its_messages_up_and_a_changed_one_gets_them) {
    std::atomic<int> posts{0};
    LoopbackServer receiver([&](const auto&) {
        ++posts;
        return answer(200);
    });
    owe("hook");
    Process process(options());  // the sink is not configured: what waits for it is given up
    ready(process);
    end(process);
    EXPECT_EQ(owed(), 0U);
    EXPECT_EQ(posts, 0);

    std::filesystem::remove_all(folder_.path() / "state");
    owe("hook");
    LoopbackServer broken([](const auto&) { return answer(503); });
    write(config(kDead, "", hook(broken)));
    Process again(options());
    ready(again);
    for (int i = 0; i < 2'000 && broken.connections() == 0; ++i) std::this_thread::sleep_for(5ms);
    write(config(kDead, "", hook(receiver)));
    again.signal(SIGHUP);
    for (int i = 0; i < 4'000 && posts == 0; ++i) std::this_thread::sleep_for(5ms);
    end(again);
    EXPECT_EQ(posts, 1);
    EXPECT_EQ(owed(), 0U);
}

// ---- the end

TEST_F(Service, ends_within_ten_seconds_though_node_and_receiver_hang) {
    LoopbackServer node(hang);
    LoopbackServer receiver(hang);
    owe("hook");
    write(config(node.url(), "", hook(receiver)));
    Process process(options());
    ready(process);
    for (int i = 0; i < 2'000 && (node.connections() == 0 || receiver.connections() == 0); ++i) {
        std::this_thread::sleep_for(5ms);
    }
    ASSERT_GT(node.connections(), 0U);
    ASSERT_GT(receiver.connections(), 0U);
    const auto begin = std::chrono::steady_clock::now();
    process.signal(SIGTERM);
    EXPECT_EQ(process.exit_code(kLong), 0);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
    process.stop_listening();
    EXPECT_THAT(process.said(), HasSubstr("some deliveries were cut off"));
    EXPECT_EQ(owed(), 1U);
}

TEST_F(Service, a_second_interrupt_ends_it_at_once) {
    LoopbackServer receiver(hang);
    owe("hook");
    write(config(kDead, "", hook(receiver)));
    Process process(options());
    ready(process);
    for (int i = 0; i < 2'000 && receiver.connections() == 0; ++i) std::this_thread::sleep_for(5ms);
    process.signal(SIGINT);
    EXPECT_TRUE(socket_.next_that_begins("STOPPING=1", kLong).has_value());
    std::this_thread::sleep_for(200ms);
    const auto begin = std::chrono::steady_clock::now();
    process.signal(SIGINT);
    EXPECT_EQ(process.exit_code(kLong), 128 + SIGINT);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
    EXPECT_EQ(owed(), 1U);
}

TEST_F(Service, a_stop_during_a_reload_ends_it_too) {
    LoopbackServer receiver(hang);
    owe("hook");
    write(config(kDead, "", hook(receiver)));
    Process process(options());
    ready(process);
    for (int i = 0; i < 2'000 && receiver.connections() == 0; ++i) std::this_thread::sleep_for(5ms);
    process.signal(SIGHUP);
    EXPECT_TRUE(socket_.next_that_begins("RELOADING=1", kLong).has_value());
    const auto begin = std::chrono::steady_clock::now();
    process.signal(SIGTERM);
    EXPECT_EQ(process.exit_code(kLong), 0);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
    EXPECT_EQ(owed(), 1U);
}

TEST_F(Service, survives_the_end_of_those_who_read_its_log) {
    Process process(options());
    const std::string url = ready(process);
    process.stop_listening();
    for (int i = 0; i < 3; ++i) {
        process.signal(SIGHUP);  // each writes to the log
        EXPECT_TRUE(socket_.next_that_begins("READY=1", kLong).has_value());
    }
    EXPECT_TRUE(status_of(url).is_object());
    process.signal(SIGTERM);
    EXPECT_EQ(process.exit_code(kLong), 0);
}

TEST_F(Service, a_snapshot_can_be_asked_for_before_there_is_anything) {
    Process process(options());
    ready(process);
    process.signal(SIGUSR1);
    end(process);
    EXPECT_THAT(process.said(), Not(HasSubstr("error")));
}

}  // namespace
}  // namespace plimsoll::app
