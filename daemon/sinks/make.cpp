#include "daemon/sinks/make.hpp"

#include "daemon/sinks/jsonl.hpp"
#include "daemon/sinks/webhook.hpp"
#include "daemon/sinks/webhook_signature.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace plimsoll::sinks {
namespace {

using Made = Expected<std::unique_ptr<Sink>, ParseError>;

Unexpected<ParseError> wrong(const config::SinkSettings& settings, const std::string& what) {
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

Expected<HttpRules, ParseError> rules_of(const config::SinkSettings& settings) {
    HttpRules rules;
    rules.allow_http = settings.allow_http;
    rules.total_timeout = settings.timeout;
    rules.connect_timeout = std::min(rules.connect_timeout, settings.timeout);
    for (const std::string& text : settings.allow_private) {
        const auto block = parse_cidr(text);
        if (!block) return wrong(settings, "allow_private: " + block.error().message);
        rules.allow_private.push_back(*block);
    }
    return rules;
}

Made make_webhook(const config::SinkSettings& settings) {
    const std::string scheme = scheme_of(settings.url.reveal());
    if (scheme != "https" && !(scheme == "http" && settings.allow_http)) {
        return wrong(settings, scheme == "http" ? "plain http needs allow_http = true"
                                                : "the URL does not begin with https://");
    }
    WebhookSettings webhook{settings.name, settings.url, {}, {}};
    webhook.limits.lanes = settings.lanes;
    webhook.limits.max_rps = settings.max_rps;
    for (const Secret& secret : settings.secrets) {
        auto key = parse_webhook_secret(secret);
        if (!key) return wrong(settings, key.error().message);
        webhook.keys.push_back(std::move(*key));
    }
    auto rules = rules_of(settings);
    if (!rules) return Unexpected<ParseError>{rules.error()};
    return std::make_unique<WebhookSink>(std::move(webhook),
                                         Redactor(settings.url, settings.secrets),
                                         make_curl_poster(std::move(*rules)));
}

}  // namespace

Made make_sink(const config::SinkSettings& settings, const std::filesystem::path& state_dir) {
    if (settings.kind == "webhook") return make_webhook(settings);
    if (settings.kind == "jsonl") {
        return std::make_unique<JsonlSink>(settings.name, state_dir / settings.path, settings.keep);
    }
    return wrong(settings, "unknown kind '" + settings.kind + "'");
}

}  // namespace plimsoll::sinks
