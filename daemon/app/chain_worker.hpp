#pragma once

#include "daemon/app/stop.hpp"
#include "daemon/chain/source.hpp"
#include "daemon/follow/follower.hpp"
#include "daemon/metrics/metrics.hpp"
#include "daemon/pulse/pulses.hpp"
#include "daemon/routing/router.hpp"
#include "daemon/rules/engine.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace plimsoll::app {

/// What every chain's worker shares. References outlive it.
struct WorkerParts {
    const config::Settings& settings;
    store::Store& store;
    pulse::Pulses& pulses;
    const Stop& stop;
    metrics::Metrics& metrics;
    rules::SignFunction sign;
    std::function<void()> on_commit;
    std::function<void()> on_round;
    routing::Router& router;
};

/// One chain: its source, its rules, its follower, and the thread that polls.
class ChainWorker {
  public:
    ChainWorker(const config::ChainSettings& chain, const WorkerParts& parts,
                std::span<const store::RuleStateRow> rule_rows);
    ~ChainWorker();

    void start();
    /// Makes the thread end soon.
    void cancel();
    void join();

    follow::Follower& follower() { return *follower_; }
    const follow::Follower& follower() const { return *follower_; }

  private:
    void run();

    const config::ChainSettings& chain_;
    const Stop& stop_;
    metrics::Metrics& metrics_;
    pulse::Pulse pulse_;
    std::unique_ptr<chain::Source> source_;
    std::unique_ptr<rules::RuleEngine> rules_;
    std::unique_ptr<follow::Follower> follower_;
    std::thread thread_;
};

/// What the rules of one chain are told of the configuration.
rules::EngineSettings engine_settings(const config::Settings& settings, const std::string& chain,
                                      const std::string& caip2, rules::SignFunction sign);

}  // namespace plimsoll::app
