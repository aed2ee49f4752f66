#pragma once

#include "abi/expected.hpp"
#include "config/settings.hpp"
#include "daemon/alerts/sign.hpp"
#include "daemon/routing/router.hpp"
#include "daemon/store/store.hpp"

#include <cstdint>

namespace plimsoll::app {

/// Queues, once for each rotation, the alert that the old key is followed by the new one. `now_ms`
/// is wall clock; `route` decides where it goes.
Expected<void, store::StoreError> announce_rotation(store::Store& store,
                                                    const config::Settings& settings,
                                                    const alerts::Signer& old,
                                                    const alerts::Signer& next, std::int64_t now_ms,
                                                    const routing::RouteFunction& route);

}  // namespace plimsoll::app
