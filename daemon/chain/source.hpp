#pragma once

#include "abi/expected.hpp"
#include "protocols/common/block.hpp"
#include "protocols/common/log.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace plimsoll::chain {

/// What went wrong with a read, by meaning (specs of RPC behaviour), not by provider's code.
enum class FaultKind {
    transient,      ///< transport, timeout, 5xx, truncated: another try may do
    rate,           ///< asked too often: wait
    quota,          ///< plan used up: leave the endpoint alone for long
    split,          ///< range or result too large even for one block
    missing_state,  ///< the node no longer has the state of that block
    lag_or_reorg,   ///< the block is not known there, or no longer canonical
    execution,      ///< the call itself failed in the EVM
    unsupported,    ///< method or feature not there
    auth,           ///< credentials refused
    bad_request,    ///< the node does not understand us
    malformed,      ///< the reply breaks the protocol: wrong id, short data, contradiction
    wrong_chain,    ///< chain id differs from the configuration
    disagreement,   ///< endpoints contradict each other and none has the others behind it
    no_endpoint,    ///< every endpoint is out of use just now, or too few agree
    cancelled,      ///< the daemon is stopping
};
std::string_view to_string(FaultKind kind);

/// `message` is fit for people and logs: endpoint by alias, no secrets, bounded length.
struct Fault {
    FaultKind kind = FaultKind::transient;
    std::string message;
};

struct EndpointStatus {
    std::string alias;  ///< never the URL
    bool up = false;
    std::string state;  ///< "ok", "down", "lagging", "rate limited", "quota", "wrong chain" ...
    std::optional<BlockNumber> head;
    std::uint64_t requests = 0;
    std::uint64_t failures = 0;
    std::string last_error;
    std::string offers;  ///< interfaces found there, where nodes of a chain differ in that
};

/// How final a block has to be: a tag of the chain, or a depth below the head.
struct Finality {
    enum class Kind { finalized, safe, depth } kind = Kind::finalized;
    std::uint64_t depth = 0;
};

/// One chain's blocks, logs and state. The only way the daemon reads a chain; endpoints, retries,
/// failover, bounds and checks are behind it. Calls block; one thread uses it at a time, except
/// `endpoints`, `requests` and `cancel`, which are safe from any thread.
class Source {
  public:
    virtual ~Source() = default;

    /// Checks endpoints (chain id, pinning, multicall) until one is usable.
    virtual Expected<void, Fault> connect() = 0;
    /// The chain was seen at least so high before this source was made: an endpoint whose head is
    /// lower may stand still, so others are asked too. Before the first `head`.
    virtual void expect_head(BlockNumber known) = 0;
    virtual Expected<BlockRef, Fault> head() = 0;
    /// The newest block that `finality` allows, given the head of this round.
    virtual Expected<BlockRef, Fault> final_block(const Finality& finality,
                                                  const BlockRef& head) = 0;
    /// The canonical block at a height; none when the chain is shorter.
    virtual Expected<std::optional<BlockRef>, Fault> block_at(BlockNumber number) = 0;
    /// Consecutive canonical blocks [first, last], linked by parent hashes (checked). Bounded: at
    /// most 1,024 at a time.
    virtual Expected<std::vector<BlockRef>, Fault> blocks(BlockNumber first, BlockNumber last) = 0;
    /// All logs of exactly this block, by its hash.
    virtual Expected<std::vector<protocols::Log>, Fault> logs_of(
        const BlockRef& block, const protocols::LogFilter& filter) = 0;

    struct RangeLogs {
        std::vector<protocols::Log> logs;  ///< in (block, index) order
        BlockNumber last = 0;              ///< everything up to here was read; may be below `to`
    };
    /// Logs from `from` up to at most `to`: one adaptive step, so the caller can record progress.
    /// `block_time` of the logs is filled only where `with_time`. Never asks beyond `to`.
    virtual Expected<RangeLogs, Fault> logs_in(BlockNumber from, BlockNumber to,
                                               const protocols::LogFilter& filter,
                                               bool with_time) = 0;
    /// Results of the calls at exactly this block, in their order. Every multicall carries the
    /// proof of its snapshot (number, timestamp, parent hash) and is refused when it does not fit
    /// `at`. `missing_state` when the state of that block is gone; on a chain that keeps none but
    /// the head's, that is as soon as the head moves on.
    virtual Expected<std::vector<protocols::CallResult>, Fault> read(
        std::span<const protocols::Call> calls, const BlockRef& at) = 0;
    /// Whether there is code at each address at `at`.
    virtual Expected<std::vector<bool>, Fault> has_code(std::span<const Address> addresses,
                                                        const BlockRef& at) = 0;

    /// Whether state can be read at the newest block only.
    virtual bool keeps_only_head() const = 0;
    /// How many calls to hand to one `read` at most; may change from read to read.
    virtual std::size_t read_limit() const = 0;
    virtual std::vector<EndpointStatus> endpoints() const = 0;
    /// JSON-RPC requests sent so far, members of a batch counted each.
    virtual std::uint64_t requests() const = 0;
    /// Makes the call in progress and all later ones end soon with `cancelled`.
    virtual void cancel() = 0;
};

}  // namespace plimsoll::chain
