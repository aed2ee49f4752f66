#include "daemon/sinks/alertmanager.hpp"

#include "daemon/alerts/utc.hpp"
#include "daemon/sinks/fitting.hpp"
#include "daemon/sinks/json_request.hpp"
#include "daemon/wording/digest.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace plimsoll::sinks {
namespace {

using alerts::ReadAlert;
using nlohmann::json;
using std::chrono::sys_seconds;

constexpr std::chrono::minutes kAfterEnd{5};  ///< an end is repeated, and an event lasts, so long
constexpr sys_seconds kNever = sys_seconds::max();
constexpr std::chrono::seconds kLongestTurn{30};
constexpr std::size_t kMaxBatch = 64;
constexpr std::size_t kMaxStanding = 50'000;
constexpr std::size_t kLabelValue = 1024;

sys_seconds time_of(std::uint64_t unix_seconds) {
    return sys_seconds{std::chrono::seconds{static_cast<std::int64_t>(unix_seconds)}};
}

std::string rfc3339(sys_seconds time) {
    const auto seconds = std::max<std::int64_t>(time.time_since_epoch().count(), 0);
    return alerts::utc_time(static_cast<std::uint64_t>(seconds));
}

/// [a-zA-Z_][a-zA-Z0-9_]*, which is all that a label's name may be.
std::string label_name(const std::string& name) {
    std::string out;
    for (const char c : name) {
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        const bool is_digit = c >= '0' && c <= '9';
        if (out.empty() && is_digit) out += '_';
        out += is_letter || is_digit ? c : '_';
    }
    return out.empty() ? "_" : out;
}

/// "<transaction>/<log index>": the last parts of an event's key but the account.
std::string event_of(const ReadAlert& alert) {
    if (!alert.is_event() || alert.state == alerts::State::other) return {};
    const std::size_t account = alert.alert_key.rfind('/');
    if (account == std::string::npos || account == 0) return {};
    const std::size_t log = alert.alert_key.rfind('/', account - 1);
    if (log == std::string::npos || log == 0) return {};
    const std::size_t tx = alert.alert_key.rfind('/', log - 1);
    const std::size_t begin = tx == std::string::npos ? 0 : tx + 1;
    return alert.alert_key.substr(begin, account - begin);
}

json labels_of(const ReadAlert& alert) {
    json out = json::object();
    // An empty value is the same as no label.
    const auto put = [&](const std::string& name, const std::string& value) {
        if (!value.empty()) {
            out[name] = fit(wording::one_line(value), kLabelValue, escape_nothing);
        }
    };
    for (const auto& [name, value] : alert.labels) put(label_name(name), value);
    put("event", event_of(alert));
    put("alertname", alert.condition);
    put("rule", alert.rule);
    put("severity", std::string(alerts::to_string(alert.severity)));
    put("chain", alert.chain);
    put("protocol", alert.protocol);
    put("subject", alert.subject);
    put("source", alert.source);
    return out;
}

bool has_ended(const ReadAlert& alert) { return alert.is_over() && !alert.goes_on(); }

/// When it began, never after `now`: a chain's clock may be ahead of ours.
sys_seconds start_of(const ReadAlert& alert, sys_seconds now) {
    const auto since = alerts::integer_at(alert.data, "since").value_or(alert.at);
    return std::min(time_of(since), now);
}

sys_seconds end_of(const ReadAlert& alert, std::chrono::seconds resend, sys_seconds now) {
    if (has_ended(alert)) return std::clamp(time_of(alert.at), start_of(alert, now), now);
    if (alert.is_event()) return now + kAfterEnd;
    return now + 3 * resend;
}

}  // namespace

Secret alertmanager_url(const Secret& server) {
    std::string_view base = server.reveal();
    while (base.ends_with('/')) base.remove_suffix(1);
    return Secret(std::string(base) + "/api/v2/alerts");
}

json alertmanager_alert(const ReadAlert& alert, const AlertmanagerSettings& settings,
                        sys_seconds now) {
    const wording::Digest digest = make_digest(alert, settings.language);
    json out{{"labels", labels_of(alert)},
             {"annotations",
              {{"summary", digest.title}, {"description", plain_text(digest)}, {"id", alert.id}}},
             {"startsAt", rfc3339(start_of(alert, now))},
             {"endsAt", rfc3339(end_of(alert, settings.resend, now))}};
    if (!settings.page_url.empty()) out["generatorURL"] = settings.page_url;
    return out;
}

HttpRequest alertmanager_request(const json& alerts, const AlertmanagerSettings& settings) {
    return json_request(settings.url, alerts);
}

