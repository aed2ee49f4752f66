#include "daemon/app/state_lost.hpp"

#include "daemon/alerts/alert.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace plimsoll::app {
namespace {

constexpr std::string_view kType = "daemon.state_lost";

}  // namespace

store::RoundCommit state_lost(const config::Settings& settings, const store::Store::Opened& opened,
                              std::uint64_t now, const rules::SignFunction& sign) {
    const std::string file = std::filesystem::path(opened.moved_aside).filename().string();
    alerts::Alert alert;
    alert.type = kType;
    alert.rule = "state-lost";
    alert.severity = alerts::Severity::critical;
    alert.subject = file;
    alert.alert_key = alerts::alert_key(alert.rule, "", "", file);
    alert.block.time = now;
    alert.at = now;
    alert.title = "Stored state was damaged and is set aside";
    alert.text = "The database does not pass its check (" + opened.defect +
                 "). It is set aside as " + file +
                 ", and everything is read from the chain anew. Messages that waited in it were "
                 "not sent; what was firing is told again where it still holds.";

    store::NewAlert out;
    out.id = alerts::message_id(settings.daemon.instance, alert.alert_key, 0, alert.seq);
    out.alert_key = alert.alert_key;
    out.seq = alert.seq;
    out.type = alert.type;
    out.severity = static_cast<int>(alert.severity);
    out.at = now;
    out.body = alerts::body_of(alert, settings.daemon.instance);
    if (sign) {
        rules::Signature made = sign(out.body);
        out.signature = std::move(made.signature);
        out.signer = std::move(made.signer);
    }
    for (const config::SinkSettings& sink : settings.sinks) {
        store::Destination& destination = out.sinks.emplace_back();
        destination.sink = sink.name;
        destination.keeps_all = sink.kind == "jsonl";
    }
    store::RoundCommit commit;
    commit.now_ms = static_cast<std::int64_t>(now) * 1000;
    commit.alerts.push_back(std::move(out));
    return commit;
}

}  // namespace plimsoll::app
