// Commits the events it reads to the store and lets the outbox deliver them, as the daemon does
// with those of a round; no chain is followed. May be killed at any time: what was committed is
// owed.
//
//   hand_over CONFIG
//
// Reads one JSON object a line: {"key", "type", "episode", "seq", "at"}, `at` in unix seconds.
// Prints the id of each once its transaction is durable; the same object may be given again. Ends
// at the end of the input, whatever is still owed.
#include "config/load.hpp"
#include "daemon/alerts/alert.hpp"
#include "daemon/app/stored_form.hpp"
#include "daemon/outbox/outbox.hpp"
#include "daemon/sinks/make.hpp"
#include "daemon/store/store.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {
namespace {

constexpr const char* kInstance = "hand-over";
constexpr int kBadConfig = 78;

std::int64_t wall_ms() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

/// As long as an alert about a position.
store::NewAlert alert_of(const nlohmann::json& event, const config::Settings& settings) {
    alerts::Alert about;
    about.type = event.at("type").get<std::string>();
    about.rule = "rule";
    about.severity = alerts::Severity::critical;
    about.chain = "eip155:1";
    about.protocol = "aave-v3";
    about.subject = event.at("key").get<std::string>();
    about.alert_key = alerts::alert_key(about.rule, about.chain, about.protocol, about.subject);
    about.episode = event.at("episode").get<std::uint64_t>();
    about.seq = event.at("seq").get<std::uint64_t>();
    about.at = event.at("at").get<std::uint64_t>();
    about.title = "A position changed";
    about.text = std::string(1'500, 'x');
    std::vector<store::Destination> to;
    for (const config::SinkSettings& sink : settings.sinks) {
        to.push_back(store::Destination{sink.name});
    }
    return app::stored_form(about, kInstance, {}, std::move(to));
}

int run(const std::string& path) {
    config::SystemSecrets secrets;
    const auto settings = config::load_settings(path, secrets);
    if (!settings) {
        for (const auto& error : settings.error()) std::cerr << to_string(error) << "\n";
        return kBadConfig;
    }
    std::vector<std::unique_ptr<sinks::Sink>> made;
    for (const config::SinkSettings& one : settings->sinks) {
        auto sink = sinks::make_sink(one, settings->daemon.state_dir);
        if (!sink) {
            std::cerr << sink.error().message << "\n";
            return kBadConfig;
        }
        made.push_back(std::move(*sink));
    }
    const auto opened = store::Store::open(settings->daemon.state_dir, {});
    if (!opened) {
        std::cerr << opened.error().message << "\n";
        return 1;
    }
    outbox::SystemClock clock;
    outbox::Outbox outbox(*opened->store, std::move(made), clock, {});
    outbox.start();
    for (std::string line; std::getline(std::cin, line);) {
        store::RoundCommit round;
        round.chain = "ethereum";
        round.now_ms = wall_ms();
        round.alerts.push_back(alert_of(nlohmann::json::parse(line), *settings));
        if (const auto committed = opened->store->commit(round); !committed) {
            std::cerr << committed.error().message << "\n";
            return 1;
        }
        outbox.wake();
        std::cout << round.alerts.front().id << std::endl;
    }
    return 0;
}

}  // namespace
}  // namespace plimsoll

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: hand_over CONFIG\n";
        return 64;
    }
    return plimsoll::run(argv[1]);
}
