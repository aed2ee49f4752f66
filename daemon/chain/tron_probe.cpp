#include "daemon/chain/tron_probe.hpp"

#include "abi/codec.hpp"
#include "abi/hex.hpp"
#include "abi/quantity.hpp"
#include "daemon/chain/evm_probe.hpp"
#include "daemon/chain/multicall.hpp"
#include "daemon/chain/tron_call_site.hpp"
#include "daemon/chain/tron_infos.hpp"
#include "daemon/rpc/json.hpp"

#include <spdlog/spdlog.h>

#include <cstddef>
#include <iterator>
#include <utility>

namespace plimsoll::chain {
namespace {

using rpc::ErrorKind;
using rpc::PlainRequest;
using rpc::RpcError;
using rpc::RpcResult;
using Time = rpc::Clock::Time;

class TronProbe {
  public:
    TronProbe(TronNode& node, Time deadline) : node_(node), deadline_(deadline) {}

    Expected<void, RpcError> run();

  private:
    using Done = Expected<void, RpcError>;

    Expected<bool, RpcError> answers_block(const char* path, const char* body);
    Done find_blocks(const std::string& base, bool& is_there, bool& is_light);
    Done find_wallet();
    Done find_rpc();
    Done find_rpc_final();
    Done find_calls();
    Done find_solidity();
    Done find_multicall();
    Expected<bool, RpcError> try_multicall(const Address& multicall);
    Done check_proof_of(std::span<const protocols::CallResult> results);
    Done find_infos();
    Done find_events();
    bool answers_elsewhere(std::size_t step);
    void tell() const;

    static constexpr Done (TronProbe::*kSteps[])() = {
        &TronProbe::find_wallet,   &TronProbe::find_rpc,   &TronProbe::find_calls,
        &TronProbe::find_solidity, &TronProbe::find_infos, &TronProbe::find_events};

    /// Nothing is known of an interface by this: it was not reached, or not in time, or the whole
    /// node was asked too often. What refuses a second time, while others answer, says no.
    bool is_no_answer(const RpcError& error) const {
        const bool is_rate = error.kind == ErrorKind::rate && !is_second_refusal_;
        return is_rate || error.is_unreachable || error.kind == ErrorKind::quota ||
               error.kind == ErrorKind::timeout || error.kind == ErrorKind::cancelled;
    }
    RpcResult plain(const std::string& path, const std::string& body) {
        return node_.endpoint.call_plain(PlainRequest{path, body}, node_.limits(deadline_));
    }
    RpcResult rpc(const char* method, const std::string& params) {
        return node_.endpoint.call({method, params}, node_.limits(deadline_));
    }

