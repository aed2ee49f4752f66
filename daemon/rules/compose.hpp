#pragma once

#include "daemon/rules/facts.hpp"
#include "daemon/rules/row.hpp"

#include <functional>
#include <optional>
#include <string>

namespace plimsoll::rules {

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
std::string source_phrase(const std::string& type, const std::string& chain);
std::string unverified_phrase(const std::string& protocol);
std::string event_phrase(const std::string& protocol);

/// `health` is none when the position is gone.
Payload position_payload(const Scene& scene, const protocols::PositionHealth* health);
Payload band_payload(const Scene& scene, const bands::BandReport& band);
Payload source_payload(const Scene& scene);
Payload unverified_payload(const Scene& scene);
/// Depends on the event alone, so that an event found again has the same bytes.
Payload event_payload(const Scene& scene, const protocols::Liquidation& event);
/// The end of an episode whose subject is not looked at any more.
Payload withdrawn_payload(const Subject& about);
/// What a message told is not true on the chain as it is now.
Payload retraction(const Subject& about, const Told& told);

/// "Update: ...", by the word of the message.
std::string titled(Word word, const std::string& title);
/// "Since block N (time). Seen at block M. Coverage C."
std::string provenance(const Scene& scene);

/// A price in dollars with so many decimals, cut off; empty where it is beyond 256 bits.
std::string price_text(const protocols::AssetPrice& price, unsigned digits);

}  // namespace plimsoll::rules
