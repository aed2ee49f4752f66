#pragma once

#include "config/settings.hpp"
#include "daemon/outbox/events.hpp"
#include "daemon/rpc/request_observer.hpp"
#include "daemon/store/store.hpp"
#include "daemon/view/view.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace plimsoll::metrics {

/// What is asked for at every scrape instead of being counted as it happens.
struct Sources {
    const view::Live& live;
    store::Store& store;
    std::function<std::vector<outbox::SinkStatus>()> sinks;
    /// Unix seconds of the last complete snapshot; 0: none yet.
    std::function<std::int64_t()> last_snapshot;
    std::vector<std::string> snapshot_tables;
};

/// The daemon's numbers for Prometheus. Names begin with `plimsoll_`; no label holds an account or
/// a transaction. Counts as things happen, through the observers that the stages know; all of it is
/// safe from any thread.
class Metrics {
  public:
    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    /// Puts every counter that these settings can move at 0, so that it is there before it moves.
    void expect(const config::Settings& settings);
    /// A configuration was read at start or on request, and taken or refused.
    void configuration_read(bool is_taken, std::int64_t unix_seconds);

    outbox::Observer& delivery();
    store::StoreObserver& storage();
    /// Of one chain's endpoints; lives as long as this.
    rpc::RequestObserver& requests(const std::string& chain);
    /// A poll of the chain is over.
    void polled(const std::string& chain, std::chrono::duration<double> took);

    /// The text exposition format, version 0.0.4.
    std::string text(const Sources& sources) const;

  private:
    struct Counted;
    std::unique_ptr<Counted> counted_;
};

}  // namespace plimsoll::metrics
