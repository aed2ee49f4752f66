#pragma once

#include "daemon/store/store.hpp"

#include <functional>
#include <string>
#include <vector>

namespace plimsoll::store {

/// One change of a store; each leaves a state that `describe` tells from the one before.
struct Step {
    const char* name;
    std::function<Expected<void, StoreError>(Store&)> change;
};

/// A short life of a store: rounds, a reorganisation, deliveries, a purge.
std::vector<Step> scenario();
/// One large enough that the log is folded into the database on the way.
std::vector<Step> large_scenario();

/// `describe` of an empty store, then after each step, undisturbed.
std::vector<std::string> undisturbed_states(const std::vector<Step>& steps);

}  // namespace plimsoll::store
