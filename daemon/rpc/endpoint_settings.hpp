#pragma once

#include "config/settings.hpp"

namespace plimsoll::rpc {

/// One node to ask, as the operator wrote it. The alias stands for it wherever people read.
using EndpointSettings = config::EndpointSettings;

}  // namespace plimsoll::rpc
