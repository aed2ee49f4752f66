#pragma once

#include "config/settings.hpp"
#include "daemon/alerts/alert.hpp"
#include "daemon/bands/band.hpp"
#include "daemon/rules/observation.hpp"
#include "protocols/common/position.hpp"
#include "protocols/common/units.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::rules {

/// What a rule's conditions are about, which is what its subjects are. `market` is a protocol as a
/// whole or each of its markets; `trust` is how far a protocol's numbers are believed.
enum class Scope { position, band, event, market, trust, source, endpoint };

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
    /// Of scope `market`: it is about each market rather than the protocol as a whole.
    bool is_about_markets = false;
    std::set<Address> tokens;  ///< markets named by address

    config::Metric metric() const;               ///< the first one asked for
    bool asks_for(config::Metric metric) const;  ///< in `when` or `clear`
    bool covers(const std::string& protocol) const;
    /// Whether the rule looks at this account at all.
    bool watches(const Address& account) const;
    bool covers_band(const std::string& band) const;
    bool covers_market(const std::string& asset, const Address& token) const;
};

/// How final the block of a rule's alert has to be. `of_chain` is what rules wait for that do not
/// say it themselves; what happened on chain does not wait.
config::Depth depth_of(const Rule& rule, const config::Depth& of_chain);

/// Whether alerts of this type are about the daemon's own eyes rather than the chain: true whatever
/// branch the chain takes.
bool is_standing(std::string_view type);
/// Whether alerts of this type are about something that happened, rather than a condition.
bool is_event(std::string_view type);

/// A rule whose conditions are of different scopes takes the first one's; the others never hold.
Rule make_rule(const config::RuleSettings& settings,
               const std::vector<config::WatchSettings>& watches);

/// Whether a position may satisfy `when`: the cheap look at every position of a round. Never false
/// where `judge` says `holds`. A position without any collateral is bad debt, nothing that could be
/// saved or liquidated: no rule about positions holds for it.
bool may_hold(const Rule& rule, const protocols::PositionHealth& health);

/// The values a message told, to tell whether they have become worse since.
struct Mark {
    Usd8 debt;
    std::optional<Wad> health_factor;
    std::optional<Usd8> exposure;
    std::optional<std::uint64_t> gap_blocks;
    std::optional<bands::Place> place;
    std::optional<U256> value{};  ///< of the rule's first metric, scaled by its decimals

    friend bool operator==(const Mark&, const Mark&) = default;
};

/// Whether the value has worsened by the rule's `update_on` since the message:
/// - position: the debt has grown by the factor; or the distance to liquidation (health factor
///   minus 1) has shrunk by it, down to steps of half a percent; or 1 has been crossed; or the
///   shortfall (1 minus health factor) has grown by it, from 1 percent on;
/// - band: the exposure has grown by the factor; where the rule asks for the distance, the price
///   has gone from above into the band or from there below it;
/// - protocol and market: the first number the rule asks for has grown by the factor where it must
///   be great, or shrunk by it where it must be small;
/// - gap: the number of blocks has grown by the factor;
/// - coverage: what is missing of all has grown by it, from 1 percent on; where the rule asks for
///   more than a number, the coverage has.
/// A factor up to 1 switches it off, but for crossings.
bool has_worsened(const Rule& rule, const Mark& told, const Mark& now);

}  // namespace plimsoll::rules