AlertmanagerSink::AlertmanagerSink(AlertmanagerSettings settings, Redactor redactor,
                                   std::unique_ptr<HttpPoster> poster)
    : settings_(std::move(settings)), redactor_(std::move(redactor)), poster_(std::move(poster)) {}

Limits AlertmanagerSink::limits() const {
    Limits out = settings_.limits;
    out.maintain_every = settings_.resend;
    return out;
}

/// An alert whose labels changed is another one to Alertmanager: the old one ends.
json AlertmanagerSink::take_ended(const ReadAlert& alert, const std::string& labels,
                                  sys_seconds now) const {
    const std::lock_guard lock(mutex_);
    const auto known = standing_.find(alert.alert_key);
    if (known == standing_.end() || known->second.labels == labels) return nullptr;
    const auto old = alerts::read_body(known->second.body);
    if (!old) return nullptr;
    json out = alertmanager_alert(*old, settings_, now);
    out["endsAt"] = rfc3339(now);
    return out;
}

Outcome AlertmanagerSink::deliver(const Message& message, sys_seconds now) {
    const auto alert = alerts::read_body(message.body);
    if (!alert) return {Outcome::Kind::refused, std::nullopt, alert.error().message};
    json batch = json::array({alertmanager_alert(*alert, settings_, now)});
    const std::string labels = batch.front().at("labels").dump();
    if (json ended = take_ended(*alert, labels, now); !ended.is_null()) {
        batch.push_back(std::move(ended));
    }
    Outcome outcome = classify(poster_->post(alertmanager_request(batch, settings_)), now);
    if (outcome.kind == Outcome::Kind::ok) keep(*alert, message.body, labels, now);
    return redactor_.clean(std::move(outcome));
}

void AlertmanagerSink::keep(const ReadAlert& alert, const std::string& body,
                            const std::string& labels, sys_seconds now) {
    const bool passes = has_ended(alert) || alert.is_event();
    const std::lock_guard lock(mutex_);
    if (standing_.size() >= kMaxStanding && !standing_.contains(alert.alert_key)) return;
    standing_[alert.alert_key] = {body, labels, passes ? now + kAfterEnd : kNever};
}

void AlertmanagerSink::restore(std::span<const Message> standing) {
    for (const Message& message : standing) {
        const auto alert = alerts::read_body(message.body);
        if (!alert || has_ended(*alert) || alert->is_event()) continue;
        keep(*alert, message.body, labels_of(*alert).dump(), {});
    }
}

/// Keys and bodies, beginning after the one that was sent last.
std::vector<std::pair<std::string, AlertmanagerSink::Standing>> AlertmanagerSink::due(
    sys_seconds now) {
    const std::lock_guard lock(mutex_);
    std::erase_if(standing_, [&](const auto& one) { return one.second.until <= now; });
    std::vector<std::pair<std::string, Standing>> out{standing_.begin(), standing_.end()};
    const auto first = std::find_if(out.begin(), out.end(),
                                    [&](const auto& one) { return one.first > sent_up_to_; });
    std::rotate(out.begin(), first, out.end());
    return out;
}

void AlertmanagerSink::maintain(sys_seconds now, const Report& report) {
    const auto all = due(now);
    const auto deadline = std::chrono::steady_clock::now() + kLongestTurn;
    for (std::size_t from = 0; from < all.size(); from += kMaxBatch) {
        json batch = json::array();
        const std::size_t end = std::min(all.size(), from + kMaxBatch);
        for (std::size_t i = from; i < end; ++i) {
            const auto alert = alerts::read_body(all[i].second.body);
            if (!alert) continue;
            batch.push_back(alertmanager_alert(*alert, settings_, now));
            // What happened does not go on by being told again.
            if (alert->is_event()) batch.back()["endsAt"] = rfc3339(all[i].second.until);
        }
        const Outcome outcome =
            redactor_.clean(classify(poster_->post(alertmanager_request(batch, settings_)), now));
        const bool goes_on = report(outcome);
        // One alert that is not wanted, and its batch with it, must not keep the others from
        // being told.
        const bool is_passed =
            outcome.kind == Outcome::Kind::ok || outcome.kind == Outcome::Kind::refused;
        if (!is_passed) return;
        sent_up_to_ = all[end - 1].first;
        if (!goes_on || std::chrono::steady_clock::now() >= deadline) return;
    }
}

std::size_t AlertmanagerSink::standing() const {
    const std::lock_guard lock(mutex_);
    return standing_.size();
}

}  // namespace plimsoll::sinks
