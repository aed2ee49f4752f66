#include "daemon/app/sink_test.hpp"

#include "daemon/alerts/notices.hpp"
#include "daemon/app/stored_form.hpp"
#include "daemon/sinks/make.hpp"

#include <algorithm>
#include <chrono>

namespace plimsoll::app {
namespace {

/// As a configuration writes it; for people who mistyped one.
std::string names_of(const std::vector<config::SinkSettings>& sinks) {
    std::string out;
    for (const config::SinkSettings& sink : sinks) out += (out.empty() ? "" : ", ") + sink.name;
    return out;
}

}  // namespace

Expected<void, std::string> send_test(const config::Settings& settings, const std::string& sink,
                                      const rules::SignFunction& sign) {
    const auto found =
        std::find_if(settings.sinks.begin(), settings.sinks.end(),
                     [&](const config::SinkSettings& one) { return one.name == sink; });
    if (found == settings.sinks.end()) {
        return Unexpected<std::string>{"there is no sink '" + sink +
                                       "'; the configuration has: " + names_of(settings.sinks)};
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
