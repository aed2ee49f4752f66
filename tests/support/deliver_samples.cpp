// Delivers the sample alerts, and a group of them where it is taken, to every sink of a
// configuration, as the daemon would but without one.
//
//   deliver_samples CONFIG
//
// Prints one JSON object an attempt: sink, sample, kind of the outcome, detail.
#include "config/load.hpp"
#include "daemon/alerts/alert.hpp"
#include "daemon/sinks/make.hpp"
#include "tests/support/alert_samples.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace plimsoll {
namespace {

sinks::Message message_of(const testing::AlertSample& sample) {
    const alerts::ReadAlert alert = sample.read();
    sinks::Message out;
    out.id = alert.id;
    out.alert_key = alert.alert_key;
    out.type = alert.type;
    out.severity = static_cast<int>(alert.severity);
    out.at = alert.at;
    out.body = sample.body();
    return out;
}

sinks::Group group_for(const std::string& sink) {
    sinks::Group out;
    out.key = "hf-low/eip155:1/aave-v3-main";
    out.open = 25;
    std::vector<std::string> ids;
    for (const testing::AlertSample& sample : testing::sample_group()) {
        out.members.push_back(message_of(sample));
        ids.push_back(out.members.back().id);
    }
    out.id = alerts::group_id(sink, out.key, ids);
    return out;
}

void tell(const std::string& sink, const std::string& sample, const sinks::Outcome& outcome) {
    std::cout << nlohmann::json{{"sink", sink},
                                {"sample", sample},
                                {"kind", sinks::to_string(outcome.kind)},
                                {"detail", outcome.detail}}
                     .dump()
              << std::endl;
}

int run(const std::string& path) {
    config::SystemSecrets secrets;
    const auto settings = config::load_settings(path, secrets);
    if (!settings) {
        for (const auto& error : settings.error()) std::cerr << to_string(error) << "\n";
        return 78;
    }
    for (const config::SinkSettings& one : settings->sinks) {
        const auto made = sinks::make_sink(one, settings->daemon.state_dir);
        if (!made) {
            std::cerr << made.error().message << "\n";
            return 78;
        }
        const auto now = [] {
            return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        };
        for (const testing::AlertSample& sample : testing::alert_samples()) {
            tell(one.name, sample.name, (*made)->deliver(message_of(sample), now()));
        }
        if ((*made)->takes_groups()) {
            tell(one.name, "group", (*made)->deliver_group(group_for(one.name), now()));
        }
    }
    return 0;
}

}  // namespace
}  // namespace plimsoll

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: deliver_samples CONFIG\n";
        return 64;
    }
    return plimsoll::run(argv[1]);
}
