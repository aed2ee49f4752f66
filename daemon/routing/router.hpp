#pragma once

#include "config/settings.hpp"
#include "daemon/routing/grouping.hpp"
#include "daemon/routing/mutes.hpp"
#include "daemon/store/store.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace plimsoll::routing {

/// The decision itself, without clock, store or lock: which alerts of a round are told where, and
/// with whom. Knows what fires and what was held back.
///
/// Same history of rounds, silences and times: same decisions.
class Plan {
  public:
    Plan(std::map<std::string, SinkTraits> sinks, std::vector<config::InhibitSettings> inhibits);

    /// As the store has it. Mutes of alerts that fire no longer are forgotten; the result erases
    /// them.
    std::vector<store::MuteRow> load(std::span<const store::StoredAlert> open,
                                     std::span<const store::MuteRow> mutes);
    /// Takes sinks at which an alert is held back off it, notes why in `muted_by` and in
    /// `round.mutes`, and tells what is grouped. Alerts that say `unmuted` go only where something
    /// was held back.
    void route(store::RoundCommit& round, std::span<const Silence> silences, std::int64_t now);
    /// Keys of alerts that fire and are no longer held back somewhere where they were.
    std::set<std::string> unmuted(std::span<const Silence> silences, std::int64_t now) const;
    bool has_mutes() const { return !muted_.empty(); }

  private:
    using Muted = std::map<std::string, std::map<std::string, std::string>>;  // key, sink, by

    void follow(const store::RoundCommit& round, const std::vector<Traits>& traits);
    void route_one(store::NewAlert& alert, const Traits& traits, const Mutes& mutes,
                   std::vector<store::MuteRow>& changes);
    bool is_chat(const std::string& sink) const;
    void forget(const std::string& key, std::vector<store::MuteRow>& changes);

    const std::map<std::string, SinkTraits> sinks_;
    const std::vector<config::InhibitSettings> inhibits_;
    Board board_;
    Muted muted_;
};

/// As `Plan::route`, with the silences and the time.
using RouteFunction = std::function<void(store::RoundCommit&)>;

/// `Plan` on a store, shared by all chains. Safe from any thread.
class Router {
  public:
    /// `store` outlives this.
    Router(store::Store& store, const config::Settings& settings);

    /// Takes over what the store holds. What is routed before is held back by nothing but silences.
    Expected<void, store::StoreError> load();
    /// See `Plan`. `round.now_ms` is the time.
    void route(store::RoundCommit& round);
    std::set<std::string> unmuted(std::int64_t now);

  private:
    const std::vector<Silence>& silences();

    store::Store& store_;
    std::mutex mutex_;  // guards the members below
    Plan plan_;
    std::vector<Silence> silences_;  ///< as last read
};

}  // namespace plimsoll::routing
