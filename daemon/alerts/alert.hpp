#pragma once

#include "protocols/common/block.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace plimsoll::alerts {

enum class Severity { info, warning, critical };
std::string_view to_string(Severity severity);
std::optional<Severity> parse_severity(std::string_view text);

/// One message about one transition of one subject, before it becomes bytes. See
/// docs/formats/alerts.md.
struct Alert {
    std::string type;  ///< `<noun>.<condition>.<state>`
    std::string rule;
    Severity severity = Severity::info;
    std::string chain;  ///< CAIP-2
    std::string protocol;
    std::string subject;        ///< address, asset or endpoint name
    std::string alert_key;      ///< see `alert_key()`
    std::uint64_t episode = 0;  ///< number of the opening block; 0 for events
    std::uint64_t seq = 1;
    BlockRef block;
    std::string finality = "latest";
    std::uint64_t at = 0;  ///< unix seconds of the transition
    std::string title;
    std::string text;
    std::map<std::string, std::string> labels;
    /// Members of `data` that belong to the kind of alert (amounts, `reason`, `retracts`, `tx`
    /// ...). Integers, strings, booleans, arrays and objects only; amounts as `amount()`.
    nlohmann::json extra = nlohmann::json::object();
};

/// `<rule>/<chain>/<protocol>/<subject...>`, each part percent-escaped outside [A-Za-z0-9._:-].
std::string alert_key(std::string_view rule, std::string_view chain, std::string_view protocol,
                      std::string_view subject);
/// As above for an event on chain: the subject is `<tx hash without 0x>/<log index>/<account>`.
std::string event_alert_key(std::string_view rule, std::string_view chain,
                            std::string_view protocol, const Bytes32& tx, std::uint32_t log_index,
                            std::string_view account);
/// `msg_` and 32 hex digits; deterministic, the idempotency key everywhere.
std::string message_id(std::string_view instance, std::string_view alert_key, std::uint64_t episode,
                       std::uint64_t seq);
/// The id of a message that carries several alerts to one sink: `msg_` and 32 hex digits, made of
/// the sink, what the alerts are grouped by, and their own ids in their order.
std::string group_id(std::string_view sink, std::string_view group_key,
                     std::span<const std::string> member_ids);
/// `{"raw":"...","decimals":n}`.
nlohmann::json amount(const U256& raw, unsigned decimals);

/// The one byte string of an alert: canonical JSON, stored and signed, never made again.
std::string body_of(const Alert& alert, std::string_view instance);

}  // namespace plimsoll::alerts
