// Limits, escapes and verdicts of the chat and paging services.
#include "daemon/sinks/discord.hpp"
#include "daemon/sinks/fitting.hpp"
#include "daemon/sinks/pagerduty.hpp"
#include "daemon/sinks/rendered.hpp"
#include "daemon/sinks/slack.hpp"
#include "daemon/sinks/telegram.hpp"
#include "tests/support/alert_samples.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <regex>

namespace plimsoll::sinks {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::alert_sample;
using wording::Digest;
using wording::Language;
using Kind = Outcome::Kind;
using Fault = HttpReply::Fault;

constexpr std::chrono::sys_seconds kSentAt{1'768'478'500s};

/// As large as a digest can become: every text at its limit and made of what grows when escaped.
Digest overfull(bool is_group) {
    const auto filled = [](std::size_t size) {
        std::string out;
        while (out.size() < size) out += "&<>*_[](@everyone)`🌊\\";
        return out;
    };
    Digest digest = make_digest(alert_sample("hostile_names").read(), Language::en);
    digest.title = filled(400);
    digest.remark = filled(9000);
    for (int i = 0; i < 60; ++i) digest.facts.push_back({filled(300), filled(3000)});
    if (!is_group) return digest;
    for (int i = 0; i < 20; ++i) {
        digest.members.push_back({"▲", alerts::Severity::critical, false, filled(400), "msg_0"});
    }
    digest.more = 9980;
    return digest;
}

std::vector<Digest> all_digests() {
    std::vector<Digest> out{overfull(false), overfull(true)};
    for (const Language language : {Language::en, Language::zh}) {
        for (const auto& sample : testing::alert_samples()) {
            out.push_back(make_digest(sample.read(), language));
        }
        out.push_back(make_digest(testing::read_all(testing::sample_group()), {"msg_g", "group", 3},
                                  language));
    }
    return out;
}

json body_of(const HttpRequest& request) { return json::parse(request.body); }

const SlackSettings kSlack{Secret("https://hooks.slack.example/x"), ""};
const DiscordSettings kDiscord{Secret("https://discord.example/x"), ""};
const TelegramSettings kTelegram{
    Secret("https://telegram.example/bot1:x/sendMessage"), "1", {}, ""};
const PagerDutySettings kPager{Secret("https://pd.example"), Secret("KEY"), ""};

TEST(Slack, limits_hold) {
    for (const Digest& digest : all_digests()) {
        const json body = body_of(slack_request(digest, kSlack));
        EXPECT_LE(units(body.at("text").get<std::string>()), 1024U);
        EXPECT_LE(body.at("blocks").size(), 50U);
        for (const json& block : body.at("blocks")) {
            if (block.at("type") == "context") continue;
            const auto text = block.at("text").at("text").get<std::string>();
            EXPECT_EQ(block.at("text").at("type"), "plain_text");
            EXPECT_GE(text.size(), 1U);
            EXPECT_LE(units(text), block.at("type") == "header" ? 150U : 3000U);
            EXPECT_EQ(text.find('<'), std::string::npos);
            EXPECT_EQ(text.find('>'), std::string::npos);
        }
    }
}

TEST(Slack, begins_with_the_mark_and_ends_with_the_short_id) {
    const Digest digest = make_digest(alert_sample("position_firing").read(), Language::en);
    const json body = body_of(slack_request(digest, kSlack));
    EXPECT_EQ(body.at("text").get<std::string>().substr(0, 3), "▲");
    EXPECT_EQ(body.at("blocks").back().at("elements")[0].at("text"), wording::short_id(digest.id));
}

TEST(Discord, limits_hold_and_nobody_is_mentioned) {
    for (const Digest& digest : all_digests()) {
        const json body = body_of(discord_request(digest, kDiscord));
        EXPECT_LE(units(body.at("content").get<std::string>()), 2000U);
        EXPECT_EQ(body.at("allowed_mentions"), json({{"parse", json::array()}}));
        ASSERT_EQ(body.at("embeds").size(), 1U);
        const json& embed = body.at("embeds")[0];
        std::size_t sum = units(embed.at("title").get<std::string>()) +
                          units(embed.at("footer").at("text").get<std::string>());
        EXPECT_LE(units(embed.at("title").get<std::string>()), 256U);
        const std::string description = embed.value("description", "");
        EXPECT_LE(units(description), 4096U);
        sum += units(description);
        EXPECT_LE(embed.value("fields", json::array()).size(), 25U);
        for (const json& field : embed.value("fields", json::array())) {
            const auto name = field.at("name").get<std::string>();
            const auto value = field.at("value").get<std::string>();
            EXPECT_TRUE(!name.empty() && units(name) <= 256) << name;
            EXPECT_TRUE(!value.empty() && units(value) <= 1024) << value;
            sum += units(name) + units(value);
        }
        EXPECT_LE(sum, 6000U);
    }
}

TEST(Discord, url_asks_for_an_answer) {
    const Digest digest = make_digest(alert_sample("heartbeat").read(), Language::en);
    EXPECT_EQ(discord_request(digest, kDiscord).url.reveal(),
              "https://discord.example/x?wait=true");
    EXPECT_EQ(discord_request(digest, {Secret("https://d.example/x?thread_id=7"), ""}).url.reveal(),
              "https://d.example/x?thread_id=7&wait=true");
}

/// The text without its markup, which must be balanced and be of the few tags that are meant.
std::string without_tags(const std::string& html) {
    static const std::regex kTags("</?(b|code|a)( href=\"[^\"<>]*\")?>");
    static const std::regex kEntities("&(amp|lt|gt|quot);");
    return std::regex_replace(std::regex_replace(html, kTags, ""), kEntities, "E");
}

TEST(Telegram, limits_hold_and_only_our_own_tags_are_tags) {
    for (const Digest& digest : all_digests()) {
        const json body = body_of(telegram_request(digest, kTelegram));
        const auto text = body.at("text").get<std::string>();
        EXPECT_LE(units(text), 4096U);
        EXPECT_EQ(without_tags(text).find_first_of("<>&"), std::string::npos) << text;
        EXPECT_EQ(text.substr(text.size() - 7), "</code>");
        EXPECT_EQ(body.at("parse_mode"), "HTML");
    }
}

TEST(Telegram, quiet_where_nobody_need_wake_up) {
    const auto is_quiet = [](const char* sample) {
        const Digest digest = make_digest(alert_sample(sample).read(), Language::en);
        return body_of(telegram_request(digest, kTelegram)).at("disable_notification").get<bool>();
    };
    EXPECT_FALSE(is_quiet("position_firing"));
    EXPECT_FALSE(is_quiet("band_firing"));
    EXPECT_TRUE(is_quiet("liquidated"));
    EXPECT_TRUE(is_quiet("position_resolved"));
}

TEST(PagerDuty, limits_hold) {
    for (const Digest& digest : all_digests()) {
        const HttpRequest request = pagerduty_request(digest, kPager);
        EXPECT_LE(request.body.size(), 512'000U);
        const json body = body_of(request);
        EXPECT_LE(units(body.at("payload").at("summary").get<std::string>()), 1024U);
        EXPECT_EQ(body.at("dedup_key").get<std::string>().size(), 64U);
    }
}

TEST(PagerDuty, one_incident_for_an_alert_from_firing_to_its_end) {
    const auto event = [](const char* sample) {
        return body_of(
            pagerduty_request(make_digest(alert_sample(sample).read(), Language::en), kPager));
    };
    const json firing = event("position_firing");
    EXPECT_EQ(firing.at("event_action"), "trigger");
    EXPECT_EQ(firing.at("payload").at("severity"), "critical");
    EXPECT_EQ(firing.at("payload").at("class"), "position.liquidatable");
    for (const char* end : {"position_resolved", "position_retracted"}) {
        EXPECT_EQ(event(end).at("event_action"), "resolve");
        EXPECT_EQ(event(end).at("dedup_key"), firing.at("dedup_key"));
    }
    alerts::ReadAlert goes_on = alert_sample("position_retracted").read();
    goes_on.data["state"] = "firing";
    EXPECT_EQ(
        body_of(pagerduty_request(make_digest(goes_on, Language::en), kPager)).at("event_action"),
        "trigger")
        << "only an update was taken back";
    EXPECT_NE(event("position_updated").at("dedup_key"), firing.at("dedup_key"))
        << "another rule's";
    EXPECT_EQ(event("position_updated").at("payload").at("severity"), "warning");
    EXPECT_EQ(event("liquidated").at("payload").at("severity"), "info");
    // printf %s KEY | sha256sum
    EXPECT_EQ(dedup_key("KEY"), "5ca24005b740717ba4f3f6bc48a230700e68c2a4b11ecedb96f169f4efaf1f21");
}

TEST(PagerDuty, a_group_is_resolved_with_its_last_alert) {
    const std::vector<alerts::ReadAlert> ended{alert_sample("position_resolved").read()};
    const auto action = [&](std::uint64_t open) {
        const Digest digest = make_digest(ended, {"msg_g", "group", open}, Language::en);
        return body_of(pagerduty_request(digest, kPager)).at("event_action");
    };
    EXPECT_EQ(action(2), "trigger");
    EXPECT_EQ(action(0), "resolve");
}

// ---- verdicts

struct Verdict {
    const char* name;
    Outcome (*classify)(const HttpReply&, std::chrono::sys_seconds);
    HttpReply reply;
    Kind kind;
    std::optional<std::chrono::milliseconds> wait = std::nullopt;
};

HttpReply reply(int status, const char* text = "", const char* retry_after = "") {
    return {Fault::none, status, retry_after, text};
}

class ServiceVerdict : public ::testing::TestWithParam<Verdict> {};

TEST_P(ServiceVerdict, as_tabled) {
    const Verdict& tested = GetParam();
    const Outcome outcome = tested.classify(tested.reply, kSentAt);
    EXPECT_EQ(to_string(outcome.kind), to_string(tested.kind)) << outcome.detail;
    EXPECT_EQ(outcome.wait, tested.wait);
    EXPECT_EQ(outcome.detail.empty(), outcome.kind == Kind::ok);
}

constexpr const char* kFlood =
    R"({"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":35}})";

INSTANTIATE_TEST_SUITE_P(
    Table, ServiceVerdict,
    ::testing::Values(
        Verdict{"slack_ok", classify_slack, reply(200, "ok"), Kind::ok},
        Verdict{"slack_other_page", classify_slack, reply(200, "<html>log in"), Kind::retry},
        Verdict{"slack_bad_payload", classify_slack, reply(400, "invalid_payload"), Kind::refused},
        Verdict{"slack_no_such_hook", classify_slack, reply(404, "no_service"),
                Kind::misconfigured},
        Verdict{"slack_forbidden", classify_slack, reply(403, "action_prohibited"),
                Kind::misconfigured},
        Verdict{"slack_archived", classify_slack, reply(410, "channel_is_archived"), Kind::gone},
        Verdict{"slack_slow_down", classify_slack, reply(429, "", "30"), Kind::throttled, 30s},
        Verdict{"slack_error", classify_slack, reply(500, "rollup_error"), Kind::retry},
        Verdict{"discord_ok", classify_discord, reply(200, "{}"), Kind::ok},
        Verdict{"discord_no_content", classify_discord, reply(204), Kind::ok},
        Verdict{"discord_slow_down", classify_discord,
                reply(429, R"({"message":"x","retry_after":64.57,"global":false})", "64"),
                Kind::throttled, 64570ms},
        Verdict{"discord_header_is_longer", classify_discord,
                reply(429, R"({"retry_after":1})", "9"), Kind::throttled, 9s},
        Verdict{"discord_slow_down_junk", classify_discord, reply(429, R"({"retry_after":-1})"),
                Kind::throttled},
        Verdict{"discord_bad_message", classify_discord, reply(400, "{}"), Kind::refused},
        Verdict{"discord_gone_hook", classify_discord, reply(404, R"({"code":10015})"),
                Kind::misconfigured},
        Verdict{"telegram_ok", classify_telegram, reply(200, R"({"ok":true,"result":{}})"),
                Kind::ok},
        Verdict{"telegram_not_ok", classify_telegram, reply(200, R"({"ok":false})"), Kind::retry},
        Verdict{"telegram_not_json", classify_telegram, reply(200, "ok"), Kind::retry},
        Verdict{"telegram_flood", classify_telegram, reply(429, kFlood), Kind::throttled, 35s},
        Verdict{"telegram_flood_in_200", classify_telegram, reply(200, kFlood), Kind::throttled,
                35s},
        Verdict{
            "telegram_bad_text", classify_telegram,
            reply(
                400,
                R"({"ok":false,"error_code":400,"description":"Bad Request: can't parse entities"})"),
            Kind::refused},
        Verdict{
            "telegram_no_chat", classify_telegram,
            reply(400,
                  R"({"ok":false,"error_code":400,"description":"Bad Request: chat not found"})"),
            Kind::misconfigured},
        Verdict{
            "telegram_moved_chat", classify_telegram,
            reply(
                400,
                R"({"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-100}})"),
            Kind::misconfigured},
        Verdict{"telegram_bad_token", classify_telegram,
                reply(401, R"({"ok":false,"error_code":401,"description":"Unauthorized"})"),
                Kind::misconfigured},
        Verdict{"telegram_blocked", classify_telegram,
                reply(403, R"({"ok":false,"error_code":403,"description":"Forbidden"})"),
                Kind::misconfigured},
        Verdict{"telegram_down", classify_telegram, reply(502, "<html>"), Kind::retry},
        Verdict{"pagerduty_taken", classify_pagerduty, reply(202, R"({"status":"success"})"),
                Kind::ok},
        Verdict{"pagerduty_other_2xx", classify_pagerduty, reply(200), Kind::retry},
        Verdict{"pagerduty_invalid", classify_pagerduty, reply(400, "invalid event"),
                Kind::refused},
        Verdict{"pagerduty_slow_down", classify_pagerduty, reply(429), Kind::throttled},
        Verdict{"pagerduty_down", classify_pagerduty, reply(503), Kind::retry},
        Verdict{"no_connection", classify_telegram, {Fault::connect, 0, {}, {}}, Kind::retry},
        Verdict{"denied", classify_slack, {Fault::denied, 0, {}, "10.0.0.1"}, Kind::misconfigured}),
    [](const auto& tested) { return tested.param.name; });

TEST(Discord, empty_bucket_is_waited_for) {
    HttpReply taken = reply(200, "{}");
    EXPECT_EQ(discord_pause(taken), std::nullopt);
    taken.headers = {{"x-ratelimit-remaining", " 1"}, {"x-ratelimit-reset-after", " 2.5"}};
    EXPECT_EQ(discord_pause(taken), std::nullopt);
    taken.headers["x-ratelimit-remaining"] = " 0\r\n";
    EXPECT_EQ(discord_pause(taken), 2500ms);
}

// ---- the sink around them

class ScriptedPoster final : public HttpPoster {
  public:
    ScriptedPoster(HttpReply said, std::vector<std::string>& bodies)
        : said_(std::move(said)), bodies_(bodies) {}
    HttpReply post(const HttpRequest& request) override {
        bodies_.push_back(request.body);
        return said_;
    }
    void cancel() override {}

  private:
    HttpReply said_;
    std::vector<std::string>& bodies_;
};

Message message_of(const char* sample) {
    Message out;
    out.body = alert_sample(sample).body();
    out.id = alert_sample(sample).read().id;
    return out;
}

RenderedSink rendered(HttpReply said, std::vector<std::string>& bodies,
                      Language language = Language::en) {
    const Service service{[](const Digest& digest) { return slack_request(digest, kSlack); },
                          classify_slack, discord_pause};
    return {{"team", {}, language},
            service,
            Redactor(Secret("https://hooks.slack.example/T0SECRET"), {}),
            std::make_unique<ScriptedPoster>(std::move(said), bodies)};
}

TEST(RenderedSink, sends_one_alert_or_a_group_in_its_language) {
    std::vector<std::string> bodies;
    RenderedSink sink = rendered(reply(200, "ok"), bodies, Language::zh);
    EXPECT_EQ(sink.deliver(message_of("position_firing"), kSentAt).kind, Kind::ok);
    Group group{"msg_g", "key", {message_of("position_firing"), message_of("position_updated")}, 2};
    ASSERT_TRUE(sink.takes_groups());
    EXPECT_EQ(sink.deliver_group(group, kSentAt).kind, Kind::ok);
    ASSERT_EQ(bodies.size(), 2U);
    EXPECT_NE(bodies[0].find("仓位可被清算"), std::string::npos);
    EXPECT_NE(bodies[1].find("共 2 条告警"), std::string::npos);
}

TEST(RenderedSink, what_is_no_alert_is_refused_and_not_sent) {
    std::vector<std::string> bodies;
    RenderedSink sink = rendered(reply(200, "ok"), bodies);
    Message broken;
    broken.body = "{}";
    EXPECT_EQ(sink.deliver(broken, kSentAt).kind, Kind::refused);
    EXPECT_EQ(sink.deliver_group({"msg_g", "key", {}, 0}, kSentAt).kind, Kind::refused);
    EXPECT_EQ(sink.deliver_group({"msg_g", "key", {broken}, 0}, kSentAt).kind, Kind::refused);
    EXPECT_TRUE(bodies.empty());
}

TEST(RenderedSink, hides_its_url_in_what_it_says) {
    std::vector<std::string> bodies;
    RenderedSink sink = rendered(reply(404, "no hook T0SECRET"), bodies);
    EXPECT_EQ(sink.deliver(message_of("heartbeat"), kSentAt).detail,
              "https://hooks.slack.example/…: HTTP 404: no hook ***");
}

TEST(RenderedSink, long_pause_goes_back_to_the_queue) {
    HttpReply said = reply(200, "ok");
    said.headers = {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset-after", "60"}};
    std::vector<std::string> bodies;
    RenderedSink sink = rendered(said, bodies);
    EXPECT_EQ(sink.deliver(message_of("heartbeat"), kSentAt).kind, Kind::ok);
    const Outcome second = sink.deliver(message_of("heartbeat"), kSentAt);
    EXPECT_EQ(second.kind, Kind::throttled);
    EXPECT_GT(second.wait.value_or(0ms), 50s);
    EXPECT_EQ(bodies.size(), 1U);
}

}  // namespace
}  // namespace plimsoll::sinks
