#pragma once

#include "config/settings.hpp"
#include "daemon/alerts/alert.hpp"
#include "daemon/outbox/outbox.hpp"
#include "daemon/routing/router.hpp"
#include "daemon/rules/engine.hpp"
#include "daemon/store/store.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace plimsoll::app {

/// What a look at a sink's circuit comes to.
struct SinkNews {
    store::SinkState state;              ///< to be stored, where it differs from what was
    std::optional<alerts::Alert> alert;  ///< to be told to the other sinks
};

/// A sink that has been down or has taken nothing for more than 10 min, or that is gone, is told of
/// once; when it works again that is told, too. Pure. `now_ms` is wall clock.
SinkNews look_at_sink(const outbox::SinkStatus& sink, const store::SinkState& before,
                      std::int64_t now_ms);

/// Tells of delivery itself: messages given up, sinks that are down, and that we live. Everything
/// told is in the store in one transaction with the mark that it was told, so a crash tells nothing
/// twice and forgets nothing. One thread.
class Notices {
  public:
    /// References outlive it.
    struct Parts {
        const config::Settings& settings;
        store::Store& store;
        outbox::Outbox& outbox;
        rules::SignFunction sign;
        routing::RouteFunction route;
        std::function<std::uint64_t()> firing;  ///< how many alerts fire
        /// Seconds between our clock and the newest block of the chain that is nearest to it.
        std::function<std::uint64_t()> clock_off;
    };
    explicit Notices(Parts parts) : parts_(std::move(parts)) {}

    /// Sinks that said they are gone, in an earlier life, stay so.
    void restore(std::span<const store::SinkState> states);
    /// Tells what there is to tell. Call it every second or so.
    void look(std::int64_t now_ms);

  private:
    void look_at_dead_letters(std::int64_t now_ms);
    void look_at_sinks(std::int64_t now_ms);
    void hint_at_clock(const outbox::SinkStatus& sink) const;
    void beat(std::int64_t now_ms);
    store::NewAlert form(const alerts::Alert& alert, const std::string& but_not_to) const;

    Parts parts_;
    std::int64_t next_letters_ms_ = 0;
    std::int64_t next_sinks_ms_ = 0;
    std::int64_t last_beat_ms_ = 0;
};

}  // namespace plimsoll::app
