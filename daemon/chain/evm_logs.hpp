#pragma once

#include "daemon/chain/evm_node.hpp"
#include "daemon/chain/source.hpp"

#include <optional>
#include <span>
#include <vector>

namespace plimsoll::chain {

/// A filter as it is asked and checked: each address and topic once, in order.
class EvmLogFilter {
  public:
    explicit EvmLogFilter(const protocols::LogFilter& filter);

    std::span<const Address> addresses() const { return addresses_; }
    std::span<const Bytes32> topics() const { return topics_; }
    bool accepts(const protocols::Log& log) const;
    /// Nothing is wanted at all.
    bool is_empty() const { return addresses_.empty() && topics_.empty(); }
    /// Both addresses and topics are named: the other half alone would match nothing.
    bool is_whole() const { return !addresses_.empty() && !topics_.empty(); }

  private:
    std::vector<Address> addresses_;
    std::vector<Bytes32> topics_;
};

/// Where logs have to lie.
struct LogBounds {
    BlockNumber from = 0;
    BlockNumber to = 0;
    std::optional<Bytes32> hash;  ///< of the one block, when it is known
};

/// What nodes may not do: answer logs that were not asked for, of other blocks, out of order or
/// twice, or two hashes or times for one block.
Expected<void, ParseError> check_logs(std::span<const protocols::Log> logs,
                                      const EvmLogFilter& filter, const LogBounds& bounds);

/// All logs of one block, by its hash where the node can. Splits the addresses when the node wants
/// less at once; `split` when one address is still too much.
Expected<std::vector<protocols::Log>, rpc::RpcError> fetch_logs_of(EvmNode& node,
                                                                   const EvmLogFilter& filter,
                                                                   const BlockRef& block,
                                                                   rpc::Clock::Time deadline);

struct LogStep {
    BlockNumber from = 0;
    BlockNumber to = 0;
    bool with_time = false;
};

/// Logs of as much of the range as one step brings: some spans at once of the size the node is
/// known to take, smaller after a refusal. The node's head covers whatever is answered.
Expected<Source::RangeLogs, rpc::RpcError> fetch_logs_in(EvmNode& node, const EvmLogFilter& filter,
                                                         const LogStep& step,
                                                         rpc::Clock::Time deadline);

}  // namespace plimsoll::chain
