#include "daemon/sinks/webhook.hpp"

#include "daemon/alerts/read.hpp"
#include "daemon/alerts/utc.hpp"
#include "daemon/sinks/webhook_signature.hpp"

#include <utility>

namespace plimsoll::sinks {
namespace {

/// What stands in a URI reference, and so in a header: everything else as %XX.
std::string percent_encoded(std::string_view text) {
    static constexpr std::string_view kDigits = "0123456789ABCDEF";
    static constexpr std::string_view kPlain = "-._~:/@!$&'()*+,;=";
    std::string out;
    for (const char c : text) {
        const bool is_word =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (is_word || kPlain.find(c) != std::string_view::npos) {
            out += c;
            continue;
        }
        const auto byte = static_cast<std::uint8_t>(c);
        out += '%';
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 0x0FU];
    }
    return out;
}

void add_cloudevents(HttpRequest& request, const Message& message) {
    const auto alert = alerts::read_body(message.body);
    const std::string source = alert ? percent_encoded(alert->source) : std::string();
    for (auto& header : std::vector<std::pair<std::string, std::string>>{
             {"ce-specversion", "1.0"},
             {"ce-id", message.id},
             {"ce-source", source.empty() ? "plimsoll" : source},
             {"ce-type", message.type},
             {"ce-time", alerts::utc_time(message.at)}}) {
        request.headers.push_back(std::move(header));
    }
}

}  // namespace

HttpRequest webhook_request(const Message& message, const WebhookSettings& settings,
                            std::chrono::sys_seconds now) {
    const std::int64_t timestamp = now.time_since_epoch().count();
    HttpRequest out{settings.url, {}, message.body};
    out.headers = {
        {"content-type", "application/json"},
        {"user-agent", "plimsoll/" PLIMSOLL_VERSION},
        {"webhook-id", message.id},
        {"webhook-timestamp", std::to_string(timestamp)},
    };
    if (!settings.keys.empty()) {
        out.headers.emplace_back("webhook-signature", webhook_signature(settings.keys, message.id,
                                                                        timestamp, message.body));
    }
    if (!message.signature.empty()) {
        out.headers.emplace_back("plimsoll-signature-eip191", message.signature);
        out.headers.emplace_back("plimsoll-signer", message.signer);
    }
    if (!message.typed_signature.empty()) {
        out.headers.emplace_back("plimsoll-signature-eip712", message.typed_signature);
    }
    if (settings.cloudevents) add_cloudevents(out, message);
    return out;
}

WebhookSink::WebhookSink(WebhookSettings settings, Redactor redactor,
                         std::unique_ptr<HttpPoster> poster)
    : settings_(std::move(settings)), redactor_(std::move(redactor)), poster_(std::move(poster)) {}

Outcome WebhookSink::deliver(const Message& message, std::chrono::sys_seconds now) {
    return redactor_.clean(classify(poster_->post(webhook_request(message, settings_, now)), now));
}

}  // namespace plimsoll::sinks
