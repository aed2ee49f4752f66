#include "daemon/chain/tron_infos.hpp"

#include "abi/hex.hpp"
#include "abi/quantity.hpp"
#include "daemon/chain/same_answers.hpp"
#include "daemon/chain/tron_json.hpp"
#include "daemon/rpc/json.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace plimsoll::chain {
namespace {

using protocols::Log;
using rpc::ErrorKind;
using rpc::PlainRequest;
using rpc::RpcError;
using rpc::RpcResult;
using Logs = std::vector<Log>;
using Time = rpc::Clock::Time;

constexpr std::size_t kMostInfoBytes = 64 * rpc::kMiB;
constexpr std::size_t kInfosAtOnce = 4;

PlainRequest request_of(BlockNumber number) {
    return {"/wallet/gettransactioninfobyblocknum", R"({"num":)" + std::to_string(number) + "}"};
}

rpc::CallLimits limits_for(const TronNode& node, Time deadline) {
    rpc::CallLimits limits = node.limits(deadline);
    limits.timeout = node.chain.evm.logs_timeout;
    limits.max_bytes = kMostInfoBytes / kInfosAtOnce;
    return limits;
}

/// Transactions of a block by /jsonrpc; none: it does not tell.
Expected<std::optional<std::uint64_t>, RpcError> count_by_rpc(TronNode& node, const BlockRef& block,
                                                              Time deadline) {
    const auto reply = node.endpoint.call(
        {"eth_getBlockTransactionCountByHash", "[\"" + to_hex(block.hash) + "\"]"},
        node.limits(deadline));
    if (!reply && is_absent(reply.error())) return std::optional<std::uint64_t>();
    if (!reply) return Unexpected<RpcError>{reply.error()};
    const auto text = rpc::text(*reply);
    if (!text) return node.fault(ErrorKind::lag_or_reorg, "does not know the block it named");
    const auto count = parse_quantity64(*text);
    if (!count) {
        return node.fault(ErrorKind::malformed, "transactions: " + count.error().message);
    }
    return std::optional(*count);
}

/// The same by /wallet, which tells them only with the block.
Expected<std::optional<std::uint64_t>, RpcError> count_by_block(TronNode& node,
                                                                const BlockRef& block,
                                                                Time deadline) {
    const auto reply = node.endpoint.call_plain(
        PlainRequest{"/wallet/getblockbynum", R"({"num":)" + std::to_string(block.number) + "}"},
        limits_for(node, deadline));
    const auto found = node.block_of(reply);
    if (!found) return Unexpected<RpcError>{found.error()};
    if (!*found || (*found)->hash != block.hash) {
        return node.fault(ErrorKind::lag_or_reorg, "does not know the block it named");
    }
    const nlohmann::json* transactions = rpc::member(*reply, "transactions");
    return std::optional<std::uint64_t>(transactions == nullptr ? 0 : transactions->size());
}

Expected<std::optional<std::uint64_t>, RpcError> count_of(TronNode& node, const BlockRef& block,
                                                          Time deadline) {
    if (node.abilities.has_rpc) {
        auto count = count_by_rpc(node, block, deadline);
        if (!count || *count) return count;
    }
    return count_by_block(node, block, deadline);
}

/// That a block without infos is one without transactions.
Expected<void, RpcError> require_empty(TronNode& node, const BlockRef& block, Time deadline) {
    const auto count = count_of(node, block, deadline);
    if (!count) return Unexpected<RpcError>{count.error()};
    if (count->value_or(0) == 0) return {};
    return node.fault(ErrorKind::lag_or_reorg, "has block " + std::to_string(block.number) +
                                                   ", but not yet what its transactions did");
}

/// Whether it may answer later. Some hosts have words of their own for a path that they do not
/// serve; where /jsonrpc does too, those are believed.
bool is_refusal(const TronNode& node, const RpcError& error) {
    if (is_absent(error) || error.kind == ErrorKind::malformed) return false;
    const bool is_unclear = error.kind == ErrorKind::transient && !error.is_unreachable;
    return !is_unclear || !node.abilities.has_rpc;
}

}  // namespace

Expected<Logs, RpcError> fetch_tron_infos(TronNode& node, const EvmLogFilter& filter,
                                          std::span<const BlockRef> blocks, Time deadline) {
    std::vector<PlainRequest> requests;
    for (const BlockRef& block : blocks) requests.push_back(request_of(block.number));
    Logs out;
    std::vector<BlockRef> without;
    std::optional<RpcError> failure;
    const auto accept = [&](const BlockRef& block, const RpcResult& reply) {
        if (failure) return;
        if (!reply) {
            failure = reply.error();
            return;
        }
        auto infos = parse_tron_infos(*reply, block);
        if (!infos) {
            failure = node.fault(ErrorKind::malformed, "infos: " + infos.error().message).value();
            return;
        }
        if (infos->transactions == 0) without.push_back(block);
        std::copy_if(std::make_move_iterator(infos->logs.begin()),
                     std::make_move_iterator(infos->logs.end()), std::back_inserter(out),
                     [&filter](const Log& log) { return filter.accepts(log); });
    };
    for (std::size_t first = 0; first < requests.size() && !failure; first += kInfosAtOnce) {
        const auto part =
            std::span(requests).subspan(first, std::min(kInfosAtOnce, requests.size() - first));
        node.endpoint.call_plain(
            part, limits_for(node, deadline),
            [&](std::size_t i, const RpcResult& reply) { accept(blocks[first + i], reply); });
    }
    if (failure) return Unexpected<RpcError>{std::move(*failure)};
    for (const BlockRef& block : without) {
        if (auto empty = require_empty(node, block, deadline); !empty) {
            return Unexpected<RpcError>{std::move(empty.error())};
        }
    }
    return out;
}

Expected<bool, RpcError> offers_tron_infos(TronNode& node, Time deadline) {
    const BlockNumber head = node.endpoint.head().value_or(0);
    const BlockNumber number = std::max(head, kTronFinalDepth + 1) - kTronFinalDepth;
    const auto block = node.header(number, deadline);
    if (!block) return Unexpected<RpcError>{block.error()};
    if (!*block) return node.fault(ErrorKind::lag_or_reorg, "lacks a block below the head");
    const auto reply = node.endpoint.call_plain(request_of(number), limits_for(node, deadline));
    if (!reply && is_refusal(node, reply.error())) return Unexpected<RpcError>{reply.error()};
    if (!reply) return false;
    const auto infos = parse_tron_infos(*reply, **block);
    if (!infos) return false;
    if (infos->transactions > 0) return true;
    const auto count = count_of(node, **block, deadline);
    if (!count) return Unexpected<RpcError>{count.error()};
    return count->value_or(0) == 0;
}

Expected<Logs, ParseError> complete_logs(Logs one, Logs other) {
    if (one.size() < other.size()) std::swap(one, other);
    auto at = one.begin();
    for (const Log& log : other) {
        at = std::find_if(at, one.end(), [&](const Log& mine) { return mine.index == log.index; });
        if (at == one.end() || !is_same_log(*at, log)) {
            return parse_error("tells log " + std::to_string(log.index) + " of block " +
                               std::to_string(log.block) + " in two ways");
        }
    }
    return one;
}

}  // namespace plimsoll::chain
