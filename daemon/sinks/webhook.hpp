#pragma once

#include "config/secret.hpp"
#include "daemon/sinks/http_post.hpp"
#include "daemon/sinks/redact.hpp"
#include "daemon/sinks/sink.hpp"

#include <memory>
#include <string>
#include <vector>

namespace plimsoll::sinks {

struct WebhookSettings {
    std::string name;
    Secret url;
    std::vector<Secret> keys;  ///< of `parse_webhook_secret`, newest first; empty: no HMAC
    Limits limits;
    bool cloudevents = false;
};

/// The request of one attempt at `now`. The signatures of the alert itself and its id never change;
/// the timestamp and the HMAC do. With `cloudevents` it is also an event of CloudEvents 1.0 in
/// binary mode: more headers, the same body.
HttpRequest webhook_request(const Message& message, const WebhookSettings& settings,
                            std::chrono::sys_seconds now);

/// Posts each alert to one URL, signed as docs/formats/alerts.md says.
class WebhookSink final : public Sink {
  public:
    /// `redactor` knows the URL and the secrets as they were configured.
    WebhookSink(WebhookSettings settings, Redactor redactor, std::unique_ptr<HttpPoster> poster);

    const std::string& name() const override { return settings_.name; }
    Limits limits() const override { return settings_.limits; }
    Outcome deliver(const Message& message, std::chrono::sys_seconds now) override;
    void cancel() override { poster_->cancel(); }

  private:
    const WebhookSettings settings_;
    const Redactor redactor_;
    const std::unique_ptr<HttpPoster> poster_;
};

}  // namespace plimsoll::sinks
