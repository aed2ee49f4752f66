#include "daemon/chain/evm_probe.hpp"

#include "abi/hex.hpp"
#include "abi/quantity.hpp"
#include "daemon/rpc/json.hpp"

#include <spdlog/spdlog.h>

#include <array>
#include <utility>

namespace plimsoll::chain {
namespace {

using rpc::ErrorKind;
using rpc::RpcError;
using rpc::RpcResult;
using Time = rpc::Clock::Time;

/// A hash that no block has.
Bytes32 unknown_hash() {
    Bytes32 hash;
    hash.bytes.fill(0x11);
    return hash;
}

/// The node answered with an error of its own, whatever it says; else nothing is proved yet.
bool is_nodes_answer(const RpcError& error) {
    switch (error.kind) {
        case ErrorKind::lag_or_reorg:
        case ErrorKind::missing_state:
        case ErrorKind::execution:
        case ErrorKind::unsupported:
        case ErrorKind::bad_request:
            return true;
        case ErrorKind::transient:
            return error.code.has_value();
        default:
            return false;
    }
}

/// The node does not understand a block argument of this form.
bool is_form_refused(const RpcError& error) {
    return error.kind == ErrorKind::bad_request || error.kind == ErrorKind::unsupported;
}

class Probe {
  public:
    Probe(EvmNode& node, Time deadline) : node_(node), deadline_(deadline) {}

    Expected<EvmAbilities, RpcError> run();

  private:
    Expected<void, RpcError> check_chain();
    Expected<BlockRef, RpcError> older_block();
    Expected<bool, RpcError> honours_hash(const BlockRef& older);
    Expected<bool, RpcError> sees_block(const std::string& argument, const BlockRef& older);
    Expected<bool, RpcError> sees_block_by_code(const std::string& argument, const BlockRef& older);
    void ask_client();

    RpcResult call(const char* method, const std::string& params) {
        return node_.endpoint.call({method, params}, node_.limits(deadline_));
    }

