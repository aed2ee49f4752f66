#pragma once

#include "abi/expected.hpp"
#include "daemon/alerts/alert.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::alerts {

/// The last part of a type. `other` are types without a state, such as `daemon.heartbeat`.
enum class State { firing, repeated, updated, resolved, retracted, fired, other };
/// `other` where no state is called so.
State state_of(std::string_view word);

/// An alert as its stored bytes tell it; what sinks render from.
struct ReadAlert {
    std::string id;
    std::string source;
    std::string type;       ///< whole: "position.liquidatable.firing"
    std::string condition;  ///< without the state: "position.liquidatable"
    State state = State::other;
    Severity severity = Severity::info;
    std::string alert_key;
    std::string rule;
    std::string chain;  ///< CAIP-2
    std::string protocol;
    std::string subject;
    std::string title;
    std::string text;
    std::string reason;  ///< empty: none
    std::map<std::string, std::string> labels;
    std::uint64_t episode = 0;
    std::uint64_t at = 0;  ///< unix seconds of the transition
    std::uint64_t block = 0;
    std::uint64_t block_time = 0;
    std::string block_hash;
    std::string finality;
    nlohmann::json data;  ///< all of `data`; read it by the functions below

    /// Something that happened, rather than a condition that holds and ends.
    bool is_event() const { return episode == 0; }
    /// Whether nothing of it holds any more: resolved, taken back, or moved as a resolved one.
    bool is_over() const;
    /// Only a message was taken back: the alert it belongs to still fires.
    bool goes_on() const;
};

/// Reads what `body_of` wrote. Members that a kind may lack are empty or 0; the error is that one
/// that every alert has is missing or of another type.
Expected<ReadAlert, ParseError> read_body(std::string_view body);

/// The object, read with a bound on its depth: deeper parts are cut off.
std::optional<nlohmann::json> parse_object(std::string_view text);

/// `{"raw":"...","decimals":n}` at a member of an object.
struct Amount {
    U256 raw;
    unsigned decimals = 0;
};
std::optional<Amount> amount_at(const nlohmann::json& object, std::string_view name);
/// Empty where the member is absent or no text.
std::string text_at(const nlohmann::json& object, std::string_view name);
std::optional<std::uint64_t> integer_at(const nlohmann::json& object, std::string_view name);
/// The member, or an empty object or list.
const nlohmann::json& object_at(const nlohmann::json& object, std::string_view name);
const nlohmann::json& list_at(const nlohmann::json& object, std::string_view name);

}  // namespace plimsoll::alerts
