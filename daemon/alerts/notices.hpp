#pragma once

#include "daemon/alerts/alert.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace plimsoll::alerts {

// What the daemon says of its own delivery. About no chain and no block. `at` is unix seconds.

/// A message that was given up.
struct LostMessage {
    std::string id;
    std::string type;
    std::string alert_key;
    std::string reason;
    std::uint64_t died_ms = 0;  ///< one that is tried again may die again
};
/// One message about all that were given up at a sink: `reasons` counts all of them, `first` are
/// the oldest, never none.
Alert dead_letters(const std::string& sink, const std::map<std::string, std::uint64_t>& reasons,
                   std::span<const LostMessage> first, std::uint64_t at);

/// `since` names the episode. `error` is what the sink said last.
Alert sink_down(const std::string& sink, const std::string& error, bool is_gone,
                std::uint64_t since, std::uint64_t at);
Alert sink_works(const std::string& sink, std::uint64_t since, std::uint64_t at);

/// `firing`: how many alerts fire.
Alert heartbeat(std::uint64_t at, std::uint64_t firing);

/// To see whether a sink works.
Alert test_message(const std::string& sink, std::uint64_t at);

}  // namespace plimsoll::alerts
