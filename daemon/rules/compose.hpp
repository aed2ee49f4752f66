#pragma once

#include "daemon/rules/facts.hpp"
#include "daemon/rules/market_sight.hpp"
#include "daemon/rules/row.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::rules {

/// Lists in `data` are cut to their largest entries.
inline constexpr std::size_t kMostListed = 20;

/// What a message is made from. Texts say first what a person needs: what, how much, how far from
/// liquidation, what would make it safe, since when, which block. Members of `data` are exact.
struct Scene {
    const RoundFacts& facts;
    const ProtocolFacts* protocol = nullptr;
    const std::function<std::string(const Address&)>& address_text;
    Wad target;  ///< health factor that `to_safe` aims at
    const Row& row;
    Word word = Word::firing;
    std::string reason;
};

/// The phrases that titles and retractions are made of: "position can be liquidated on P".
std::string position_phrase(const std::string& type, const std::string& protocol);
std::string band_phrase(const std::string& type, const bands::BandReport& band,
                        const std::string& protocol);
/// `asset` is empty where the rule is about the protocol as a whole.
std::string market_phrase(const Rule& rule, const std::string& protocol, const std::string& asset);
std::string source_phrase(const std::string& type, const std::string& chain);
std::string endpoint_phrase(const std::string& type, const std::string& endpoint,
                            const std::string& chain);
std::string unverified_phrase(const std::string& protocol);
std::string coverage_phrase(const std::string& protocol);
std::string event_phrase(const std::string& protocol);
std::string activity_phrase(const protocols::AccountEvent& event, const std::string& protocol);
std::string parameters_phrase(const protocols::ParameterChange& change,
                              const std::string& protocol);

/// `health` is none when the position is gone.
Payload position_payload(const Scene& scene, const protocols::PositionHealth* health);
Payload band_payload(const Scene& scene, const bands::BandReport& band);
Payload market_payload(const Scene& scene, const Rule& rule, const MarketSight& sight);
/// The market is not listed any more.
Payload delisted_payload(const Scene& scene);
Payload source_payload(const Scene& scene);
Payload endpoint_payload(const Scene& scene, const EndpointFacts& endpoint);
Payload unverified_payload(const Scene& scene);
Payload coverage_payload(const Scene& scene);

// Payloads of events depend on the event alone, so that one that is found again has the same bytes;
// only the effect of a change of parameters is that of the round's block.

Payload event_payload(const Scene& scene, const protocols::Liquidation& event);
Payload activity_payload(const Scene& scene, const protocols::AccountEvent& event);

/// A position that can be liquidated now, and could not without the change.
struct Endangered {
    protocols::PositionHealth before;
    protocols::PositionHealth now;
};
struct Effect {
    std::size_t positions = 0;
    Usd8 debt;
    Usd8 collateral;
    std::vector<Endangered> largest;  ///< by debt, at most `kMostListed`
};
/// None: not known, or the change decides nobody's health.
std::optional<Effect> effect_of(const ProtocolFacts& protocol,
                                const protocols::ParameterChange& change);
Payload parameters_payload(const Scene& scene, const protocols::ParameterChange& change,
                           const std::optional<Effect>& effect);

/// The end of an episode whose subject is not looked at any more.
Payload withdrawn_payload(const Subject& about);
/// What a message told is not true on the chain as it is now.
Payload retraction(const Subject& about, const Told& told, bool goes_on);

/// "Update: ...", by the word of the message.
std::string titled(Word word, const std::string& title);
/// "Since block N (time). Seen at block M. Coverage C.", and the members that say the same.
void add_provenance(Payload& out, const Scene& scene);

/// A price with so many places, and more where these would tell little of it. Cut off.
std::string price_digits(const U256& price, unsigned decimals, unsigned places);
/// A price in dollars with so many decimals, cut off; empty where it is beyond 256 bits.
std::string price_text(const protocols::AssetPrice& price, unsigned digits);

}  // namespace plimsoll::rules
