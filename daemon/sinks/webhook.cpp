#include "daemon/sinks/webhook.hpp"

#include "daemon/sinks/webhook_signature.hpp"

#include <utility>

namespace plimsoll::sinks {
namespace {

constexpr std::size_t kMaxDetail = 512;  // bytes

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
    return out;
}

WebhookSink::WebhookSink(WebhookSettings settings, Redactor redactor,
                         std::unique_ptr<HttpPoster> poster)
    : settings_(std::move(settings)), redactor_(std::move(redactor)), poster_(std::move(poster)) {}

Outcome WebhookSink::deliver(const Message& message, std::chrono::sys_seconds now) {
    Outcome outcome = classify(poster_->post(webhook_request(message, settings_, now)), now);
    if (!outcome.detail.empty()) {
        outcome.detail = redactor_.clean(redactor_.shown_url() + ": " + outcome.detail, kMaxDetail);
    }
    return outcome;
}

}  // namespace plimsoll::sinks
