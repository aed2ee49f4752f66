#pragma once

#include "config/settings.hpp"
#include "daemon/routing/silence.hpp"
#include "daemon/routing/traits.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace plimsoll::routing {

/// The alerts that fire, by their keys.
using Board = std::map<std::string, Traits>;

/// What holds alerts back at one moment. Pure: the same board, rules, silences and time give the
/// same answers. References outlive it.
class Mutes {
  public:
    Mutes(std::span<const config::InhibitSettings> inhibits, const Board& board,
          std::span<const Silence> silences, std::int64_t now);

    /// What holds the alert back at a sink: "inhibit:KEY", the alert that fires, or "silence:ID";
    /// empty: nothing. Never anything for realised liquidations, for what the daemon says of
    /// itself, and for messages that end something, which follow what they end.
    std::string muted_by(const Traits& alert, bool is_chat) const;

  private:
    /// Alerts that fire and hold others back, by their values of the labels that must be equal.
    struct Inhibitor {
        const config::InhibitSettings* settings = nullptr;
        std::map<std::string, std::vector<const Traits*>> firing;
    };
    std::string inhibited_by(const Traits& alert, bool is_chat) const;

    std::vector<Inhibitor> inhibitors_;
    std::vector<const Silence*> silences_;
};

}  // namespace plimsoll::routing
