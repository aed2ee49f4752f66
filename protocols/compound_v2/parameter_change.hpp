#pragma once

#include "protocols/common/market.hpp"
#include "protocols/common/supposition.hpp"
#include "protocols/compound_v2/events.hpp"
#include "protocols/compound_v2/structure.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::protocols::compound_v2 {

/// The cToken a change of the Comptroller's configuration is about; zero where it names none.
Address subject_of(const ConfigurationChange& event);

/// A configuration event for people. Values are as the contract has them (factors with 18
/// decimals); `from` is what was last read, where the event does not say it.
struct ChangeText {
    std::string subject;  ///< symbol of the underlying, or "comptroller"
    Address token;        ///< underlying of a market; zero otherwise
    std::vector<ParameterValue> values;
};
/// `emitter`: the cToken the event came from, zero for the Comptroller.
ChangeText describe(const ConfigurationChange& event, const Address& emitter,
                    const Structure& structure);

/// What decided health before a change: as last read, so before every change of the round.
struct ConfigurationBefore final : BeforeChange {
    struct OfMarket {
        unsigned id = 0;
        Factors factors;
        bool is_always_liquidatable = false;
    };
    std::optional<OfMarket> market;
    std::optional<std::pair<unsigned, RiskPool>> pool;
};
/// None: the event changes nobody's health, or only together with what is not known.
std::shared_ptr<const BeforeChange> before_change(const ConfigurationChange& event,
                                                  const Address& emitter,
                                                  const Structure& structure);
/// The markets as they would be without the change.
Market market_without(Market market, const ConfigurationBefore& before);
/// The markets as they would be with the threshold.
Market market_with(Market market, const SupposedThreshold& supposed);

}  // namespace plimsoll::protocols::compound_v2
