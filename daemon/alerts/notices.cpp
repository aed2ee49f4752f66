#include "daemon/alerts/notices.hpp"

#include "daemon/alerts/figures.hpp"
#include "daemon/alerts/utc.hpp"

namespace plimsoll::alerts {
namespace {

Alert notice(const char* type, const char* rule, const std::string& subject, std::uint64_t at) {
    Alert out;
    out.type = type;
    out.rule = rule;
    out.subject = subject;
    out.alert_key = alert_key(rule, "", "", subject);
    out.at = at;
    return out;
}

std::string meaning_of(const std::string& reason) {
    if (reason == "expired") return "too old before they could be delivered";
    if (reason == "poison") return "refused three times";
    if (reason == "gone") return "the sink said that it is gone";
    return reason;
}

}  // namespace

Alert dead_letters(const std::string& sink, const std::map<std::string, std::uint64_t>& reasons,
                   std::span<const LostMessage> first, std::uint64_t at) {
    Alert out = notice("daemon.dead_letter.fired", "dead-letter", sink, at);
    // An event of its own: the same deaths are announced once, whatever happens in between.
    out.alert_key += "/" + first.front().id + "-" + std::to_string(first.front().died_ms);
    out.severity = Severity::warning;
    std::uint64_t count = 0;
    std::string why;
    nlohmann::json by_reason = nlohmann::json::object();
    for (const auto& [reason, number] : reasons) {
        count += number;
        by_reason[reason] = number;
        why += (why.empty() ? "" : "; ") + std::to_string(number) + ": " + meaning_of(reason);
    }
    out.title = count_text(count, "alert") + " could not be delivered to " + sink;
    out.text = why +
               ".\nThe archive has them. `plimsoll outbox list --state dead` shows them, "
               "`plimsoll outbox retry` sends them again.";
    nlohmann::json messages = nlohmann::json::array();
    for (const LostMessage& one : first) {
        messages.push_back({{"id", one.id},
                            {"type", one.type},
                            {"alert_key", one.alert_key},
                            {"reason", one.reason}});
    }
    out.extra = {{"sink", sink}, {"count", count}, {"reasons", by_reason}, {"messages", messages}};
    if (count > first.size()) out.extra["more"] = count - first.size();
    return out;
}

Alert sink_down(const std::string& sink, const std::string& error, bool is_gone,
                std::uint64_t since, std::uint64_t at) {
    Alert out = notice("daemon.sink_down.firing", "sink-down", sink, at);
    out.severity = Severity::critical;
    out.episode = since;
    out.title = "Alerts cannot be delivered to " + sink;
    out.text = "Since " + utc_time(since) + ". " + (error.empty() ? "" : error + "\n") +
               (is_gone ? "It said that it is gone, so nothing more is sent there until "
                          "`plimsoll sink enable " +
                              sink + "`."
                        : "Messages wait and are sent once it works again.");
    out.extra = {{"sink", sink}, {"since", since}, {"gone", is_gone}};
    if (!error.empty()) out.extra["error"] = error;
    return out;
}

Alert sink_works(const std::string& sink, std::uint64_t since, std::uint64_t at) {
    Alert out = notice("daemon.sink_down.resolved", "sink-down", sink, at);
    out.severity = Severity::critical;
    out.episode = since;
    out.seq = 2;
    out.title = "Alerts reach " + sink + " again";
    out.text = "They did not since " + utc_time(since) + ".";
    out.extra = {{"sink", sink}, {"since", since}};
    return out;
}

Alert heartbeat(std::uint64_t at, std::uint64_t firing) {
    Alert out = notice("daemon.heartbeat", "heartbeat", "plimsoll", at);
    out.episode = at;
    out.title = "Plimsoll is running";
    out.text = count_text(firing, "alert") + (firing == 1 ? " fires." : " fire.");
    out.extra = {{"firing", firing}};
    return out;
}

Alert test_message(const std::string& sink, std::uint64_t at) {
    Alert out = notice("daemon.test", "test", sink, at);
    out.episode = at;
    out.title = "Test message for " + sink;
    out.text = "Somebody asked for this message to see whether alerts arrive here.";
    out.extra = {{"sink", sink}};
    return out;
}

}  // namespace plimsoll::alerts
