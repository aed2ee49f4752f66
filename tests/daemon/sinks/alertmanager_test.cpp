#include "daemon/sinks/alertmanager.hpp"

#include "tests/support/alert_samples.hpp"

#include <gtest/gtest.h>

#include <regex>

namespace plimsoll::sinks {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::alert_sample;
using testing::AlertSample;

constexpr std::chrono::sys_seconds kNow{1'768'478'500s};

AlertmanagerSettings settings() {
    AlertmanagerSettings out;
    out.name = "am";
    out.url = alertmanager_url(Secret("http://127.0.0.1:9093"));
    return out;
}

json shown(const char* sample, std::chrono::sys_seconds now = kNow) {
    return alertmanager_alert(alert_sample(sample).read(), settings(), now);
}

TEST(AlertmanagerAlert, fires_until_it_is_not_sent_again) {
    const json alert = shown("position_firing");
    EXPECT_EQ(alert.at("startsAt"), "2026-01-15T11:59:47Z") << "since when it holds";
    EXPECT_EQ(alert.at("endsAt"), "2026-01-15T12:04:40Z") << "three times a minute from now";
    EXPECT_EQ(alert.at("labels"), json({{"alertname", "position.liquidatable"},
                                        {"rule", "hf-under-1"},
                                        {"severity", "critical"},
                                        {"chain", "eip155:1"},
                                        {"protocol", "aave-v3-main"},
                                        {"subject", "0x00000000000000000000000000000000000000a1"},
                                        {"source", "mon-a"},
                                        {"watch", "treasury"}}));
}

TEST(AlertmanagerAlert, an_end_never_lies_before_its_beginning) {
    EXPECT_EQ(shown("position_resolved").at("endsAt"), "2026-01-15T12:00:11Z");
    // A chain's clock may be years ahead of ours, or behind.
    for (const std::chrono::sys_seconds now : {kNow, kNow - 1000h, kNow + 100'000h}) {
        for (const auto& sample : testing::alert_samples()) {
            const json alert = shown(sample.name.c_str(), now);
            EXPECT_LE(alert.at("startsAt"), alert.at("endsAt")) << sample.name;
        }
    }
}

TEST(AlertmanagerAlert, events_of_one_account_are_told_apart) {
    const json alert = shown("liquidated");
    EXPECT_EQ(alert.at("labels").at("event"), std::string(64, '3') + "/7");
    EXPECT_EQ(alert.at("endsAt"), "2026-01-15T12:06:40Z");
    AlertSample taken_back = alert_sample("liquidated");
    taken_back.alert.type = "position.liquidated.retracted";
    taken_back.alert.extra = {{"reason", "reorg"}, {"retracts", "msg_" + std::string(32, 'a')}};
    EXPECT_EQ(alertmanager_alert(taken_back.read(), settings(), kNow).at("labels"),
              alert.at("labels"))
        << "the same alert, so it ends there too";
}

TEST(AlertmanagerAlert, names_of_labels_are_what_it_takes) {
    AlertSample sample = alert_sample("position_firing");
    sample.alert.labels = {{"9lives", "a"}, {"a-b.c", "b\nc"}, {"severity", "x"}, {"empty", ""}};
    sample.alert.protocol = "";
    const json labels = alertmanager_alert(sample.read(), settings(), kNow).at("labels");
    static const std::regex kName("[a-zA-Z_][a-zA-Z0-9_]*");
    for (const auto& [name, value] : labels.items()) {
        EXPECT_TRUE(std::regex_match(name, kName)) << name;
        EXPECT_FALSE(value.get<std::string>().empty()) << name;
    }
    EXPECT_EQ(labels.at("severity"), "critical") << "nothing passes for what the alert says";
    EXPECT_FALSE(labels.contains("protocol"));
}

class RecordingPoster final : public HttpPoster {
  public:
    explicit RecordingPoster(std::vector<json>& posts, const int& status)
        : posts_(posts), status_(status) {}
    HttpReply post(const HttpRequest& request) override {
        posts_.push_back(json::parse(request.body));
        return {HttpReply::Fault::none, status_, {}, {}};
    }
    void cancel() override {}

  private:
    std::vector<json>& posts_;
    const int& status_;
};

class AlertmanagerSinkTest : public ::testing::Test {
  protected:
    static Message message(const AlertSample& sample) {
        Message out;
        out.body = sample.body();
        return out;
    }
    static Message message(const char* sample) { return message(alert_sample(sample)); }

    void maintain(std::chrono::sys_seconds now) {
        sink_.maintain(now, [this](const Outcome& outcome) {
            reported_.push_back(outcome);
            return goes_on_;
        });
    }

    int status_ = 200;
    std::vector<json> posts_;
    std::vector<Outcome> reported_;
    bool goes_on_ = true;
    AlertmanagerSink sink_{settings(), Redactor(Secret("http://127.0.0.1:9093"), {}),
                           std::make_unique<RecordingPoster>(posts_, status_)};
};

TEST_F(AlertmanagerSinkTest, what_fires_is_sent_again_until_it_has_ended) {
    EXPECT_EQ(sink_.limits().maintain_every, 60s);
    sink_.deliver(message("position_firing"), kNow);
    maintain(kNow + 60s);
    ASSERT_EQ(posts_.size(), 2U);
    EXPECT_EQ(posts_[1][0].at("endsAt"), "2026-01-15T12:05:40Z") << "its end moves on";
    sink_.deliver(message("position_resolved"), kNow + 70s);
    maintain(kNow + 120s);
    ASSERT_EQ(posts_.size(), 4U);
    EXPECT_EQ(posts_[3][0].at("endsAt"), "2026-01-15T12:00:11Z") << "the end is told again";
    maintain(kNow + 70s + 5min);
    EXPECT_EQ(posts_.size(), 4U);
    EXPECT_EQ(sink_.standing(), 0U);
}

TEST_F(AlertmanagerSinkTest, what_was_not_taken_is_not_kept) {
    status_ = 500;
    EXPECT_EQ(sink_.deliver(message("position_firing"), kNow).kind, Outcome::Kind::retry);
    EXPECT_EQ(sink_.standing(), 0U);
    status_ = 400;
    const Outcome refused = sink_.deliver(message("position_firing"), kNow);
    EXPECT_EQ(refused.kind, Outcome::Kind::refused);
    EXPECT_EQ(refused.detail, "http://127.0.0.1/…: HTTP 400");
}

TEST_F(AlertmanagerSinkTest, other_labels_end_the_alert_of_before) {
    sink_.deliver(message("position_firing"), kNow);
    AlertSample worse = alert_sample("position_firing");
    worse.alert.type = "position.liquidatable.updated";
    worse.alert.seq = 2;
    worse.alert.severity = alerts::Severity::warning;
    sink_.deliver(message(worse), kNow + 10s);
    ASSERT_EQ(posts_.back().size(), 2U);
    EXPECT_EQ(posts_.back()[0].at("labels").at("severity"), "warning");
    EXPECT_EQ(posts_.back()[1].at("labels").at("severity"), "critical");
    EXPECT_EQ(posts_.back()[1].at("endsAt"), "2026-01-15T12:01:50Z");
    maintain(kNow + 60s);
    EXPECT_EQ(posts_.back().size(), 1U);
}

TEST_F(AlertmanagerSinkTest, restart_takes_up_what_still_fires) {
    const std::vector<Message> standing{message("position_firing"), message("band_firing"),
                                        message("position_retracted"), message("liquidated")};
    sink_.restore(standing);
    EXPECT_EQ(sink_.standing(), 2U) << "what is over, and events, need no telling";
    maintain(kNow);
    ASSERT_EQ(posts_.size(), 1U);
    EXPECT_EQ(posts_[0].size(), 2U);
}

TEST_F(AlertmanagerSinkTest, many_are_sent_in_batches_and_none_to_a_server_that_is_down) {
    std::vector<Message> standing;
    for (int i = 0; i < 150; ++i) {
        AlertSample one = alert_sample("position_firing");
        one.alert.alert_key = "r/c/p/" + std::to_string(i);
        standing.push_back(message(one));
    }
    sink_.restore(standing);
    maintain(kNow);
    ASSERT_EQ(posts_.size(), 3U);
    EXPECT_EQ(posts_[0].size() + posts_[1].size() + posts_[2].size(), 150U);
    for (const int status : {503, 410, 429, 401}) {
        status_ = status;
        posts_.clear();
        maintain(kNow + 60s);
        EXPECT_EQ(posts_.size(), 1U) << status;
    }
    status_ = 400;
    posts_.clear();
    maintain(kNow + 60s);
    EXPECT_EQ(posts_.size(), 3U) << "one that is not wanted keeps no others back";
    posts_.clear();
    goes_on_ = false;
    maintain(kNow + 60s);
    EXPECT_EQ(posts_.size(), 1U);
}

TEST_F(AlertmanagerSinkTest, what_came_of_telling_again_is_reported) {
    sink_.restore(std::vector<Message>{message("position_firing")});
    maintain(kNow);
    ASSERT_EQ(reported_.size(), 1U);
    EXPECT_EQ(reported_[0].kind, Outcome::Kind::ok);
    status_ = 410;
    maintain(kNow + 60s);
    ASSERT_EQ(reported_.size(), 2U);
    EXPECT_EQ(reported_[1].kind, Outcome::Kind::gone);
    EXPECT_EQ(reported_[1].detail, "http://127.0.0.1/…: HTTP 410");
}

}  // namespace
}  // namespace plimsoll::sinks