    TronNode& node_;
    Time deadline_;
    bool is_second_refusal_ = false;       ///< what is refused now was refused just before
    std::optional<RpcError> no_wallet_{};  ///< why there is no /wallet, where it refused
};

Expected<bool, RpcError> TronProbe::answers_block(const char* path, const char* body) {
    const auto reply = plain(path, body);
    if (!reply && is_absent(reply.error())) return false;
    const auto block = node_.block_of(reply);
    // A page of something else, or an error in words of its own: there is no such interface.
    if (!block && block.error().kind == ErrorKind::malformed) return false;
    if (block) return block->has_value();
    RpcError error = block.error();
    error.message += std::string(" (") + path + ")";
    return Unexpected<RpcError>{std::move(error)};
}

/// Blocks under /wallet or /walletsolidity: the header alone where the node can, else the block.
Expected<void, RpcError> TronProbe::find_blocks(const std::string& base, bool& is_there,
                                                bool& is_light) {
    const auto light = answers_block((base + "/getblock").c_str(), R"({"detail":false})");
    // A host may have words of its own for a path it does not know: then the older path tells.
    const bool is_unclear =
        !light && light.error().kind == ErrorKind::transient && !light.error().is_unreachable;
    if (!light && !is_unclear) return Unexpected<RpcError>{light.error()};
    is_there = is_light = light && *light;
    if (is_there) return {};
    const auto whole = answers_block((base + "/getnowblock").c_str(), "{}");
    if (!whole) return Unexpected<RpcError>{whole.error()};
    is_there = *whole;
    return {};
}

Expected<void, RpcError> TronProbe::find_rpc() {
    const auto reply = rpc("eth_chainId", "[]");
    node_.abilities.has_rpc = false;
    const bool may_be_absent =
        !reply && (is_absent(reply.error()) || reply.error().kind == ErrorKind::malformed ||
                   (node_.abilities.has_wallet && !is_no_answer(reply.error())));
    if (!reply && no_wallet_ && !is_no_answer(reply.error())) {
        return Unexpected<RpcError>{*no_wallet_};
    }
    if (!reply && !may_be_absent) {
        RpcError error = reply.error();
        error.message += " (/jsonrpc)";
        return Unexpected<RpcError>{std::move(error)};
    }
    // A node that has no /jsonrpc answers with a page of its own, or lets nobody in.
    if (!reply) return {};
    const auto text = rpc::text(*reply);
    const auto id = text ? parse_quantity64(*text) : parse_error("is no text");
    if (!id) return node_.fault(ErrorKind::malformed, "chain id: " + id.error().message);
    if (*id != node_.chain.evm.chain_id) {
        return node_.fault(ErrorKind::wrong_chain, "chain id is " + std::to_string(*id) +
                                                       ", configured is " +
                                                       std::to_string(node_.chain.evm.chain_id));
    }
    node_.abilities.has_rpc = true;
    const auto head = node_.evm.latest(deadline_);
    if (!head) return Unexpected<RpcError>{head.error()};
    if (auto logs = probe_logs(node_.evm, head->block, node_.evm.abilities, deadline_); !logs) {
        return logs;
    }
    return find_rpc_final();
}

Expected<void, RpcError> TronProbe::find_rpc_final() {
    const auto found = node_.evm.block("\"finalized\"", deadline_);
    if (!found && !is_absent(found.error()) && found.error().kind != ErrorKind::lag_or_reorg) {
        return Unexpected<RpcError>{found.error()};
    }
    node_.abilities.has_rpc_final = found.has_value();
    return {};
}

/// Whether this multicall tells the chain and the block it runs at.
Expected<bool, RpcError> TronProbe::try_multicall(const Address& multicall) {
    node_.abilities.multicall = multicall;
    auto calls = proof_calls(multicall, SnapshotProof::full);
    calls.push_back({multicall, abi::Calldata("getChainId()").take()});
    const Bytes data = encode_aggregate3(calls);
    const auto returned = node_.run(multicall, {&data, 1}, deadline_).front();
    if (!returned && returned.error().kind == ErrorKind::execution) return false;
    if (!returned) return Unexpected<RpcError>{returned.error()};
    if (returned->empty()) return false;
    const auto results = decode_aggregate3(*returned, calls.size());
    if (!results) return false;
    const auto id = abi::Reader(results->back().data).uint(0);
    // Before a vote of 2021 the whole id of the first block, of which these are the last bytes.
    if (!id || (*id & U256(UINT32_MAX)) != U256(node_.chain.evm.chain_id)) {
        return node_.fault(ErrorKind::wrong_chain,
                           "contracts there see chain id " + (id ? to_decimal(*id) : "none") +
                               ", configured is " + std::to_string(node_.chain.evm.chain_id));
    }
    if (auto proved = check_proof_of(std::span(*results).first(calls.size() - 1)); !proved) {
        return Unexpected<RpcError>{std::move(proved.error())};
    }
    return true;
}

/// The block that a multicall says it ran at is one that the node has.
Expected<void, RpcError> TronProbe::check_proof_of(std::span<const protocols::CallResult> results) {
    const auto seen = tron_block_of(results);
    if (!seen) return node_.fault(ErrorKind::unpinned, seen.error().message);
    const auto block = node_.header(seen->number, deadline_);
    if (!block) return Unexpected<RpcError>{block.error()};
    if (!*block) return node_.fault(ErrorKind::lag_or_reorg, "lacks the block its calls run at");
    if (is_block_of_proof(*seen, **block)) return {};
    return node_.fault(ErrorKind::unpinned, "calls do not tell at which block they run");
}

Expected<void, RpcError> TronProbe::find_multicall() {
    std::string tried;
    for (const Address& multicall : node_.chain.multicalls) {
        const auto found = try_multicall(multicall);
        if (!found) return Unexpected<RpcError>{found.error()};
        if (*found) return {};
        tried += (tried.empty() ? "" : " nor ") + to_base58check(multicall);
    }
    return node_.fault(
        ErrorKind::unsupported,
        "no Multicall3 at " + tried + ": give its address as 'multicall' of the chain");
}

/// What logs come out of without /jsonrpc, and are compared with beside it.
Expected<void, RpcError> TronProbe::find_infos() {
    node_.abilities.has_infos = false;
    if (node_.abilities.has_wallet) {
        const auto offered = offers_tron_infos(node_, deadline_);
        if (!offered) return Unexpected<RpcError>{offered.error()};
        node_.abilities.has_infos = *offered;
    }
    if (node_.abilities.has_infos || node_.abilities.has_rpc) return {};
    return node_.fault(
        ErrorKind::unsupported,
        "offers no logs: it has no /jsonrpc, and does not tell what transactions did "
        "(/wallet/gettransactioninfobyblocknum)");
}

Expected<void, RpcError> TronProbe::find_events() {
    const auto reply =
        plain("/v1/contracts/" + to_base58check(node_.abilities.multicall) + "/events?limit=1", "");
    node_.abilities.has_events = reply && parse_event_page(*reply).has_value();
    const bool is_needed = !node_.abilities.has_rpc;  // else of no use
    if (reply || !is_needed || !is_no_answer(reply.error())) return {};
    return Unexpected<RpcError>{reply.error()};
}

void TronProbe::tell() const {
    const std::string offers = to_string(node_.abilities);
    if (node_.endpoint.report().offers == offers) return;
    node_.endpoint.set_offers(offers);
    spdlog::info("{}: offers {}; Multicall3 at {}", node_.endpoint.alias(), offers,
                 to_base58check(node_.abilities.multicall));
}

Expected<void, RpcError> TronProbe::find_wallet() {
    TronAbilities& found = node_.abilities;
    auto done = find_blocks("/wallet", found.has_wallet, found.has_light_blocks);
    // Much depends on it, so one that only may be out of order is asked once more.
    const bool may_pass = !done && done.error().kind == ErrorKind::transient && !is_second_refusal_;
    if (done || may_pass || is_no_answer(done.error())) return done;
    found.has_wallet = found.has_light_blocks = false;
    no_wallet_ = done.error();
    return {};
}

Expected<void, RpcError> TronProbe::find_solidity() {
    TronAbilities& found = node_.abilities;
    auto done = find_blocks("/walletsolidity", found.has_solidity, found.has_light_solidity);
    if (done || is_no_answer(done.error())) return done;
    found.has_solidity = found.has_light_solidity = false;  // finality is told otherwise
    return {};
}

Expected<void, RpcError> TronProbe::find_calls() {
    TronAbilities& found = node_.abilities;
    if (!found.has_wallet && !found.has_rpc) {
        return node_.fault(
            ErrorKind::unsupported,
            "offers neither /wallet nor /jsonrpc: is it the base URL of a TRON node?");
    }
    found.has_wallet_calls = found.has_wallet;
    auto multicall = find_multicall();
    const bool has_no_calls =
        !multicall && multicall.error().kind == ErrorKind::unsupported && found.has_rpc;
    if (has_no_calls && found.has_wallet_calls) {  // "this node does not support constant"
        found.has_wallet_calls = false;
        multicall = find_multicall();
    }
    return multicall;
}

/// Whether another interface than the one of this step answers just now.
bool TronProbe::answers_elsewhere(std::size_t step) {
    if (step != 0 && node_.abilities.has_wallet) {
        const auto block = answers_block("/wallet/getnowblock", "{}");
        return block && *block;
    }
    return kSteps[step] != &TronProbe::find_rpc && rpc("eth_chainId", "[]").has_value();
}

/// A node that refuses one in so many requests would never be through with all of them at once: the
/// next probe goes on where it refused.
Expected<void, RpcError> TronProbe::run() {
    const auto refused = std::exchange(node_.refused, std::nullopt);
    for (std::size_t step = refused.value_or(0); step < std::size(kSteps); ++step) {
        is_second_refusal_ = refused == step;
        auto done = (this->*kSteps[step])();
        if (done) continue;
        const bool may_be_no = done.error().kind == ErrorKind::rate && !done.error().is_wait_told;
        if (may_be_no && !is_second_refusal_ && answers_elsewhere(step)) {
            is_second_refusal_ = true;
            done = (this->*kSteps[step])();
            if (done) continue;
        }
        const ErrorKind kind = done.error().kind;
        const bool is_refusal =
            kind == ErrorKind::rate || (step == 0 && kind == ErrorKind::transient);
        if (is_refusal && !done.error().is_unreachable) node_.refused = step;
        return done;
    }
    tell();
    return {};
}

}  // namespace

Expected<void, RpcError> probe(TronNode& node, Time deadline) {
    return TronProbe(node, deadline).run();
}

}  // namespace plimsoll::chain
