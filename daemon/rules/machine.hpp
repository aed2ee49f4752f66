#pragma once

#include "daemon/rules/row.hpp"
#include "daemon/rules/rule.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace plimsoll::rules {

/// A message to tell now.
struct Message {
    Decided what;
    std::uint64_t episode = 0;
    std::uint64_t seq = 0;
    bool is_flapping = false;
    std::string retracts;              ///< id taken back
    std::vector<std::string> answers;  ///< ids of orphaned messages this one answers
    BlockRef orphaned;                 ///< of a retraction: the block that left
    std::string state;                 ///< of an answer: "firing", "resolved"
    std::string finality;              ///< of the message's block; empty: what the rule waited for
    bool archives_only = false;
};

/// What one round says about one subject.
struct Tick {
    Verdict verdict = Verdict::unknown;
    std::string gone_reason;
    BlockRef block;
    std::uint64_t at = 0;       ///< the row's own time: the block's, or the wall clock of a source
    std::uint64_t now = 0;      ///< wall clock
    BlockNumber confirmed = 0;  ///< transitions on blocks up to here are told
    bool is_first_look = false;
    bool is_unmuted = false;  ///< nothing holds it back any more where something did
    Mark mark;
    std::function<Payload(const Row&, Word, const std::string& reason)> compose;
};

/// More than this many turns (firing or resolved) within `kTurnWindow` is flapping.
inline constexpr std::size_t kTurnsAllowed = 6;
inline constexpr std::uint64_t kTurnWindow = 3600;
/// How long a flapping subject has to keep still.
inline constexpr std::uint64_t kStill = 1800;

/// Moves one row by one round: inactive -> pending -> firing -> resolving -> inactive. An unknown
/// verdict changes nothing. The messages are in the order they have to be told.
///
/// A flapping subject stays firing until `clear` has held for half an hour; it stops flapping when
/// it has stayed in one state that long.
void step(Row& row, const Rule& rule, const Tick& tick, std::vector<Message>& out);

/// Ends an episode that can no longer be judged: its rule, band or protocol is gone or another one.
/// Told at once, whatever `confirm` says: it is not the chain that changed.
void withdraw(Row& row, const Tick& tick, std::vector<Message>& out);

/// Gives the message its number in `message.episode` and remembers that it was told.
void tell(Row& row, Message message, std::uint64_t now, std::vector<Message>& out);

}  // namespace plimsoll::rules
