#include "daemon/sinks/make.hpp"

#include "daemon/sinks/alertmanager.hpp"
#include "daemon/sinks/discord.hpp"
#include "daemon/sinks/email.hpp"
#include "daemon/sinks/jsonl.hpp"
#include "daemon/sinks/pagerduty.hpp"
#include "daemon/sinks/rendered.hpp"
#include "daemon/sinks/slack.hpp"
#include "daemon/sinks/stdout_sink.hpp"
#include "daemon/sinks/telegram.hpp"
#include "daemon/sinks/webhook.hpp"
#include "daemon/sinks/webhook_signature.hpp"

#include <algorithm>
#include <string>
#include <unistd.h>
#include <utility>

namespace plimsoll::sinks {
namespace {

using Made = Expected<std::unique_ptr<Sink>, ParseError>;
using config::SinkSettings;

Unexpected<ParseError> wrong(const SinkSettings& settings, const std::string& what) {
    return parse_error("sink '" + settings.name + "': " + what);
}

/// Lower-case scheme of the URL; empty when it has none.
std::string scheme_of(std::string_view url) {
    const std::size_t end = url.find("://");
    std::string out(url.substr(0, end == std::string_view::npos ? 0 : end));
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

Expected<NetworkRules, ParseError> rules_of(const SinkSettings& settings) {
    NetworkRules rules;
    rules.ca_file = settings.ca_file;
    rules.total_timeout = settings.timeout;
    rules.connect_timeout = std::min(rules.connect_timeout, settings.timeout);
    for (const std::string& text : settings.allow_private) {
        const auto block = parse_cidr(text);
        if (!block) return wrong(settings, "allow_private: " + block.error().message);
        rules.allow_private.push_back(*block);
    }
    return rules;
}

Expected<std::unique_ptr<HttpPoster>, ParseError> poster_of(const SinkSettings& settings) {
    const std::string scheme = scheme_of(settings.url.reveal());
    if (scheme != "https" && !(scheme == "http" && settings.allow_http)) {
        return wrong(settings, scheme == "http" ? "plain http needs allow_http = true"
                                                : "the URL does not begin with https://");
    }
    auto rules = rules_of(settings);
    if (!rules) return Unexpected<ParseError>{rules.error()};
    return make_curl_poster({std::move(*rules), settings.allow_http});
}

/// `rps` is what the service allows.
Limits limits_of(const SinkSettings& settings, unsigned lanes, unsigned rps) {
    Limits out;
    out.lanes = lanes;
    out.max_rps = settings.max_rps.value_or(rps);
    return out;
}

Made make_webhook(const SinkSettings& settings) {
    WebhookSettings webhook{settings.name,
                            settings.url,
                            {},
                            limits_of(settings, settings.lanes, 0),
                            settings.cloudevents};
    for (const Secret& secret : settings.secrets) {
        auto key = parse_webhook_secret(secret);
        if (!key) return wrong(settings, key.error().message);
        webhook.keys.push_back(std::move(*key));
    }
    auto poster = poster_of(settings);
    if (!poster) return Unexpected<ParseError>{poster.error()};
    return std::make_unique<WebhookSink>(
        std::move(webhook), Redactor(settings.url, settings.secrets), std::move(*poster));
}

wording::Language language_of(const SinkSettings& settings) {
    return wording::parse_language(settings.language).value_or(wording::Language::en);
}

Made make_alertmanager(const SinkSettings& settings) {
    auto poster = poster_of(settings);
    if (!poster) return Unexpected<ParseError>{poster.error()};
    AlertmanagerSettings made;
    made.name = settings.name;
    made.url = alertmanager_url(settings.url);
    made.page_url = settings.page_url;
    made.language = language_of(settings);
    made.resend = std::chrono::ceil<std::chrono::seconds>(settings.resend);
    made.limits = limits_of(settings, settings.lanes, 0);
    return std::make_unique<AlertmanagerSink>(std::move(made), Redactor(settings.url, {}),
                                              std::move(*poster));
}

/// A chat is read in the order of its messages, so those go one after the other.
Made make_rendered(const SinkSettings& settings, Service service, Limits limits,
                   const std::vector<Secret>& secrets) {
    auto poster = poster_of(settings);
    if (!poster) return Unexpected<ParseError>{poster.error()};
    return std::make_unique<RenderedSink>(
        RenderedSettings{settings.name, limits, language_of(settings), settings.max_alerts},
        std::move(service), Redactor(settings.url, secrets), std::move(*poster));
}

Made make_slack(const SinkSettings& settings) {
    const SlackSettings slack{settings.url, settings.page_url};
    return make_rendered(
        settings,
        {[slack](const wording::Digest& digest) { return slack_request(digest, slack); },
         classify_slack},
        limits_of(settings, 1, 1), {});
}

Made make_discord(const SinkSettings& settings) {
    const DiscordSettings discord{settings.url, settings.page_url};
    return make_rendered(
        settings,
        {[discord](const wording::Digest& digest) { return discord_request(digest, discord); },
         classify_discord, discord_pause},
        limits_of(settings, 1, 2), {});
}

/// A bot may write once a second into a chat and 20 times a minute into a group, whose id is
/// negative.
Limits telegram_limits(const SinkSettings& settings) {
    Limits out = limits_of(settings, 1, 1);
    if (!settings.chat.starts_with('-') || settings.max_rps) return out;
    out.max_rps = 20;
    out.rate_period = std::chrono::seconds{60};
    return out;
}

Made make_telegram(const SinkSettings& settings) {
    const TelegramSettings telegram{telegram_url(settings.url.reveal(), settings.token),
                                    settings.chat, settings.thread, settings.page_url};
    return make_rendered(
        settings,
        {[telegram](const wording::Digest& digest) { return telegram_request(digest, telegram); },
         classify_telegram},
        telegram_limits(settings), {settings.token});
}

Made make_pagerduty(const SinkSettings& settings) {
    const PagerDutySettings pager{settings.url, settings.routing_key, settings.page_url};
    return make_rendered(
        settings,
        {[pager](const wording::Digest& digest) { return pagerduty_request(digest, pager); },
         classify_pagerduty},
        limits_of(settings, 1, 10), {settings.routing_key});
}

Made make_email(const SinkSettings& settings) {
    auto network = rules_of(settings);
    if (!network) return Unexpected<ParseError>{network.error()};
    const std::string scheme = scheme_of(settings.server);
    if (scheme != "smtps" && scheme != "smtp") {
        return wrong(settings, "the server does not begin with smtps:// or smtp://");
    }
    if (settings.allow_plain && !settings.password.empty()) {
        return wrong(settings, "a password is never sent without TLS");
    }
    SmtpRules rules{std::move(*network), Secret(std::string_view(settings.server)), settings.user,
                    settings.password, settings.allow_plain};
    EmailSettings email;
    email.name = settings.name;
    email.mail = {settings.from, settings.to, settings.page_url};
    email.language = language_of(settings);
    email.limits = limits_of(settings, 1, 1);
    email.max_listed = settings.max_alerts;
    Redactor redactor(rules.url, {}, {settings.user, settings.password});
    return std::make_unique<EmailSink>(std::move(email), std::move(redactor),
                                       make_smtp_sender(std::move(rules)));
}

}  // namespace

Made make_sink(const SinkSettings& settings, const std::filesystem::path& state_dir) {
    if (settings.kind == "webhook") return make_webhook(settings);
    if (settings.kind == "alertmanager") return make_alertmanager(settings);
    if (settings.kind == "slack") return make_slack(settings);
    if (settings.kind == "discord") return make_discord(settings);
    if (settings.kind == "telegram") return make_telegram(settings);
    if (settings.kind == "pagerduty") return make_pagerduty(settings);
    if (settings.kind == "email") return make_email(settings);
    if (settings.kind == "stdout") {
        return std::make_unique<StdoutSink>(settings.name, STDOUT_FILENO);
    }
    if (settings.kind == "jsonl") {
        return std::make_unique<JsonlSink>(settings.name, state_dir / settings.path, settings.keep);
    }
    return wrong(settings, "unknown kind '" + settings.kind + "'");
}

}  // namespace plimsoll::sinks
