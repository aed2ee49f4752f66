#pragma once

#include "config/settings.hpp"
#include "protocols/common/protocol.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace plimsoll::app {

/// Makes fresh ledgers of a configured protocol, which tell what the accounts of `watches` do. The
/// one place that knows every kind.
std::function<std::unique_ptr<protocols::Protocol>()> ledger_maker(
    const config::ProtocolSettings& settings, const config::ChainSettings& chain,
    const std::vector<config::WatchSettings>& watches);

}  // namespace plimsoll::app
