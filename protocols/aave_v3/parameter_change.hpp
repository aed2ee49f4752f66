#pragma once

#include "protocols/aave_v3/events.hpp"
#include "protocols/aave_v3/structure.hpp"

#include <string>

namespace plimsoll::protocols::aave_v3 {

/// A configuration event in words, for people. Values are as the contract has them (thresholds in
/// basis points); "from" is what was last read, where the event does not say it.
struct ChangeText {
    std::string subject;  ///< asset symbol, e-mode category or contract
    std::string what;
};
ChangeText describe(const ConfigurationChange& event, const Structure& structure);

}  // namespace plimsoll::protocols::aave_v3
