#pragma once

#include "config/settings.hpp"
#include "daemon/alerts/alert.hpp"
#include "daemon/bands/band.hpp"
#include "protocols/common/position.hpp"
#include "protocols/common/units.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::rules {

/// What a rule's conditions are about, which is what its subjects are.
enum class Scope { position, band, event, source, protocol };

/// A rule as the engine uses it.
struct Rule {
    config::RuleSettings settings;
    Scope scope = Scope::position;
    std::string type;  ///< without its last part: "position.liquidatable"
    alerts::Severity severity = alerts::Severity::warning;
    /// Changes with everything that decides whether something holds; not with severity, sinks,
    /// `repeat` and `update_on`.
    std::string fingerprint;
    std::map<Address, std::string> labels;  ///< accounts of the rule's watch lists; empty: all

    bool covers(const std::string& protocol) const;
    /// Whether the rule looks at this account at all.
    bool watches(const Address& account) const;
    bool covers_band(const std::string& band) const;
};

/// Whether alerts of this type are about the daemon's own eyes rather than the chain: true whatever
/// branch the chain takes.
bool is_standing(std::string_view type);

/// A rule whose conditions are of different scopes takes the first one's; the others never hold.
Rule make_rule(const config::RuleSettings& settings,
               const std::vector<config::WatchSettings>& watches);

/// Whether a position may satisfy `when`: the cheap look at every position of a round. Never false
/// where `judge` says `holds`.
bool may_hold(const Rule& rule, const protocols::PositionHealth& health);

/// What is known of one subject. What is absent is unknown.
struct Observation {
    std::optional<Wad> health_factor;
    std::optional<bool> liquidatable;
    std::optional<Usd8> exposure;
    std::optional<bands::Distance> distance;
    std::optional<bool> source_stale;
    std::optional<std::uint64_t> gap_blocks;
    std::optional<bool> endpoints_disagree;
    std::optional<bool> unverified;
    std::optional<Usd8> debt;  ///< for `min_debt`; absent: not limited
};

/// What a rule says of a subject. `grey` is between `when` and `clear`.
enum class Verdict { unknown, holds, grey, clear, gone };

/// Exact: integers and fractions, never rounded. `min_debt` is one more condition of `when`, and
/// `clear` is also true when the debt is under nine tenths of it. A rule without `clear` clears
/// when `when` no longer holds.
Verdict judge(const config::RuleSettings& rule, const Observation& seen);

/// The values a message told, to tell whether they have become worse since.
struct Mark {
    Usd8 debt;
    std::optional<Wad> health_factor;
    std::optional<Usd8> exposure;
    std::optional<std::uint64_t> gap_blocks;
    std::optional<bands::Place> place;

    friend bool operator==(const Mark&, const Mark&) = default;
};

/// Whether the value has worsened by the rule's `update_on` since the message:
/// - position: the debt has grown by the factor; or the distance to liquidation (health factor
///   minus 1) has shrunk by it, down to steps of half a percent; or 1 has been crossed; or the
///   shortfall (1 minus health factor) has grown by it, from 1 percent on;
/// - band: the exposure has grown by the factor; where the rule asks for the distance, the price
///   has gone from above into the band or from there below it;
/// - gap: the number of blocks has grown by the factor.
/// A factor up to 1 switches it off, but for crossings.
bool has_worsened(const Rule& rule, const Mark& told, const Mark& now);

}  // namespace plimsoll::rules
