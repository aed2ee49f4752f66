#pragma once

#include "config/settings.hpp"
#include "daemon/alerts/sign.hpp"
#include "daemon/app/chain_worker.hpp"
#include "daemon/app/notices.hpp"
#include "daemon/app/stop.hpp"
#include "daemon/metrics/metrics.hpp"
#include "daemon/outbox/outbox.hpp"
#include "daemon/pulse/pulses.hpp"
#include "daemon/routing/router.hpp"
#include "daemon/snapshots/snapshotter.hpp"
#include "daemon/store/store.hpp"
#include "daemon/view/view.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::app {

/// Why the daemon cannot work with a configuration, and the exit code that says so.
struct StartError {
    int exit_code = 0;
    std::string message;
};

/// What outlives every configuration.
struct Foundation {
    store::Store& store;
    pulse::Pulses& pulses;
    metrics::Metrics& metrics;
    outbox::Clock& clock;
};

/// Everything that is made of one configuration: signing key, sinks, chains, snapshots. A reload
/// makes another one on the same store; what was decided and sent so far lies there.
///
/// Readers may look at one that has stopped.
class Stages final : public view::Live {
  public:
    /// Checks what reading the file cannot tell. Starts nothing and changes nothing.
    /// `last_snapshot`: unix seconds, so that a reload is no reason for another one; 0: none.
    static Expected<std::unique_ptr<Stages>, StartError> make(config::Settings settings,
                                                              const Foundation& foundation,
                                                              std::int64_t last_snapshot);
    Stages(const Stages&) = delete;
    Stages& operator=(const Stages&) = delete;
    ~Stages() override;

    /// Takes over what the store holds. Nobody else may be working on it. After an error it may be
    /// called again.
    Expected<void, store::StoreError> prepare();
    /// Queues a message of the daemon's own at every sink, routed as all others are. Allowed before
    /// `prepare`.
    Expected<void, store::StoreError> tell(const alerts::Alert& alert);
    void start();
    /// Ends all threads: calls of nodes at once, deliveries under way within `grace`. False when
    /// some of those were cut off; they are made again.
    bool stop(std::chrono::milliseconds grace);

    const config::Settings& settings() const { return settings_; }
    rules::SignFunction signer() const;
    snapshots::Snapshotter& snapshotter() { return *snapshotter_; }
    /// Tells what there is to tell of delivery itself; call it every second or so.
    void look_after_delivery();
    /// Warns once of bands over what no protocol lists: they hold nothing and no rule about them
    /// fires. Call it now and then; it waits until every protocol is known.
    void tell_idle_bands();
    /// Sends a message that says it is a test, past queue and store. The error says why not.
    Expected<void, std::string> test_sink(const std::string& name);
    /// Takes a sink into use again. False when there is none of that name.
    bool enable_sink(const std::string& name);
    /// Looks at the outbox now: somebody changed it.
    void hurry_outbox(std::string_view sink);
    std::vector<outbox::SinkStatus> sinks() const;

    std::vector<view::ChainStatus> chains() const override;
    std::vector<view::ProtocolStatus> protocols() const override;
    void read(const Use& use) const override;

  private:
    Stages(config::Settings settings, const Foundation& foundation, std::int64_t last_snapshot);
    Expected<void, StartError> make_signers();
    std::uint64_t firing() const;
    std::uint64_t clock_off() const;
    void read_from(std::size_t index, std::vector<view::ProtocolView> gathered,
                   const Use& use) const;

    const config::Settings settings_;
    const Foundation foundation_;
    Stop stop_;
    std::optional<alerts::Signer> signer_;
    std::optional<alerts::Signer> previous_signer_;         ///< announces `signer_` once
    std::vector<std::unique_ptr<sinks::Sink>> made_sinks_;  ///< until `prepare`
    routing::Router router_;
    std::unique_ptr<outbox::Outbox> outbox_;
    std::unique_ptr<Notices> notices_;
    std::vector<std::unique_ptr<ChainWorker>> workers_;
    std::unique_ptr<snapshots::Snapshotter> snapshotter_;
    bool are_bands_looked_at_ = false;  ///< by `tell_idle_bands`
};

/// Delivery state of every sink as JSON, for `/status`.
std::string sinks_json(const std::vector<outbox::SinkStatus>& sinks);

}  // namespace plimsoll::app
