#pragma once

#include "daemon/chain/source.hpp"
#include "daemon/rpc/clock.hpp"
#include "daemon/rpc/endpoint_settings.hpp"
#include "daemon/rpc/http_transport.hpp"
#include "daemon/rpc/request_observer.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::chain {

/// Multicall3 on TRON's mainnet, by preference. Contracts have no address there that is the same on
/// every chain.
std::vector<Address> known_tron_multicalls();

/// How one TRON chain is read. Everything but the first three members has a default.
struct TronSourceSettings {
    std::string name;  ///< of the chain, for logs
    std::uint64_t chain_id = 0;
    std::vector<rpc::EndpointSettings> endpoints;  ///< base URLs, in order of preference

    std::vector<Address> multicalls = known_tron_multicalls();  ///< the first one found is used
    std::chrono::milliseconds block_time{3'000};
    std::chrono::milliseconds poll_every{1'500};  ///< how often it is asked for a new block
    std::size_t max_calls = 200;  ///< of one multicall; fewer where the node's time does not reach
    std::size_t max_calldata = std::size_t{256} * 1'024;
    std::uint64_t log_span = 5'000;   ///< blocks of the first eth_getLogs; adapts itself
    std::uint64_t event_delay = 200;  ///< see TronChain
    std::chrono::milliseconds timeout{10'000};
    std::chrono::milliseconds logs_timeout{30'000};
    /// How long one call of the source may take in all, retries and other endpoints included.
    std::chrono::milliseconds deadline{45'000};
    std::chrono::milliseconds logs_deadline{90'000};
    std::optional<std::chrono::milliseconds> stale_after;  ///< see EvmSourceSettings
    rpc::RequestObserver* observer = nullptr;              ///< outlives the source; may be none
};

/// A source over java-tron's HTTP interface, its /jsonrpc, and TronGrid's event pages: whichever an
/// endpoint offers, found out before its first use and shown in its status.
///
/// A TRON node has no state but its head's. So `read` works for the newest block only, and only
/// until the next one: afterwards it is `missing_state`, and the caller goes on at the new head. No
/// answer ever mixes two blocks. `has_code` answers for the head.
///
/// `transport` serves this source alone (cancelling the source cancels it); both it and `clock`
/// outlive the source. `random` is for jitter only.
std::unique_ptr<Source> make_tron_source(TronSourceSettings settings, rpc::HttpTransport& transport,
                                         rpc::Clock& clock,
                                         std::function<std::uint64_t()> random = {});

/// The same with libcurl and the system's clock, both its own.
std::unique_ptr<Source> make_tron_source(TronSourceSettings settings);

}  // namespace plimsoll::chain
