#pragma once

#include "daemon/outbox/clock.hpp"
#include "daemon/outbox/events.hpp"
#include "daemon/pulse/pulses.hpp"
#include "daemon/sinks/sink.hpp"
#include "daemon/store/store.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace plimsoll::outbox {

class Pump;

/// Carries what the store says is owed to the sinks, each on its own: at least once, in order per
/// alert key, marked in the store before the first byte and after the answer. What a crash or a
/// stop leaves undone stays owed. Members are safe from any thread.
class Outbox {
  public:
    struct Options {
        Observer* observer = nullptr;       ///< must outlive the outbox
        std::optional<std::uint64_t> seed;  ///< of the jitter; none: a random one
        pulse::Pulses* pulses = nullptr;    ///< where every lane beats; must outlive the outbox
    };

    /// `store` and `clock` must outlive the outbox. Names of sinks must differ.
    Outbox(store::Store& store, std::vector<std::unique_ptr<sinks::Sink>> sinks, Clock& clock,
           Options options);
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;
    ~Outbox();  ///< stops at once

    void start();
    /// Call after each commit that may hold alerts. Never blocks.
    void wake();
    /// An operator asks for what waits at a sink, or at all where `sink` is empty: waits between
    /// attempts are over.
    void hurry(std::string_view sink);
    /// No new attempts; those under way have `grace` to end, then they are cut off (within about a
    /// second). False when some were; their messages stay owed, as all others do.
    bool stop(std::chrono::milliseconds grace);

    /// In the order of the sinks. Asks the store for the counts; without them where it fails.
    std::vector<SinkStatus> status();
    /// The same without what the store knows: without asking it.
    std::vector<SinkStatus> circuits() const;
    /// Takes a sink that said it is gone, or whose circuit is open, into use again at once. False
    /// when there is none of that name.
    bool enable(std::string_view sink);
    /// Uses a sink no more, as if it had said that it is gone. False when there is none of that
    /// name.
    bool disable(std::string_view sink);

  private:
    store::Store& store_;
    Clock& clock_;
    Observer silent_;
    std::vector<std::unique_ptr<Pump>> pumps_;
};

}  // namespace plimsoll::outbox
