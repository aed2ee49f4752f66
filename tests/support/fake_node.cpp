#include "tests/support/fake_node.hpp"

#include "abi/hex.hpp"
#include "abi/keccak.hpp"
#include "abi/quantity.hpp"

#include <algorithm>
#include <stdexcept>

namespace plimsoll::test {
namespace {

using nlohmann::json;
using protocols::Call;
using protocols::CallResult;
using protocols::Log;

Bytes32 hash_of(const std::string& text) { return keccak256(std::string_view(text)); }

std::uint64_t word_at(const Bytes& data, std::size_t at) {
    if (at + 32 > data.size()) throw std::out_of_range("calldata");
    return static_cast<std::uint64_t>(to_u256(std::span(data).subspan(at, 32)));
}

void append(Bytes& out, std::uint64_t value) {
    const Bytes32 word = to_bytes32(U256(value));
    out.insert(out.end(), word.bytes.begin(), word.bytes.end());
}

/// The calls of aggregate3, read from its calldata step by step.
std::vector<Call> decode_calls(const Bytes& calldata) {
    const Bytes data(calldata.begin() + 4, calldata.end());
    const std::size_t list = word_at(data, 0);
    const std::size_t count = word_at(data, list);
    std::vector<Call> calls;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t tuple = list + 32 + word_at(data, list + 32 + 32 * i);
        Call call;
        std::copy_n(data.begin() + static_cast<std::ptrdiff_t>(tuple + 12), 20,
                    call.to.bytes.begin());
        if (word_at(data, tuple + 32) != 1) throw std::out_of_range("allowFailure");
        const std::size_t bytes = tuple + word_at(data, tuple + 64);
        const std::size_t length = word_at(data, bytes);
        const auto first = data.begin() + static_cast<std::ptrdiff_t>(bytes + 32);
        call.data.assign(first, first + static_cast<std::ptrdiff_t>(length));
        calls.push_back(std::move(call));
    }
    return calls;
}

Bytes encode_results(const std::vector<CallResult>& results) {
    Bytes out;
    append(out, 32);
    append(out, results.size());
    std::size_t offset = results.size() * 32;
    for (const CallResult& result : results) {
        append(out, offset);
        offset += 96 + (result.data.size() + 31) / 32 * 32;
    }
    for (const CallResult& result : results) {
        append(out, result.success ? 1 : 0);
        append(out, 64);
        append(out, result.data.size());
        out.insert(out.end(), result.data.begin(), result.data.end());
        out.resize((out.size() + 31) / 32 * 32);
    }
    return out;
}

Bytes word_bytes(const Bytes32& word) { return {word.bytes.begin(), word.bytes.end()}; }

std::string text(const json& value) { return value.get<std::string>(); }

std::uint64_t number(const json& value) {
    return parse_quantity64(value.get<std::string>()).value();
}

}  // namespace

FakeChain::FakeChain(BlockNumber head, Hashes hashes) : hashes_(hashes) {
    mine(static_cast<unsigned>(head) + 1);
}

void FakeChain::mine(unsigned count, unsigned fork) {
    for (unsigned i = 0; i < count; ++i) {
        BlockRef block;
        block.number = blocks_.size();
        block.hash = hash_of("block " + std::to_string(block.number) + "/" + std::to_string(fork));
        if (hashes_ == Hashes::tron) {
            const Bytes32 height = to_bytes32(U256(block.number));
            std::copy_n(height.bytes.begin() + 24, 8, block.hash.bytes.begin());
        }
        if (!blocks_.empty()) block.parent = blocks_.back().hash;
        block.time = 1'700'000'000 + 12 * block.number;
        blocks_.push_back(block);
    }
}

void FakeChain::drop(unsigned count) {
    blocks_.resize(blocks_.size() - count);
    std::erase_if(logs_, [this](const Log& log) { return log.block >= blocks_.size(); });
}

void FakeChain::add_log(BlockNumber block, const Address& address, const Bytes32& topic,
                        std::uint32_t index) {
    Log log;
    log.address = address;
    log.topics = {topic};
    log.block = block;
    log.block_hash = at(block).hash;
    log.block_time = at(block).time;
    log.tx = hash_of("tx " + std::to_string(block) + "/" + std::to_string(index));
    log.index = index;
    const auto place =
        std::upper_bound(logs_.begin(), logs_.end(), log, [](const Log& a, const Log& b) {
            return std::tie(a.block, a.index) < std::tie(b.block, b.index);
        });
    logs_.insert(place, std::move(log));
}

FakeNode::FakeNode(const FakeChain& chain)
    : multicall(parse_address("0xca11bde05977b3631167028862be2a173976ca11").value()),
      chain_(chain) {}

std::size_t FakeNode::count(const std::string& method) const {
    return static_cast<std::size_t>(std::count(methods.begin(), methods.end(), method));
}

