#include "daemon/chain/evm_node.hpp"

#include <utility>

namespace plimsoll::chain {

using rpc::ErrorKind;
using rpc::RpcError;

rpc::CallLimits EvmNode::limits(rpc::Clock::Time deadline) const {
    return rpc::CallLimits{
        .deadline = deadline, .timeout = chain.timeout, .max_bytes = 16 * rpc::kMiB};
}

std::string EvmNode::block_argument(const BlockRef& at) const {
    return abilities.pin == EvmAbilities::Pin::hash ? block_by_hash(at.hash)
                                                    : block_by_number(at.number);
}

Expected<std::optional<EvmHeader>, RpcError> EvmNode::accept_header(const nlohmann::json& result) {
    if (result.is_null()) return std::optional<EvmHeader>();
    auto header = parse_header(result);
    if (!header) return fault(ErrorKind::malformed, "block header: " + header.error().message);
    seen.add(header->block.hash);
    return std::optional(std::move(*header));
}

Expected<std::optional<EvmHeader>, RpcError> EvmNode::header(const std::string& block,
                                                             rpc::Clock::Time deadline) {
    const auto result =
        endpoint.call({"eth_getBlockByNumber", header_params(block)}, limits(deadline));
    if (!result) return Unexpected<RpcError>{result.error()};
    auto header = accept_header(*result);
    if (header && *header && block.starts_with("\"0x") &&
        block_by_number((*header)->block.number) != block) {
        return fault(ErrorKind::malformed, "answers another block than asked");
    }
    return header;
}

Expected<std::optional<BlockRef>, RpcError> EvmNode::block(const std::string& block,
                                                           rpc::Clock::Time deadline) {
    const auto found = header(block, deadline);
    if (!found) return Unexpected<RpcError>{found.error()};
    return *found ? std::optional((*found)->block) : std::nullopt;
}

Expected<std::vector<std::optional<BlockRef>>, RpcError> EvmNode::blocks(
    BlockNumber first, BlockNumber last, rpc::Clock::Time deadline) {
    std::vector<rpc::RpcRequest> requests;
    for (BlockNumber number = first; number <= last; ++number) {
        requests.push_back({"eth_getBlockByNumber", header_params(block_by_number(number))});
    }
    std::vector<std::optional<BlockRef>> out;
    for (const auto& result : endpoint.call_batch(requests, limits(deadline))) {
        if (!result) return Unexpected<RpcError>{result.error()};
        const auto header = accept_header(*result);
        if (!header) return Unexpected<RpcError>{header.error()};
        out.push_back(*header ? std::optional((*header)->block) : std::nullopt);
    }
    return out;
}

Expected<EvmHeader, RpcError> EvmNode::latest(rpc::Clock::Time deadline) {
    auto found = header("\"latest\"", deadline);
    if (!found) return Unexpected<RpcError>{std::move(found.error())};
    if (!*found) return fault(ErrorKind::malformed, "has no latest block");
    endpoint.set_head((*found)->block.number);
    newest = **found;
    return std::move(**found);
}

Expected<void, RpcError> EvmNode::require_block(const BlockRef& block, rpc::Clock::Time deadline) {
    if (seen.has(block.hash)) return {};
    const auto result =
        endpoint.call({"eth_getBlockByHash", header_by_hash_params(block.hash)}, limits(deadline));
    if (!result) return Unexpected<RpcError>{result.error()};
    if (result->is_null()) {
        return fault(ErrorKind::lag_or_reorg,
                     "does not know block " + std::to_string(block.number) + " by its hash");
    }
    const auto header = parse_header(*result);
    if (!header) return fault(ErrorKind::malformed, "block header: " + header.error().message);
    if (header->block != block) {
        return fault(ErrorKind::malformed, "answers another block than asked by its hash");
    }
    seen.add(block.hash);
    return {};
}

Expected<void, RpcError> EvmNode::require_canonical(const BlockRef& block,
                                                    rpc::Clock::Time deadline) {
    const auto found = header(block_by_number(block.number), deadline);
    if (!found) return Unexpected<RpcError>{found.error()};
    if (*found && (*found)->block.hash == block.hash) return {};
    return fault(ErrorKind::lag_or_reorg,
                 "block " + std::to_string(block.number) + " is not canonical");
}

}  // namespace plimsoll::chain
