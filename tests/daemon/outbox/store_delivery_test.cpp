#include "daemon/alerts/alert.hpp"
#include "daemon/alerts/jsonl.hpp"
#include "daemon/alerts/sign.hpp"
#include "daemon/outbox/outbox.hpp"
#include "daemon/sinks/jsonl.hpp"
#include "tests/daemon/outbox/scripted_sink.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <thread>

namespace plimsoll::outbox {
namespace {

using namespace std::chrono_literals;
using Kind = sinks::Outcome::Kind;
using testing::outcome;
using testing::ScriptedSink;
using testing::SinkLog;

Secret test_key() {
    std::string text(64, '0');
    text.back() = '1';
    return Secret(std::move(text));
}

/// The outbox over the real store, with the archive and a sink of the test.
class StoreDelivery : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "plimsoll-XXXXXX").string();
        folder_ = mkdtemp(name.data());
        open();
    }
    void TearDown() override {
        outbox_.reset();
        store_.reset();
        std::filesystem::remove_all(folder_);
    }
    void open() { store_ = std::move(store::Store::open(folder_, {}).value().store); }

    alerts::Alert alert(int n, const std::string& subject) const {
        alerts::Alert out;
        out.type = "position.liquidated.fired";
        out.rule = "liquidations";
        out.chain = "eip155:1";
        out.protocol = "aave";
        out.subject = subject;
        out.alert_key = alerts::alert_key(out.rule, out.chain, out.protocol, subject);
        out.seq = static_cast<std::uint64_t>(n);
        out.at = 1'768'478'411;
        return out;
    }
    store::NewAlert stored(const alerts::Alert& from) const {
        store::NewAlert out;
        out.id = alerts::message_id("mon", from.alert_key, from.episode, from.seq);
        out.alert_key = from.alert_key;
        out.seq = from.seq;
        out.type = from.type;
        out.severity = static_cast<int>(from.severity);
        out.chain = "ethereum";
        out.at = from.at;
        out.body = alerts::body_of(from, "mon");
        out.signature = signer_.sign(out.body);
        out.signer = to_checksum(signer_.address());
        out.sinks = {{"archive"}, {"hook"}};
        return out;
    }
    void commit(std::vector<store::NewAlert> alerts) {
        store::RoundCommit round;
        round.chain = "ethereum";
        round.now_ms = clock_.now().wall_ms;
        round.alerts = std::move(alerts);
        ASSERT_TRUE(store_->commit(round).has_value());
        if (outbox_) outbox_->wake();
    }
    void start(ScriptedSink::Script script) {
        std::vector<std::unique_ptr<sinks::Sink>> sinks;
        sinks.push_back(
            std::make_unique<sinks::JsonlSink>("archive", folder_ / "alerts", 400 * 24h));
        sinks.push_back(
            std::make_unique<ScriptedSink>("hook", testing::limits(4), log_, std::move(script)));
        outbox_ = std::make_unique<Outbox>(*store_, std::move(sinks), clock_, Outbox::Options{});
        outbox_->start();
    }
    store::OutboxCounts counts(const std::string& sink) {
        const auto all = store_->outbox_counts().value();
        for (const auto& count : all) {
            if (count.sink == sink) return count;
        }
        return {};
    }
    bool has_done(const std::string& sink, std::uint64_t done) {
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        while (counts(sink).done < done) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            std::this_thread::sleep_for(1ms);
        }
        return true;
    }
    alerts::JsonlReport archived() const {
        return alerts::verify_jsonl(folder_ / "alerts" / "date=2026-01-15" / "alerts.jsonl",
                                    signer_.address())
            .value();
    }

    std::filesystem::path folder_;
    std::unique_ptr<store::Store> store_;
    SystemClock clock_;
    SinkLog log_;
    alerts::Signer signer_ = alerts::Signer::make(test_key(), std::nullopt).value();
    std::unique_ptr<Outbox> outbox_;
};

TEST_F(StoreDelivery, everything_arrives_once_at_each_sink_and_verifies_in_the_archive) {
    start([](const sinks::Message&) { return outcome(Kind::ok); });
    for (int round = 1; round <= 5; ++round) {
        std::vector<store::NewAlert> batch;
        for (int k = 0; k < 20; ++k) batch.push_back(stored(alert(round, "s" + std::to_string(k))));
        commit(std::move(batch));
    }
    EXPECT_TRUE(has_done("hook", 100));
    EXPECT_TRUE(has_done("archive", 100));
    const auto ids = log_.ids();
    EXPECT_EQ(ids.size(), 100U);
    EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 100U);
    EXPECT_EQ(archived().verified, 100U);
    EXPECT_EQ(archived().bad.size(), 0U);
}

TEST_F(StoreDelivery, restart_goes_on_where_it_stopped) {
    std::vector<store::NewAlert> batch;
    for (int k = 0; k < 50; ++k) batch.push_back(stored(alert(1, "s" + std::to_string(k))));
    commit(std::move(batch));
    start([](const sinks::Message&) { return outcome(Kind::retry); });
    EXPECT_TRUE(has_done("archive", 1));
    outbox_->stop(10s);
    outbox_.reset();
    store_.reset();

    open();
    EXPECT_EQ(counts("hook").pending, 50U);
    start([](const sinks::Message&) { return outcome(Kind::ok); });
    EXPECT_TRUE(has_done("hook", 50));
    EXPECT_TRUE(has_done("archive", 50));
    EXPECT_EQ(archived().verified, 50U);
}

TEST_F(StoreDelivery, retraction_follows_an_attempt_that_failed) {
    const auto original = stored(alert(1, "s"));
    commit({original, stored(alert(1, "other"))});
    std::atomic<bool> is_failing{true};
    start([&](const sinks::Message& message) {
        return outcome(is_failing && message.id == original.id ? Kind::retry : Kind::ok);
    });
    ASSERT_TRUE(has_done("hook", 1));
    ASSERT_TRUE(has_done("archive", 2));
    ASSERT_TRUE(log_.wait_for(2));
    auto retraction = stored(alert(2, "s"));
    retraction.retracts = original.id;
    commit({retraction});
    is_failing = false;
    EXPECT_TRUE(has_done("hook", 3));
    const auto ids = log_.ids();
    EXPECT_EQ(ids.back(), retraction.id);
    EXPECT_EQ(ids[ids.size() - 2], original.id);
    EXPECT_EQ(archived().verified, 3U);
}

TEST_F(StoreDelivery, retraction_replaces_what_was_never_tried) {
    const auto original = stored(alert(1, "s"));
    auto retraction = stored(alert(2, "s"));
    retraction.retracts = original.id;
    commit({original});
    commit({retraction});
    start([](const sinks::Message&) { return outcome(Kind::ok); });
    commit({stored(alert(1, "other"))});
    EXPECT_TRUE(has_done("hook", 1));
    EXPECT_TRUE(has_done("archive", 1));
    EXPECT_EQ(log_.ids().size(), 1U);
    EXPECT_EQ(counts("hook").superseded, 1U);
}

}  // namespace
}  // namespace plimsoll::outbox
