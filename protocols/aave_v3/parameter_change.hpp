#pragma once

#include "protocols/aave_v3/events.hpp"
#include "protocols/aave_v3/structure.hpp"
#include "protocols/common/market.hpp"
#include "protocols/common/supposition.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::protocols::aave_v3 {

/// A configuration event for people. Values are as the contract has them (thresholds in basis
/// points); `from` is what was last read, where the event does not say it.
struct ChangeText {
    std::string subject;  ///< asset symbol, e-mode category or contract
    Address token;        ///< of an asset; zero otherwise
    std::vector<ParameterValue> values;
};
ChangeText describe(const ConfigurationChange& event, const Structure& structure);

/// What decided health before a change: as last read, so before every change of the round.
struct ConfigurationBefore final : BeforeChange {
    /// A reserve by its id.
    std::optional<std::pair<unsigned, ReserveConfig>> reserve;
    /// An e-mode category by its id; none: it was not set up.
    std::optional<std::pair<unsigned, std::optional<EMode>>> category;
};
/// None: the event changes nobody's health, or only together with what is not known.
std::shared_ptr<const BeforeChange> before_change(const ConfigurationChange& event,
                                                  const Structure& structure);
/// The market as it would be without the change.
Market market_without(Market market, const ConfigurationBefore& before);
/// The market as it would be with the threshold.
Market market_with(Market market, const SupposedThreshold& supposed);
Market market_with(Market market, const SupposedCategoryThreshold& supposed);
/// One of the three, by what `change` is; none: what it changes is not known here.
std::optional<Market> market_in_thought(const Market& market, const BeforeChange* change);

}  // namespace plimsoll::protocols::aave_v3
