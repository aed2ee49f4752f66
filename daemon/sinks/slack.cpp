#include "daemon/sinks/slack.hpp"

#include "daemon/sinks/fitting.hpp"
#include "daemon/sinks/json_request.hpp"

#include <nlohmann/json.hpp>

namespace plimsoll::sinks {
namespace {

using nlohmann::json;
using wording::Digest;

constexpr std::size_t kSlackHeader = 150;
constexpr std::size_t kSlackSection = 3000;
constexpr std::size_t kSlackText = 1024;

std::string slack_text(const std::string& text, std::size_t max) {
    return fit(text, max, escape_entities);
}

json plain(std::string text) {
    return {{"type", "plain_text"}, {"text", std::move(text)}, {"emoji", false}};
}

json section(const std::vector<std::string>& lines) {
    return {{"type", "section"}, {"text", plain(fit_lines(lines, kSlackSection))}};
}

json context(const Digest& digest, const std::string& page_url) {
    const std::string id = wording::short_id(digest.id);
    json text = plain(id);
    if (!page_url.empty()) {
        text = {{"type", "mrkdwn"},
                {"text", "<" + slack_text(page_url, kSlackText) + "|" + id + ">"},
                {"verbatim", true}};
    }
    return {{"type", "context"}, {"elements", json::array({std::move(text)})}};
}

}  // namespace

HttpRequest slack_request(const Digest& digest, const SlackSettings& settings) {
    json blocks = json::array();
    blocks.push_back(
        {{"type", "header"}, {"text", plain(slack_text(digest.headline(), kSlackHeader))}});
    std::vector<std::string> facts;
    for (const auto& fact : digest.facts)
        facts.push_back(slack_text(digest.line(fact), kSlackText));
    if (!facts.empty()) blocks.push_back(section(facts));
    if (!digest.remark.empty()) {
        blocks.push_back(section({slack_text(digest.remark, kSlackSection)}));
    }
    std::vector<std::string> members;
    for (const auto& member : digest.members) {
        members.push_back(slack_text(digest.line(member), kSlackText));
    }
    if (digest.more != 0) members.push_back(digest.more_line());
    if (!members.empty()) blocks.push_back(section(members));
    blocks.push_back(context(digest, settings.page_url));
    return json_request(settings.url, {{"text", slack_text(digest.headline(), kSlackText)},
                                       {"blocks", std::move(blocks)}});
}

Outcome classify_slack(const HttpReply& reply, std::chrono::sys_seconds now) {
    Outcome out = classify(reply, now);
    if (out.kind != Outcome::Kind::ok || reply.text == "ok") return out;
    // Something between us and Slack answered; nobody knows whether the message arrived.
    return {Outcome::Kind::retry, std::nullopt,
            "HTTP " + std::to_string(reply.status) + " without \"ok\": " + reply.text};
}

}  // namespace plimsoll::sinks
