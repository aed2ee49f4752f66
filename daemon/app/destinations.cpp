#include "daemon/app/destinations.hpp"

#include <chrono>

namespace plimsoll::app {
namespace {

std::chrono::milliseconds max_age(const std::string& kind) {
    if (kind == "slack" || kind == "discord" || kind == "telegram") return std::chrono::hours{6};
    if (kind == "pagerduty" || kind == "alertmanager" || kind == "email") {
        return std::chrono::hours{24};
    }
    return std::chrono::milliseconds{store::Destination::kDefaultMaxAgeMs};
}

}  // namespace

std::vector<store::Destination> destinations(const config::Settings& settings) {
    std::vector<store::Destination> out;
    for (const config::SinkSettings& sink : settings.sinks) {
        store::Destination& one = out.emplace_back();
        one.sink = sink.name;
        one.max_age_ms = sink.max_age.value_or(max_age(sink.kind)).count();
        one.keeps_all = sink.kind == "jsonl";
    }
    return out;
}

}  // namespace plimsoll::app
