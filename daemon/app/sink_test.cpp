#include "daemon/app/sink_test.hpp"

#include "daemon/alerts/notices.hpp"
#include "daemon/app/stored_form.hpp"
#include "daemon/http/names.hpp"
#include "daemon/sinks/make.hpp"

#include <chrono>

namespace plimsoll::app {
namespace {

const config::SinkSettings* find(const config::Settings& settings, const std::string& sink) {
    for (const config::SinkSettings& one : settings.sinks) {
        if (one.name == sink) return &one;
    }
    return nullptr;
}

}  // namespace

std::vector<std::string> sink_names(const config::Settings& settings) {
    std::vector<std::string> names;
    for (const config::SinkSettings& one : settings.sinks) names.push_back(one.name);
    return names;
}

Expected<void, std::string> send_test(const config::Settings& settings, const std::string& sink,
                                      const rules::SignFunction& sign) {
    const config::SinkSettings* const found = find(settings, sink);
    if (found == nullptr) {
        return Unexpected<std::string>{*http::unknown_name("sink", sink, sink_names(settings))};
    }
    const auto made = sinks::make_sink(*found, settings.daemon.state_dir);
    if (!made) return Unexpected<std::string>{made.error().message};
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto at = static_cast<std::uint64_t>(now.time_since_epoch().count());
    const store::NewAlert alert =
        stored_form(alerts::test_message(sink, at), settings.daemon.instance, sign, {});
    const sinks::Message message{
        alert.id,   alert.alert_key, alert.type,   alert.severity,        alert.at,
        alert.body, alert.signature, alert.signer, alert.typed_signature, {}};
    const sinks::Outcome outcome = (*made)->deliver(message, now);
    if (outcome.kind == sinks::Outcome::Kind::ok) return {};
    return Unexpected<std::string>{"sink " + sink + ": " + std::string(to_string(outcome.kind)) +
                                   ": " + outcome.detail};
}

}  // namespace plimsoll::app
