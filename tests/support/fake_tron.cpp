#include "tests/support/fake_tron.hpp"

#include "abi/address.hpp"
#include "abi/codec.hpp"
#include "abi/hex.hpp"

#include <algorithm>

namespace plimsoll::test {
namespace {

using nlohmann::json;

std::string bare(const std::string& hex) { return hex.substr(2); }
std::string in_hex(const std::string& text) {
    return to_hex_digits({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

rpc::HttpResult ok(const std::string& body) { return rpc::HttpReply{200, body, std::nullopt}; }

std::string query_value(const std::string& path, const std::string& name) {
    const std::string key = name + "=";
    std::size_t at = path.find(key);
    while (at != std::string::npos && path[at - 1] != '?' && path[at - 1] != '&') {
        at = path.find(key, at + 1);
    }
    if (at == std::string::npos) return {};
    const std::size_t start = at + key.size();
    return path.substr(start, path.find('&', start) - start);
}

}  // namespace

FakeTron::FakeTron(const FakeChain& chain) : evm(chain), chain_(chain) {
    evm.chain_id = 728126428;
    evm.denies_unknown_logs = true;
}

std::size_t FakeTron::count(const std::string& path) const {
    return static_cast<std::size_t>(std::count(paths.begin(), paths.end(), path));
}

rpc::HttpResult FakeTron::answer(const rpc::HttpRequest& request) {
    const std::string path = request.path.substr(0, request.path.find('?'));
    paths.push_back(path);
    if (override_http) {
        if (auto reply = override_http(request)) return *reply;
    }
    const rpc::HttpResult absent = rpc::HttpReply{404, "404 page not found", std::nullopt};
    if (path == "/jsonrpc") return has_rpc ? json_rpc(request.body) : absent;
    if (path.starts_with("/v1/")) return has_events ? ok(events(request.path).dump()) : absent;
    const json params = request.body.empty() ? json::object() : json::parse(request.body);
    const std::string solid = "/walletsolidity/";
    const std::string full = "/wallet/";
    const BlockNumber top = evm.head();
    if (path.starts_with(solid) && has_solidity) {
        const BlockNumber final_top = top - std::min(top, solid_depth);
        const json reply = wallet(path.substr(solid.size()), params, final_top);
        return reply.is_null() ? absent : ok(reply.dump());
    }
    if (path.starts_with(full) && has_wallet) {
        const json reply = wallet(path.substr(full.size()), params, top);
        return reply.is_null() ? absent : ok(reply.dump());
    }
    return absent;
}

/// Null: there is no such path.
json FakeTron::wallet(const std::string& name, const json& params, BlockNumber top) {
    if (name == "getnowblock") return block(top, top);
    if (name == "getblockbynum") {
        json out = block(params.at("num").get<BlockNumber>(), top);
        if (has_transactions) out["transactions"] = {{{"txID", std::string(64, 'a')}}};
        return out;
    }
    if (name == "getblock" && has_light_blocks) {
        if (!params.contains("id_or_num")) return block(top, top);
        return block(std::stoull(params.at("id_or_num").get<std::string>()), top);
    }
    if (name == "gettransactioninfobyblocknum") {
        return infos(params.at("num").get<BlockNumber>(), top);
    }
    if (name == "getcontract") {
        const std::string value = params.at("value").get<std::string>();
        if (parse_tron_address(value) != evm.multicall) return json::object();
        return {{"contract_address", value}, {"bytecode", "60"}};
    }
    if (name == "triggerconstantcontract") return call(params);
    return nullptr;
}

json FakeTron::block(BlockNumber number, BlockNumber top) const {
    if (number > top) return json::object();
    const BlockRef& at = chain_.at(number);
    json raw = {
        {"parentHash", bare(to_hex(at.parent))}, {"version", 31}, {"timestamp", at.time * 1'000}};
    if (number > 0) raw["number"] = number;
    return {{"blockID", bare(to_hex(at.hash))}, {"block_header", {{"raw_data", raw}}}};
}

void FakeTron::begin_call() {
    if (before_call) before_call(calls);
    evm.lag = call_lag ? call_lag(calls) : evm.lag;
    ++calls;
}

json FakeTron::call(const json& params) {
    const auto refused = [](const char* code, const std::string& message) {
        return json{{"result", {{"code", code}, {"message", in_hex(message)}}}};
    };
    if (!has_constant_calls) {
        return refused("CONTRACT_VALIDATE_ERROR", "this node does not support constant");
    }
    const Address to = parse_tron_address(params.at("contract_address").get<std::string>()).value();
    if (to != evm.multicall) {
        return refused("CONTRACT_VALIDATE_ERROR", "Smart contract is not exist.");
    }
    const std::string parameter = params.at("parameter").get<std::string>();
    if (parameter.size() > most_calldata) {
        ++calls;
        return refused("OTHER_ERROR",
                       "class Program$OutOfTimeException : CPU timeout for 'SLOAD' "
                       "operation executing");
    }
    const auto selector = abi::selector(params.at("function_selector").get<std::string>());
    const BlockNumber lag = evm.lag;
    begin_call();
    const json request = {
        {"jsonrpc", "2.0"},
        {"id", 1},
        {"method", "eth_call"},
        {"params",
         {{{"to", to_lower_hex(to)}, {"data", "0x" + to_hex_digits(selector) + parameter}},
          "latest"}}};
    const json reply = json::parse(evm.answer(request.dump())->body);
    evm.lag = lag;
    if (reply.contains("result")) {
        return {{"result", {{"result", true}}},
                {"constant_result", {bare(reply.at("result").get<std::string>())}},
                {"transaction", {{"ret", {json::object()}}}}};
    }
    return {{"result", {{"result", true}, {"message", in_hex("REVERT opcode executed")}}},
            {"constant_result", {""}},
            {"transaction", {{"ret", {{{"ret", "FAILED"}}}}}}};
}

/// Each log lies in a transaction of its own; a failed one with a log stands before them.
json FakeTron::infos(BlockNumber number, BlockNumber top) const {
    json out = json::array();
    if (number > top) return out;
    const BlockRef& at = chain_.at(number);
    for (const protocols::Log& log : chain_.logs()) {
        if (log.block != number) continue;
        json topics = json::array();
        for (const Bytes32& topic : log.topics) topics.push_back(bare(to_hex(topic)));
        json entry = {{"address", bare(to_lower_hex(log.address))}, {"topics", topics}};
        if (!log.data.empty()) entry["data"] = to_hex_digits(log.data);
        out.push_back({{"id", bare(to_hex(log.tx))},
                       {"blockNumber", number},
                       {"blockTimeStamp", std::to_string(at.time * 1'000)},
                       {"receipt", {{"result", "SUCCESS"}}},
                       {"log", {entry}}});
    }
    return out;
}

json FakeTron::events(const std::string& path) const {
    const std::string contract = path.substr(14, path.find("/events") - 14);
    const Address address = parse_tron_address(contract).value();
    const std::string since = query_value(path, "min_block_timestamp");
    const std::string until = query_value(path, "max_block_timestamp");
    const std::string place = query_value(path, "fingerprint");
    const std::size_t limit =
        std::min<std::size_t>(page_size, std::stoull("0" + query_value(path, "limit")));
    const BlockNumber lag = std::max(solid_depth, event_lag);
    const BlockNumber top = evm.head() - std::min(evm.head(), lag);
    json rows = json::array();
    for (const protocols::Log& log : chain_.logs()) {
        const std::uint64_t time = log.block_time * 1'000;
        if (log.address != address || log.block > top) continue;
        if (!since.empty() && time < std::stoull(since)) continue;
        if (!until.empty() && time > std::stoull(until)) continue;
        rows.push_back({{"block_number", log.block},
                        {"block_timestamp", time},
                        {"transaction_id", bare(to_hex(log.tx))}});
    }
    const std::size_t first = std::min<std::size_t>(rows.size(), std::stoull("0" + place));
    const std::size_t last = std::min(rows.size(), first + limit);
    json page = {
        {"success", true}, {"data", json::array()}, {"meta", {{"page_size", last - first}}}};
    for (std::size_t i = first; i < last; ++i) page["data"].push_back(rows[i]);
    if (last < rows.size() && !loses_fingerprint)
        page["meta"]["fingerprint"] = std::to_string(last);
    return page;
}

rpc::HttpResult FakeTron::json_rpc(const std::string& body) {
    if (body.find("\"eth_call\"") == std::string::npos) return evm.answer(body);
    const json request = json::parse(body);
    const std::string data = request.at("params").at(0).at("data").get<std::string>();
    if (data.size() > 10 + most_calldata) {  // 0x and the selector besides
        ++calls;
        return ok(
            json{{"jsonrpc", "2.0"},
                 {"id", request.at("id")},
                 {"error",
                  {{"code", -32000}, {"message", "CPU timeout for 'SLOAD' operation executing"}}}}
                .dump());
    }
    const BlockNumber lag = evm.lag;
    begin_call();
    rpc::HttpResult reply = evm.answer(body);
    evm.lag = lag;
    return reply;
}

std::vector<rpc::HttpResult> TronTransport::send(std::span<const rpc::HttpRequest> requests) {
    std::vector<rpc::HttpResult> out;
    for (const rpc::HttpRequest& request : requests) {
        const auto node = nodes.find(request.endpoint->alias);
        if (node == nodes.end()) {
            out.push_back(Unexpected<rpc::HttpFault>{
                rpc::HttpFault{rpc::HttpFault::Kind::unreachable, "no such node"}});
        } else {
            out.push_back(node->second->answer(request));
        }
    }
    return out;
}

}  // namespace plimsoll::test
