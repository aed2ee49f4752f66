#pragma once

#include "config/settings.hpp"
#include "daemon/routing/router.hpp"
#include "daemon/rules/engine.hpp"
#include "daemon/store/store.hpp"

#include <span>

namespace plimsoll::app {

/// Ends what is still open on chains that are configured no longer: their episodes resolve with
/// `reason: rule_changed`, at the last block that was processed there. `rows` are all rule states.
/// Told where `route` says. Does nothing when it was done before.
Expected<void, store::StoreError> retire_chains(store::Store& store,
                                                const config::Settings& settings,
                                                std::span<const store::RuleStateRow> rows,
                                                const rules::SignFunction& sign,
                                                const routing::RouteFunction& route);

}  // namespace plimsoll::app
