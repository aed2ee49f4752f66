#pragma once

#include "protocols/compound_v2/events.hpp"
#include "protocols/compound_v2/structure.hpp"

#include <string>

namespace plimsoll::protocols::compound_v2 {

/// The cToken a change of the Comptroller's configuration is about; zero where it names none.
Address subject_of(const ConfigurationChange& event);

/// For people: whose parameter changed, and how.
struct ChangeText {
    std::string subject;
    std::string what;
};
/// `emitter`: the cToken the event came from, zero for the Comptroller.
ChangeText describe(const ConfigurationChange& event, const Address& emitter,
                    const Structure& structure);

}  // namespace plimsoll::protocols::compound_v2
