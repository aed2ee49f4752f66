#pragma once

#include "config/settings.hpp"
#include "protocols/common/protocol.hpp"

#include <functional>
#include <memory>

namespace plimsoll::app {

/// Makes fresh ledgers of a configured protocol. The one place that knows every kind.
std::function<std::unique_ptr<protocols::Protocol>()> ledger_maker(
    const config::ProtocolSettings& settings, const config::ChainSettings& chain);

}  // namespace plimsoll::app
