#include "daemon/chain/tron_node.hpp"

#include "abi/hex.hpp"
#include "daemon/rpc/json.hpp"

#include <utility>

namespace plimsoll::chain {

using rpc::ErrorKind;
using rpc::PlainRequest;
using rpc::RpcError;
using rpc::RpcRequest;
using rpc::RpcResult;

std::string to_string(const TronAbilities& abilities) {
    std::string out;
    const auto add = [&out](bool is_there, const char* name) {
        if (!is_there) return;
        if (!out.empty()) out += ", ";
        out += name;
    };
    add(abilities.has_wallet, abilities.has_infos ? "wallet" : "wallet without infos");
    add(abilities.has_solidity, "walletsolidity");
    add(abilities.has_rpc, "jsonrpc");
    add(abilities.has_events, "v1");
    return out;
}

Expected<std::optional<BlockRef>, RpcError> TronNode::block_of(const RpcResult& reply) const {
    if (!reply) return Unexpected<RpcError>{reply.error()};
    auto block = parse_tron_block(*reply);
    if (!block) return fault(ErrorKind::malformed, "block: " + block.error().message);
    return *block;
}

Expected<BlockRef, RpcError> TronNode::latest(rpc::Clock::Time deadline) {
    if (!abilities.has_wallet) {
        const auto header = evm.latest(deadline);
        if (!header) return Unexpected<RpcError>{header.error()};
        return header->block;
    }
    const PlainRequest request =
        abilities.has_light_blocks ? PlainRequest{"/wallet/getblock", tron_block_body(std::nullopt)}
                                   : PlainRequest{"/wallet/getnowblock", "{}"};
    const auto block = block_of(endpoint.call_plain(request, limits(deadline)));
    if (!block) return Unexpected<RpcError>{block.error()};
    if (!*block) return fault(ErrorKind::malformed, "has no newest block");
    endpoint.set_head((*block)->number);
    return **block;
}

Expected<std::optional<BlockRef>, RpcError> TronNode::solid(rpc::Clock::Time deadline) {
    if (abilities.has_solidity) {
        const PlainRequest request =
            abilities.has_light_solidity
                ? PlainRequest{"/walletsolidity/getblock", tron_block_body(std::nullopt)}
                : PlainRequest{"/walletsolidity/getnowblock", "{}"};
        return block_of(endpoint.call_plain(request, limits(deadline)));
    }
    if (abilities.has_rpc_final) return evm.block("\"finalized\"", deadline);
    const auto head = latest(deadline);
    if (!head) return Unexpected<RpcError>{head.error()};
    if (head->number < kTronFinalDepth) return std::optional<BlockRef>();
    return header(head->number - kTronFinalDepth, deadline);
}

Expected<std::optional<BlockRef>, RpcError> TronNode::header(BlockNumber number,
                                                             rpc::Clock::Time deadline) {
    auto found = headers(number, number, deadline);
    if (!found) return Unexpected<RpcError>{std::move(found.error())};
    if (found->front() && found->front()->number != number) {
        return fault(ErrorKind::malformed, "answers another block than asked");
    }
    return found->front();
}

Expected<std::vector<std::optional<BlockRef>>, RpcError> TronNode::headers(
    BlockNumber first, BlockNumber last, rpc::Clock::Time deadline) {
    if (!abilities.has_wallet) return evm.blocks(first, last, deadline);
    std::vector<PlainRequest> requests;
    for (BlockNumber number = first; number <= last; ++number) {
        requests.push_back(abilities.has_light_blocks
                               ? PlainRequest{"/wallet/getblock", tron_block_body(number)}
                               : PlainRequest{"/wallet/getblockbynum",
                                              R"({"num":)" + std::to_string(number) + "}"});
    }
    std::vector<std::optional<BlockRef>> out;
    std::optional<RpcError> failure;
    endpoint.call_plain(requests, limits(deadline), [&](std::size_t, const RpcResult& reply) {
        if (failure) return;
        auto block = block_of(reply);
        if (block) {
            out.push_back(*block);
        } else {
            failure = std::move(block.error());
        }
    });
    if (failure) return Unexpected<RpcError>{std::move(*failure)};
    return out;
}

Expected<void, RpcError> TronNode::require_canonical(const BlockRef& block,
                                                     rpc::Clock::Time deadline) {
    const auto found = header(block.number, deadline);
    if (!found) return Unexpected<RpcError>{found.error()};
    if (*found && (*found)->hash == block.hash) return {};
    return fault(ErrorKind::lag_or_reorg,
                 "block " + std::to_string(block.number) + " is not canonical");
}

Returned TronNode::returned_of(const RpcResult& reply) const {
    if (!reply) return Unexpected<RpcError>{reply.error()};
    if (abilities.has_wallet_calls) {
        auto returned = parse_tron_call(*reply);
        if (!returned) returned = Unexpected<RpcError>{endpoint.named(returned.error())};
        return returned;
    }
    const auto text = rpc::text(*reply);
    auto bytes = text ? parse_hex(*text) : parse_error("result is no text");
    if (!bytes) return fault(ErrorKind::malformed, "eth_call: " + bytes.error().message);
    return std::move(*bytes);
}

std::vector<Returned> TronNode::run(const Address& multicall, std::span<const Bytes> calldata,
                                    rpc::Clock::Time deadline) {
    std::vector<Returned> out(calldata.size(), Bytes{});
    std::vector<std::size_t> slow;
    const auto ask = [&](const std::vector<std::size_t>& indexes) {
        const auto accept = [&](std::size_t i, const RpcResult& reply) {
            Returned returned = returned_of(reply);
            // The node's own word, under either path; not a request that nobody answered in time.
            const bool is_answered = reply || reply.error().code.has_value();
            const bool is_out_of_time =
                is_answered && !returned && returned.error().kind == ErrorKind::timeout;
            if (is_out_of_time) slow.push_back(indexes[i]);
            out[indexes[i]] = std::move(returned);
        };
        std::vector<PlainRequest> plain;
        std::vector<RpcRequest> requests;
        for (const std::size_t i : indexes) {
            if (abilities.has_wallet_calls) {
                plain.push_back(
                    {"/wallet/triggerconstantcontract", tron_call_body(multicall, calldata[i])});
            } else {
                requests.push_back({"eth_call", call_params(multicall, calldata[i], "\"latest\"")});
            }
        }
        if (!plain.empty()) endpoint.call_plain(plain, limits(deadline), accept);
        if (!requests.empty()) endpoint.call_parallel(requests, limits(deadline), accept);
    };
    std::vector<std::size_t> all(calldata.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    ask(all);
    // Whether the node has time enough depends on what else it does just then.
    if (!slow.empty()) ask(std::exchange(slow, {}));
    for (const std::size_t i : slow) out[i].error().kind = ErrorKind::split;
    return out;
}

}  // namespace plimsoll::chain