    EvmNode& node_;
    Time deadline_;
    EvmAbilities abilities_;
};

Expected<void, RpcError> Probe::check_chain() {
    const auto result = call("eth_chainId", "[]");
    if (!result) return Unexpected<RpcError>{result.error()};
    const auto text = rpc::text(*result);
    const auto id = text ? parse_quantity64(*text) : parse_error("is no text");
    if (!id) return node_.fault(ErrorKind::malformed, "chain id: " + id.error().message);
    if (*id == node_.chain.chain_id) return {};
    return node_.fault(ErrorKind::wrong_chain, "chain id is " + std::to_string(*id) +
                                                   ", configured is " +
                                                   std::to_string(node_.chain.chain_id));
}

/// A block below the head, so that an answer about the head does not fit it.
Expected<BlockRef, RpcError> Probe::older_block() {
    const auto head = node_.latest(deadline_);
    if (!head) return Unexpected<RpcError>{head.error()};
    const BlockNumber number = head->block.number < 2 ? 0 : head->block.number - 2;
    auto older = node_.header(block_by_number(number), deadline_);
    if (!older) return Unexpected<RpcError>{std::move(older.error())};
    if (!*older) return node_.fault(ErrorKind::lag_or_reorg, "lacks a block below its head");
    return (*older)->block;
}

/// Whether a multicall with this block argument tells of that block.
Expected<bool, RpcError> Probe::sees_block(const std::string& argument, const BlockRef& older) {
    const auto calls = proof_calls(node_.chain.multicall, node_.chain.proof);
    const auto result =
        call("eth_call", call_params(node_.chain.multicall, encode_aggregate3(calls), argument));
    if (!result && is_form_refused(result.error())) return false;
    if (!result && result.error().kind != ErrorKind::execution) {
        return Unexpected<RpcError>{result.error()};
    }
    const auto text = result ? rpc::text(*result) : std::optional<std::string_view>("0x");
    if (!text) return node_.fault(ErrorKind::malformed, "result of eth_call is no text");
    const auto bytes = parse_hex(*text);
    if (!bytes) return node_.fault(ErrorKind::malformed, "eth_call: " + bytes.error().message);
    if (bytes->empty()) return sees_block_by_code(argument, older);
    const auto results = decode_aggregate3(*bytes, calls.size());
    if (!results) {
        return node_.fault(ErrorKind::malformed, "multicall: " + results.error().message);
    }
    abilities_.has_multicall = true;
    return check_proof(*results, older, node_.chain.proof).has_value();
}

/// The same where no multicall is deployed: code run without an address.
Expected<bool, RpcError> Probe::sees_block_by_code(const std::string& argument,
                                                   const BlockRef& older) {
    const auto result = call("eth_call", call_params(std::nullopt, proof_code(), argument));
    if (!result && is_nodes_answer(result.error())) return false;
    if (!result) return Unexpected<RpcError>{result.error()};
    const auto text = rpc::text(*result);
    const auto bytes = text ? parse_hex(*text) : parse_error("is no text");
    if (!bytes) return node_.fault(ErrorKind::malformed, "eth_call: " + bytes.error().message);
    return check_proof_code(*bytes, older, node_.chain.proof).has_value();
}

Expected<bool, RpcError> Probe::honours_hash(const BlockRef& older) {
    const auto calls = proof_calls(node_.chain.multicall, node_.chain.proof);
    const auto unknown =
        call("eth_call", call_params(node_.chain.multicall, encode_aggregate3(calls),
                                     block_by_hash(unknown_hash())));
    if (unknown) return false;
    if (!is_nodes_answer(unknown.error())) return Unexpected<RpcError>{unknown.error()};
    if (is_form_refused(unknown.error())) return false;
    return sees_block(block_by_hash(older.hash), older);
}

/// Told once per endpoint, for people. Nothing depends on it.
void Probe::ask_client() {
    if (!node_.client.empty()) return;
    const auto result = call("web3_clientVersion", "[]");
    const auto text = result ? rpc::text(*result) : std::nullopt;
    node_.client = text ? node_.endpoint.shown(*text) : "unknown client";
    spdlog::info("{}: {}", node_.endpoint.alias(), node_.client);
}

Expected<EvmAbilities, RpcError> Probe::run() {
    if (auto chain = check_chain(); !chain) return Unexpected<RpcError>{std::move(chain.error())};
    const auto older = older_block();
    if (!older) return Unexpected<RpcError>{older.error()};
    auto is_pinned = honours_hash(*older);
    if (is_pinned && !*is_pinned) {
        abilities_.pin = EvmAbilities::Pin::number;
        is_pinned = sees_block(block_by_number(older->number), *older);
    }
    if (!is_pinned) return Unexpected<RpcError>{std::move(is_pinned.error())};
    if (!*is_pinned) {
        return node_.fault(ErrorKind::unpinned,
                           "does not honour the block argument: calls run at another block");
    }
    if (auto logs = probe_logs(node_, *older, abilities_, deadline_); !logs) {
        return Unexpected<RpcError>{std::move(logs.error())};
    }
    ask_client();
    return abilities_;
}

}  // namespace

Expected<void, RpcError> probe_logs(EvmNode& node, const BlockRef& known, EvmAbilities& abilities,
                                    Time deadline) {
    const std::array<Address, 1> nobody = {node.chain.multicall};
    const std::array<Bytes32, 1> nothing = {unknown_hash()};
    const auto ask = [&](const Bytes32& hash) {
        return node.endpoint.call({"eth_getLogs", logs_of_params(nobody, nothing, hash)},
                                  node.limits(deadline));
    };
    const auto found = ask(known.hash);
    if (!found && !is_nodes_answer(found.error())) return Unexpected<RpcError>{found.error()};
    abilities.has_logs_by_hash = found.has_value();
    if (!found) return {};
    const auto unknown = ask(unknown_hash());
    if (!unknown && !is_nodes_answer(unknown.error())) return Unexpected<RpcError>{unknown.error()};
    abilities.denies_unknown_logs = !unknown.has_value();
    return {};
}

Expected<EvmAbilities, RpcError> probe(EvmNode& node, Time deadline) {
    return Probe(node, deadline).run();
}

}  // namespace plimsoll::chain
