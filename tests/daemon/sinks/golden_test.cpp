// What every service is sent for every kind of alert, in both languages, as files that people can
// read. Set PLIMSOLL_WRITE_GOLDEN=1 to write them anew, and look at the difference.
#include "daemon/sinks/alertmanager.hpp"
#include "daemon/sinks/discord.hpp"
#include "daemon/sinks/mail.hpp"
#include "daemon/sinks/pagerduty.hpp"
#include "daemon/sinks/slack.hpp"
#include "daemon/sinks/telegram.hpp"
#include "tests/support/alert_samples.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace plimsoll::sinks {
namespace {

using nlohmann::ordered_json;
using testing::alert_samples;
using wording::Digest;
using wording::Language;

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds{1'768'478'500}};
const std::string kPage = "https://plimsoll.example/?a=b&c=d";

ordered_json shown(const HttpRequest& request) {
    ordered_json out;
    out["url"] = std::string(request.url.reveal());
    for (const auto& [name, value] : request.headers) {
        out["headers"][name] = name == "user-agent" ? "plimsoll/VERSION" : value;
    }
    out["body"] = ordered_json::parse(request.body);
    return out;
}

ordered_json shown_mail(const std::string& mail) {
    const std::size_t blank = mail.find("\r\n\r\n");
    ordered_json out;
    out["headers"] = ordered_json::array();
    for (std::size_t at = 0; at < blank;) {
        const std::size_t end = mail.find("\r\n", at);
        out["headers"].push_back(mail.substr(at, end - at));
        at = end + 2;
    }
    out["text_base64_lines"] = ordered_json::array();
    for (std::size_t at = blank + 4; at < mail.size();) {
        const std::size_t end = mail.find("\r\n", at);
        out["text_base64_lines"].push_back(mail.substr(at, end - at));
        at = end + 2;
    }
    return out;
}

struct Case {
    const char* name;
    ordered_json (*render)(const Digest&);
};

ordered_json slack(const Digest& digest) {
    return shown(slack_request(digest, {Secret("https://hooks.slack.example/T/B/x"), kPage}));
}
ordered_json discord(const Digest& digest) {
    return shown(
        discord_request(digest, {Secret("https://discord.example/api/webhooks/1/x"), kPage}));
}
ordered_json telegram(const Digest& digest) {
    const Secret url = telegram_url("https://api.telegram.org/", Secret("1:x"));
    return shown(telegram_request(digest, {url, "-100123", 7, kPage}));
}
ordered_json pagerduty(const Digest& digest) {
    return shown(pagerduty_request(
        digest, {Secret("https://events.pagerduty.com/v2/enqueue"), Secret("R0UT1NG"), kPage}));
}
ordered_json email(const Digest& digest) {
    const MailSettings settings{"Plimsoll <plimsoll@mail.example>",
                                {"risk@mail.example", "Night Desk <desk@mail.example>"},
                                kPage};
    return shown_mail(mail_text(digest, settings, kNow));
}

void compare(const std::string& name, const ordered_json& rendered) {
    const std::string path =
        std::string(PLIMSOLL_SOURCE_DIR) + "/tests/daemon/sinks/golden/" + name + ".json";
    const std::string text = rendered.dump(2) + "\n";
    if (std::getenv("PLIMSOLL_WRITE_GOLDEN") != nullptr) std::ofstream(path) << text;
    std::ifstream file(path);
    const std::string kept{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    EXPECT_TRUE(kept == text) << path << " differs; run with PLIMSOLL_WRITE_GOLDEN=1 and look at "
                              << "the difference";
}

std::string name_of(Language language) { return language == Language::en ? "en" : "zh"; }

class Golden : public ::testing::TestWithParam<std::tuple<Case, Language>> {};

TEST_P(Golden, is_what_the_file_says) {
    const auto& [service, language] = GetParam();
    ordered_json all;
    for (const auto& sample : alert_samples()) {
        all[sample.name] = service.render(make_digest(sample.read(), language));
    }
    all["group"] = service.render(
        make_digest(testing::read_all(testing::sample_group()),
                    {"msg_" + std::string(32, 'e'), "hf-low/aave-v3-main", 25}, language));
    compare(std::string(service.name) + "." + name_of(language), all);
}

INSTANTIATE_TEST_SUITE_P(
    Services, Golden,
    ::testing::Combine(::testing::Values(Case{"slack", slack}, Case{"discord", discord},
                                         Case{"telegram", telegram}, Case{"pagerduty", pagerduty},
                                         Case{"email", email}),
                       ::testing::Values(Language::en, Language::zh)),
    [](const auto& tested) {
        return std::string(std::get<0>(tested.param).name) +
               (std::get<1>(tested.param) == Language::en ? "_en" : "_zh");
    });

TEST(GoldenAlertmanager, is_what_the_file_says) {
    for (const Language language : {Language::en, Language::zh}) {
        AlertmanagerSettings settings;
        settings.url = alertmanager_url(Secret("http://127.0.0.1:9093/"));
        settings.page_url = kPage;
        settings.language = language;
        ordered_json all;
        for (const auto& sample : alert_samples()) {
            const auto alert = alertmanager_alert(sample.read(), settings, kNow);
            all[sample.name] =
                shown(alertmanager_request(nlohmann::json::array({alert}), settings));
        }
        compare("alertmanager." + name_of(language), all);
    }
}

}  // namespace
}  // namespace plimsoll::sinks