json FakeNode::header_json(const BlockRef& block) {
    return {{"number", to_quantity(block.number)},
            {"hash", to_hex(block.hash)},
            {"parentHash", to_hex(block.parent)},
            {"timestamp", to_quantity(block.time)},
            {"stateRoot", "0x"},
            {"logsBloom", "0x" + std::string(512, '0')}};
}

json FakeNode::log_json(const Log& log, bool with_time) {
    json topics = json::array();
    for (const Bytes32& topic : log.topics) topics.push_back(to_hex(topic));
    json out = {{"address", to_lower_hex(log.address)},
                {"topics", topics},
                {"data", to_hex(log.data)},
                {"blockHash", to_hex(log.block_hash)},
                {"blockNumber", to_quantity(log.block)},
                {"transactionHash", to_hex(log.tx)},
                {"transactionIndex", "0x0"},
                {"logIndex", to_quantity(log.index)},
                {"removed", false}};
    if (with_time) out["blockTimestamp"] = to_quantity(log.block_time);
    return out;
}

rpc::HttpResult FakeNode::answer(const std::string& body) {
    ++exchanges;
    const json request = json::parse(body);
    if (request.is_array()) {
        for (const json& item : request) methods.push_back(text(item.at("method")));
    } else {
        methods.push_back(text(request.at("method")));
    }
    if (override_http) {
        if (auto reply = override_http(body)) return *reply;
    }
    json out;
    if (!request.is_array()) {
        out = reply_to(request);
    } else if (request.size() > most_batch) {
        const NodeError error = batch_error.value_or(NodeError{-32600, "batch too large", {}});
        out = {{"jsonrpc", "2.0"},
               {"id", nullptr},
               {"error", {{"code", error.code}, {"message", error.message}}}};
    } else {
        out = json::array();
        for (const json& item : request) out.push_back(reply_to(item));
    }
    return rpc::HttpReply{200, out.dump(), std::nullopt};
}

json FakeNode::reply_to(const json& request) {
    json out = {{"jsonrpc", "2.0"}, {"id", request.at("id")}};
    const Answer answer = run(text(request.at("method")), request.at("params"));
    if (answer) {
        out["result"] = *answer;
    } else {
        out["error"] = {{"code", answer.error().code}, {"message", answer.error().message}};
        if (!answer.error().data.is_null()) out["error"]["data"] = answer.error().data;
    }
    return out;
}

FakeNode::Answer FakeNode::run(const std::string& method, const json& params) {
    if (override_error) {
        if (auto error = override_error(method, params)) return Unexpected<NodeError>{*error};
    }
    if (override_result) {
        if (auto result = override_result(method, params)) return *result;
    }
    if (method == "eth_chainId") return json(to_quantity(chain_id));
    if (method == "web3_clientVersion") return json("Fake/v1");
    if (method == "eth_getBlockByNumber") return block(params.at(0));
    if (method == "eth_getBlockByHash") {
        const auto found = by_hash(text(params.at(0)));
        return found ? header_json(*found) : json(nullptr);
    }
    if (method == "eth_getLogs") return logs(params.at(0));
    if (method == "eth_call") return call(params);
    if (method == "eth_getCode") {
        const auto at = argument(params.at(1));
        if (!at) return Unexpected<NodeError>{at.error()};
        const bool has_code = parse_address(params.at(0).get<std::string>()).value() == multicall;
        return json(has_code ? "0x60" : "0x");
    }
    return Unexpected<NodeError>{NodeError{-32601, "Method not found", {}}};
}

FakeNode::Answer FakeNode::block(const json& tag) {
    const std::string name = text(tag);
    BlockNumber wanted = 0;
    if (name == "latest") {
        wanted = head();
    } else if (name == "finalized") {
        wanted = head() - std::min<BlockNumber>(head(), 64);
    } else if (name == "safe") {
        wanted = head() - std::min<BlockNumber>(head(), 32);
    } else {
        wanted = number(tag);
    }
    if (wanted > head()) return json(nullptr);
    return header_json(chain_.at(wanted));
}

FakeNode::Answer FakeNode::logs(const json& filter) {
    BlockNumber from = 0;
    BlockNumber to = 0;
    if (filter.contains("blockHash")) {
        const auto found = by_hash(text(filter.at("blockHash")));
        if (!found && !denies_unknown_logs) return json::array();
        if (!found) return Unexpected<NodeError>{NodeError{-32000, "unknown block", {}}};
        from = to = found->number;
    } else {
        from = number(filter.at("fromBlock"));
        to = std::min(head(), number(filter.at("toBlock")));
    }
    const json& addresses = filter.at("address");
    const json& topics = filter.at("topics").at(0);
    json out = json::array();
    for (const Log& log : chain_.logs()) {
        if (log.block < from || log.block > to) continue;
        const bool is_wanted =
            std::find(addresses.begin(), addresses.end(), to_lower_hex(log.address)) !=
                addresses.end() &&
            std::find(topics.begin(), topics.end(), to_hex(log.topics.at(0))) != topics.end();
        if (is_wanted) out.push_back(log_json(log, has_log_times));
    }
    if (log_limit) {
        if (auto error = log_limit(from, to, addresses.size(), out.size())) {
            return Unexpected<NodeError>{*error};
        }
    }
    return out;
}

