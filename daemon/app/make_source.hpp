#pragma once

#include "config/settings.hpp"
#include "daemon/chain/source.hpp"
#include "daemon/rpc/request_observer.hpp"

#include <chrono>
#include <memory>
#include <optional>

namespace plimsoll::app {

struct SourceOptions {
    rpc::RequestObserver* observer = nullptr;           ///< outlives the source; may be none
    std::optional<std::chrono::milliseconds> timeout;   ///< of one request; none: the usual one
    std::optional<std::chrono::milliseconds> deadline;  ///< of one call of the source
};

/// The source of a configured chain. The one place that knows every kind of chain.
std::unique_ptr<chain::Source> make_source(const config::ChainSettings& chain,
                                           const SourceOptions& options);

}  // namespace plimsoll::app
