#include "daemon/routing/grouping.hpp"

namespace plimsoll::routing {

std::string group_of(const Traits& alert, const std::vector<std::string>& labels) {
    std::string out;
    for (const std::string& label : labels) {
        out += (out.empty() ? "" : ", ") + label + "=" + alert.value(label);
    }
    return out;
}

bool is_urgent(const Traits& alert) {
    using alerts::State;
    if (alert.alert.severity != alerts::Severity::critical || alert.alert.is_over()) return false;
    switch (alert.alert.state) {
        case State::firing:
        case State::fired:
        case State::updated:
        case State::other:  // what the daemon says of itself
            return true;
        case State::repeated:  // one that was held back is news
            return alert.alert.reason == "unmuted";
        case State::resolved:
        case State::retracted:
            break;
    }
    return false;
}

store::Destination grouped(store::Destination destination, const SinkTraits& sink,
                           const Traits& alert) {
    if (sink.group_by.empty() || destination.keeps_all) return destination;
    destination.group = group_of(alert, sink.group_by);
    if (is_urgent(alert)) return destination;
    destination.hold_ms = sink.group_wait_ms;
    destination.interval_ms = sink.group_interval_ms;
    return destination;
}

}  // namespace plimsoll::routing
