#pragma once

#include "daemon/chain/multicall.hpp"
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

/// How one EVM chain is read. Everything but the first three members has a default that fits most
/// chains and providers.
struct EvmSourceSettings {
    std::string name;  ///< of the chain, for logs
    std::uint64_t chain_id = 0;
    std::vector<rpc::EndpointSettings> endpoints;  ///< in order of preference

    Address multicall = canonical_multicall();
    SnapshotProof proof = SnapshotProof::full;
    std::chrono::milliseconds block_time{12'000};  ///< a hint: pauses and staleness follow it
    std::chrono::milliseconds poll_every{12'000};  ///< how often it is asked for a new block
    std::size_t max_calls = 200;                   ///< of one multicall, its proofs not counted
    std::size_t max_calldata = std::size_t{256} * 1'024;
    std::uint64_t log_span = 2'000;  ///< blocks of the first eth_getLogs; adapts itself
    std::chrono::milliseconds timeout{10'000};
    std::chrono::milliseconds logs_timeout{30'000};
    /// How long one call of the source may take in all, retries and other endpoints included.
    std::chrono::milliseconds deadline{45'000};
    std::chrono::milliseconds logs_deadline{90'000};
    /// A head that did not change for so long is compared with another endpoint's; none: the longer
    /// of three block times and 60 s.
    std::optional<std::chrono::milliseconds> stale_after;
    /// Compare answers about logs with the header's bloom filter: a log outside it is refused, and
    /// an empty answer that it contradicts needs a second endpoint's word. Wrong on some chains.
    bool check_bloom = false;
    rpc::RequestObserver* observer = nullptr;  ///< outlives the source; may be none
};

/// A source over JSON-RPC. `transport` serves this source alone (cancelling the source cancels it);
/// both it and `clock` outlive the source. `random` is for jitter only.
///
/// A quiet round costs one request each for `head`, `final_block` (none at depth 0), `logs_of` and
/// `read` of up to `max_calls`. The abilities of an endpoint are probed before its first use, every
/// hour, and after it was down: about eight requests.
std::unique_ptr<Source> make_evm_source(EvmSourceSettings settings, rpc::HttpTransport& transport,
                                        rpc::Clock& clock,
                                        std::function<std::uint64_t()> random = {});

/// The same with libcurl and the system's clock, both its own.
std::unique_ptr<Source> make_evm_source(EvmSourceSettings settings);

}  // namespace plimsoll::chain
