// Every allocation of the threads that deliver fails once, wherever it is: nothing is lost, and the
// archive holds each alert exactly once.
#include "daemon/outbox/outbox.hpp"
#include "daemon/sinks/jsonl.hpp"
#include "tests/daemon/outbox/scripted_sink.hpp"
#include "tests/support/failing_allocator.hpp"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

/// Whether this thread delivers.
thread_local bool is_lane = false;
/// Allocations of the lanes until one fails; 0 or less: none will.
std::atomic<int> allocations_left = 0;

}  // namespace

bool plimsoll::test::allocation_fails() { return is_lane && allocations_left.fetch_sub(1) == 1; }

namespace plimsoll::outbox {
namespace {

using namespace std::chrono_literals;
using Kind = sinks::Outcome::Kind;
using testing::ScriptedSink;
using testing::SinkLog;

/// Passes waits some ten thousand times as fast. Marks the threads that ask it as lanes.
class HastyClock final : public Clock {
  public:
    Instant now() const override {
        is_lane = true;
        const milliseconds passed{passed_ms_.load()};
        return {1'768'478'412'000 + passed.count(), SteadyTime{1000h} + passed};
    }
    void wait(std::condition_variable& wakeup, std::unique_lock<std::mutex>& lock,
              SteadyTime until) override {
        const auto left = std::chrono::duration_cast<milliseconds>(until - now().steady);
        passed_ms_ += std::clamp<milliseconds>(left, 0ms, 1s).count() + 1;
        wakeup.wait_for(lock, 100us);
    }

  private:
    std::atomic<std::int64_t> passed_ms_ = 0;
};

/// A process that delivers to an archive, a webhook and a chat from one store.
class Process {
  public:
    explicit Process(const std::filesystem::path& folder)
        : folder_(folder), store_(std::move(store::Store::open(folder, {}).value().store)) {}

    /// Three alerts for every sink.
    bool commit(int round) {
        store::RoundCommit out;
        out.chain = "ethereum";
        out.now_ms = 1'768'478'412'000;
        for (int i = 0; i < 3; ++i) {
            const std::string n = std::to_string(3 * round + i);
            store::NewAlert& alert = out.alerts.emplace_back();
            alert.id = "msg_" + n;
            alert.alert_key = "rule/" + n + "/" + std::to_string(i);
            alert.episode = alert.seq = 1;
            alert.type = "position.at_risk.firing";
            alert.chain = "ethereum";
            alert.at = 1'768'478'411;
            alert.body = R"({"data":{},"id":")" + alert.id + R"("})";
            alert.sinks = {{.sink = "archive", .keeps_all = true}, {.sink = "hook"}};
            store::Destination& chat = alert.sinks.emplace_back();
            chat.sink = "chat";
            chat.group = "g";
        }
        return store_->commit(out).has_value();
    }
    /// False when something is left after 20 s.
    bool deliver() {
        Outbox outbox(*store_, sinks(), clock_, Outbox::Options{});
        outbox.start();
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        while (!left().empty()) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            std::this_thread::sleep_for(500us);
        }
        return outbox.stop(10s);
    }
    /// What is not delivered, for people.
    std::string left() {
        store::OutboxQuery query;
        query.state = "pending";
        std::string out;
        const auto rows = store_->outbox_rows(query);
        for (const store::OutboxRow& row : rows.value()) {
            out += row.sink + " " + row.id + ", attempts " + std::to_string(row.attempts) + ", " +
                   row.last_error + "; ";
        }
        return out;
    }
    std::vector<store::OutboxCounts> counts() { return store_->outbox_counts().value(); }

  private:
    std::vector<std::unique_ptr<sinks::Sink>> sinks() {
        std::vector<std::unique_ptr<sinks::Sink>> out;
        out.push_back(std::make_unique<sinks::JsonlSink>("archive", folder_ / "alerts", 400 * 24h));
        out.push_back(std::make_unique<ScriptedSink>(
            "hook", testing::limits(2), hook_, [this](const sinks::Message& message) {
                // the first attempt fails, every third message is not wanted
                const std::lock_guard lock(mutex_);
                const bool is_first = tries_[message.id]++ == 0;
                const Kind wish = message.alert_key.ends_with("0") ? Kind::refused : Kind::ok;
                return testing::outcome(is_first ? Kind::retry : wish);
            }));
        out.push_back(std::make_unique<ScriptedSink>(
            "chat", testing::limits(1), chat_,
            [](const sinks::Message&) { return testing::outcome(Kind::ok); },
            [](const sinks::Group&) { return testing::outcome(Kind::ok); }));
        return out;
    }

    const std::filesystem::path folder_;
    std::unique_ptr<store::Store> store_;
    HastyClock clock_;
    SinkLog hook_;
    SinkLog chat_;
    std::mutex mutex_;  // guards the member below
    std::map<std::string, unsigned> tries_;
};

constexpr int kDelivered = 0;
constexpr int kNotDelivered = 1;
constexpr int kNotStored = 2;
/// As the daemon ends where memory runs out in a place that cannot fail.
constexpr int kInternal = 70;

class OutOfMemory : public ::testing::Test {
  protected:
    void SetUp() override {
        const bool has_shm = std::filesystem::exists("/dev/shm");  // a sync costs nothing there
        std::string name = std::string(has_shm ? "/dev/shm" : "/tmp") + "/plimsoll-XXXXXX";
        folder_ = mkdtemp(name.data());
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    /// In a process of its own: stores alerts where `round` is not negative, and delivers what is
    /// there while the nth allocation fails.
    int run(int round, int nth) const {
        const pid_t child = fork();
        if (child == 0) {
            std::set_terminate([] { _exit(kInternal); });
            spdlog::set_level(spdlog::level::off);
            Process process(folder_);
            if (round >= 0 && !process.commit(round)) _exit(kNotStored);
            allocations_left = nth;
            _exit(process.deliver() ? kDelivered : kNotDelivered);
        }
        int status = 0;
        waitpid(child, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    std::filesystem::path folder_;
};

TEST_F(OutOfMemory, at_any_allocation_of_the_delivery_loses_nothing) {
    constexpr int kAtLeast = 200;  // what the delivery of a round takes
    int ended = 0;
    for (int nth = 1; nth <= kAtLeast; ++nth) {
        const int code = run(nth - 1, nth);
        if (code == kInternal) {
            ++ended;
            ASSERT_EQ(run(-1, 0), kDelivered) << "after the end at allocation " << nth;
        } else {
            ASSERT_EQ(code, kDelivered)
                << "allocation " << nth << ": " << code << " " << Process(folder_).left();
        }
    }
    EXPECT_LT(ended, kAtLeast / 10) << "the process goes on";
    constexpr std::uint64_t kMessages = 3 * kAtLeast;
    for (const auto& count : Process(folder_).counts()) {
        const std::uint64_t refused = count.sink == "hook" ? kMessages / 3 : 0;
        EXPECT_EQ(count.dead, refused) << count.sink;
        EXPECT_EQ(count.done, kMessages - refused) << count.sink;
    }
    std::map<std::string, int> lines;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "alerts")) {
        std::ifstream file(entry.path());
        for (std::string line; std::getline(file, line);) ++lines[line];
    }
    EXPECT_EQ(lines.size(), kMessages);
    for (const auto& [line, count] : lines) EXPECT_EQ(count, 1) << line;
}

}  // namespace
}  // namespace plimsoll::outbox
