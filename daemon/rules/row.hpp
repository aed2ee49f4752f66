#pragma once

#include "daemon/rules/rule.hpp"
#include "daemon/store/store.hpp"
#include "protocols/common/block.hpp"
#include "protocols/common/position.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::rules {

/// `inactive` rows are kept while something about them can still matter: a message whose block can
/// leave the chain, numbers given out, flapping. `happened` is an event's state.
enum class Phase { inactive, pending, firing, resolving, happened };
std::string_view to_string(Phase phase);

/// The last part of a message's type.
enum class Word { firing, repeated, updated, resolved, retracted, fired };
std::string_view to_string(Word word);
std::optional<Word> parse_word(std::string_view text);

/// What a message says, besides where it stands in its episode.
struct Payload {
    std::string title;
    std::string text;
    nlohmann::json extra = nlohmann::json::object();

    friend bool operator==(const Payload&, const Payload&) = default;
};

/// A message that is decided. It is told once its block is confirmed.
struct Decided {
    Word word = Word::firing;
    std::string reason;
    BlockRef block;        ///< parent not kept
    std::uint64_t at = 0;  ///< time of the transition
    Payload payload;
    Mark mark;

    friend bool operator==(const Decided&, const Decided&) = default;
};

/// A message that was told, and not taken back, on a block that can still leave the chain.
struct Told {
    std::uint64_t episode = 0;
    std::uint64_t seq = 0;
    Word word = Word::firing;
    BlockNumber number = 0;  ///< the message's own block
    Bytes32 hash;
    BlockNumber support = 0;  ///< newest block at which it was found to hold
    bool orphaned = false;    ///< no block supports it; an answer is owed

    friend bool operator==(const Told&, const Told&) = default;
};

/// Who and what a row is about: enough to say so when the facts no longer can.
struct Subject {
    std::string type;  ///< as in `Rule`
    std::string protocol;
    std::string subject;
    std::string alert_key;
    std::string phrase;  ///< "position can be liquidated on aave-v3-main"
    std::map<std::string, std::string> labels;
    std::string interval;  ///< of a band: when it changes, the band is another one
    std::optional<protocols::PositionKey> position;
    bool is_standing = false;  ///< about the daemon's eyes: true whatever branch the chain takes

    friend bool operator==(const Subject&, const Subject&) = default;
};

/// One rule's memory of one subject. Everything survives `encode` and `decode`.
struct Row {
    std::string rule;
    std::string fingerprint;
    Subject about;
    Phase phase = Phase::inactive;
    std::uint64_t since = 0;  ///< when the phase began, in the row's own time
    BlockNumber since_block = 0;
    Bytes32 since_hash;
    std::uint64_t episode = 0;
    std::uint64_t opened = 0;  ///< when the condition was first seen
    bool is_initial = false;   ///< it held when the rule first looked
    bool is_flapping = false;
    std::uint64_t last_told = 0;   ///< wall clock; for `repeat`
    std::uint64_t keep_until = 0;  ///< not forgotten before, in the row's own time
    alerts::Severity severity = alerts::Severity::warning;
    Mark mark;                     ///< of the last message
    std::set<std::string> sinks;   ///< that were told of the episode
    std::vector<Decided> decided;  ///< waiting for their block to be confirmed; oldest first
    std::vector<Told> told;        ///< oldest first
    std::map<std::uint64_t, std::uint64_t> seqs;  ///< last `seq` given out, by episode
    std::set<std::pair<std::uint64_t, std::uint64_t>> taken_back;  ///< episode, seq
    std::vector<std::uint64_t> turns;  ///< when it fired or resolved, within the last hour

    friend bool operator==(const Row&, const Row&) = default;

    bool is_open() const { return phase == Phase::firing || phase == Phase::resolving; }
    bool owes_answer() const;
    /// Nothing about the row can matter any more.
    bool is_blank() const;
    /// Enters a phase at a block.
    void enter(Phase next, const BlockRef& block, std::uint64_t at);
};

/// A row as stored; one that is blank is an erased one. The subject is the alert key.
store::RuleStateRow encode(const Row& row, const std::string& chain);
/// None: not a row of this chain, or not one of ours.
std::optional<Row> decode(const store::RuleStateRow& stored, const std::string& chain);

/// That a rule has looked at a protocol: what holds the next time is not `initial`. Stored like a
/// row, with this subject and state.
inline constexpr std::string_view kSeenState = "seen";
store::RuleStateRow encode_seen(const std::string& rule, const std::string& chain,
                                const std::string& protocol, const std::string& fingerprint);
struct Seen {
    std::string protocol;
    std::string fingerprint;
};
std::optional<Seen> decode_seen(const store::RuleStateRow& stored, const std::string& chain);

}  // namespace plimsoll::rules
