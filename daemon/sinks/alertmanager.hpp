#pragma once

#include "daemon/alerts/read.hpp"
#include "daemon/sinks/http_post.hpp"
#include "daemon/sinks/redact.hpp"
#include "daemon/sinks/sink.hpp"
#include "daemon/wording/language.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>

namespace plimsoll::sinks {

struct AlertmanagerSettings {
    std::string name;
    Secret url;            ///< of `/api/v2/alerts`
    std::string page_url;  ///< `generatorURL`; may be empty
    wording::Language language = wording::Language::en;
    std::chrono::seconds resend{60};
    Limits limits;
};
/// The server's address with the path of the API.
Secret alertmanager_url(const Secret& server);

/// One alert as Alertmanager's API v2 takes it. Labels are what identifies it there: alertname,
/// rule, severity, chain, protocol, subject, source, the alert's own labels, and `event` for what
/// happened in one log. While it fires it ends three times `resend` after `now` unless it is sent
/// again; an event ends after 5 min.
nlohmann::json alertmanager_alert(const alerts::ReadAlert& alert,
                                  const AlertmanagerSettings& settings,
                                  std::chrono::sys_seconds now);
HttpRequest alertmanager_request(const nlohmann::json& alerts,
                                 const AlertmanagerSettings& settings);

/// Sends each alert, and every `resend` all that fire and those that ended in the last 5 min: that
/// is how Alertmanager learns that they still do, and what it has lost when it was restarted. A
/// turn takes half a minute at most and ends when nothing is taken; the next one goes on from
/// there.
class AlertmanagerSink final : public Sink {
  public:
    AlertmanagerSink(AlertmanagerSettings settings, Redactor redactor,
                     std::unique_ptr<HttpPoster> poster);

    const std::string& name() const override { return settings_.name; }
    Limits limits() const override;
    Outcome deliver(const Message& message, std::chrono::sys_seconds now) override;
    void cancel() override { poster_->cancel(); }
    void maintain(std::chrono::sys_seconds now, const Report& report) override;
    bool keeps_alive() const override { return true; }
    void restore(std::span<const Message> standing) override;

    std::size_t standing() const;

  private:
    /// What was taken last of one alert.
    struct Standing {
        std::string body;
        std::string labels;
        std::chrono::sys_seconds until;  ///< not sent again from then on
    };

    void keep(const alerts::ReadAlert& alert, const std::string& body, const std::string& labels,
              std::chrono::sys_seconds now);
    nlohmann::json take_ended(const alerts::ReadAlert& alert, const std::string& labels,
                              std::chrono::sys_seconds now) const;
    std::vector<std::pair<std::string, Standing>> due(std::chrono::sys_seconds now);

    const AlertmanagerSettings settings_;
    const Redactor redactor_;
    const std::unique_ptr<HttpPoster> poster_;
    mutable std::mutex mutex_;  // guards standing_
    std::map<std::string, Standing> standing_;
    std::string sent_up_to_;  // key of the last one sent again; of the thread that maintains
};

}  // namespace plimsoll::sinks
