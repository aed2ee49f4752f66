// Failures of the follower, said in one way.
#pragma once

#include "daemon/chain/source.hpp"
#include "daemon/store/store.hpp"

#include <string>
#include <utility>

namespace plimsoll::follow {

inline Unexpected<chain::Fault> fault(chain::FaultKind kind, std::string message) {
    return Unexpected<chain::Fault>{chain::Fault{kind, std::move(message)}};
}

/// What the store refused may be tried again.
inline Unexpected<chain::Fault> storage_fault(const store::StoreError& error) {
    return fault(chain::FaultKind::transient, "store: " + error.message);
}

}  // namespace plimsoll::follow
