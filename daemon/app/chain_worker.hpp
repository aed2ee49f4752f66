#pragma once

#include "daemon/app/stop.hpp"
#include "daemon/chain/source.hpp"
#include "daemon/follow/follower.hpp"
#include "daemon/metrics/metrics.hpp"
#include "daemon/rules/engine.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace plimsoll::app {

/// What every chain's worker shares.
struct WorkerParts {
    const config::Settings& settings;
    store::Store& store;
    const Stop& stop;
    metrics::Metrics& metrics;
    std::function<rules::Signature(std::string_view body)> sign;
    std::function<void()> on_commit;
    std::function<void()> on_round;
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
    /// Unix seconds of the last sign of life of the polling thread.
    std::int64_t last_beat() const { return beat_.load(); }

  private:
    void run();

    const config::ChainSettings& chain_;
    const Stop& stop_;
    metrics::Metrics& metrics_;
    std::unique_ptr<chain::Source> source_;
    std::unique_ptr<rules::RuleEngine> rules_;
    std::unique_ptr<follow::Follower> follower_;
    std::atomic<std::int64_t> beat_{0};
    std::thread thread_;
};

/// The host's clock.
std::int64_t unix_seconds();

}  // namespace plimsoll::app
