#pragma once

#include "daemon/alerts/alert.hpp"
#include "daemon/alerts/eip.hpp"
#include "daemon/alerts/sign.hpp"
#include "daemon/rules/engine.hpp"
#include "daemon/store/store.hpp"

#include <string>
#include <vector>

namespace plimsoll::app {

/// Both signatures of a body. The signer outlives it.
rules::SignFunction signed_by(const alerts::Signer& signer);

/// An alert of the daemon itself as it is stored. `sign` may be empty.
store::NewAlert stored_form(const alerts::Alert& alert, const std::string& instance,
                            const rules::SignFunction& sign, std::vector<store::Destination> sinks);

}  // namespace plimsoll::app