FakeNode::Answer FakeNode::call(const json& params) {
    auto at = argument(params.at(1));
    if (!at) return Unexpected<NodeError>{at.error()};
    if (ignores_block) at = chain_.at(head());
    const Bytes calldata = parse_hex(params.at(0).at("data").get<std::string>()).value();
    if (!params.at(0).contains("to")) {
        if (!runs_code) return Unexpected<NodeError>{NodeError{-32602, "missing to", {}}};
        Bytes out;
        append(out, at->number);
        append(out, at->time);
        out.insert(out.end(), at->parent.bytes.begin(), at->parent.bytes.end());
        return json(to_hex(out));
    }
    const Call call{parse_address(params.at(0).at("to").get<std::string>()).value(), calldata};
    std::uint64_t gas_left = most_gas;
    const bool is_multicall = call.to == multicall && at->number >= multicall_from;
    const CallResult result =
        is_multicall ? aggregate(calldata, *at, gas_left) : execute(call, *at, gas_left);
    if (result.success) return json(to_hex(result.data));
    if (gas_left == 0) return Unexpected<NodeError>{NodeError{-32000, "out of gas", {}}};
    return Unexpected<NodeError>{NodeError{3, "execution reverted", json(to_hex(result.data))}};
}

CallResult FakeNode::aggregate(const Bytes& calldata, const BlockRef& at, std::uint64_t& gas_left) {
    std::vector<CallResult> results;
    for (const Call& call : decode_calls(calldata)) {
        results.push_back(execute(call, at, gas_left));
    }
    if (gas_left == 0) return {false, {}};
    return {true, encode_results(results)};
}

CallResult FakeNode::execute(const Call& call, const BlockRef& at, std::uint64_t& gas_left) {
    if (call.to == multicall && at.number >= multicall_from) {
        const std::string selector = to_hex(call.data);
        if (selector == "0x42cbb15c") return {true, word_bytes(to_bytes32(U256(at.number)))};
        if (selector == "0x0f28c97d") return {true, word_bytes(to_bytes32(U256(at.time)))};
        if (selector == "0x27e86d6e") return {true, word_bytes(at.parent)};
        if (selector == "0x3408e470") return {true, word_bytes(to_bytes32(U256(chain_id)))};
    }
    const std::uint64_t cost = gas ? gas(call) : 1;
    if (cost >= gas_left - gas_left / 64) {
        gas_left /= 64;
        return {false, {}};
    }
    gas_left -= cost;
    return contract ? contract(call, at) : CallResult{true, {}};
}

Expected<BlockRef, NodeError> FakeNode::argument(const json& value) const {
    if (value.is_object()) {
        if (!knows_block_hash) {
            return Unexpected<NodeError>{NodeError{-32602, "invalid argument 1", {}}};
        }
        const auto found = by_hash(text(value.at("blockHash")));
        if (found) return *found;
        if (!denies_unknown_hash) return chain_.at(head());
        return Unexpected<NodeError>{NodeError{-32000, "header for hash not found", {}}};
    }
    const BlockNumber wanted = value == "latest" ? head() : number(value);
    if (wanted > head()) return Unexpected<NodeError>{NodeError{-32000, "header not found", {}}};
    return chain_.at(wanted);
}

std::optional<BlockRef> FakeNode::by_hash(const std::string& hash) const {
    const auto wanted = parse_bytes32(hash);
    for (BlockNumber i = 0; wanted && i <= head(); ++i) {
        if (chain_.at(i).hash == *wanted) return chain_.at(i);
    }
    return std::nullopt;
}

std::vector<rpc::HttpResult> FakeTransport::send(std::span<const rpc::HttpRequest> requests) {
    std::vector<rpc::HttpResult> out;
    for (const rpc::HttpRequest& request : requests) {
        if (is_cancelled_) {
            out.push_back(Unexpected<rpc::HttpFault>{
                rpc::HttpFault{rpc::HttpFault::Kind::cancelled, "cancelled"}});
            continue;
        }
        if (on_send) on_send(request);
        const auto node = nodes.find(request.endpoint->alias);
        if (node == nodes.end()) {
            out.push_back(Unexpected<rpc::HttpFault>{
                rpc::HttpFault{rpc::HttpFault::Kind::unreachable, "no such node"}});
        } else {
            out.push_back(node->second->answer(request.body));
        }
    }
    return out;
}

}  // namespace plimsoll::test
