#include "daemon/chain/tron_json.hpp"

#include "abi/address.hpp"
#include "abi/hex.hpp"
#include "daemon/rpc/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace plimsoll::chain {
namespace {

using nlohmann::json;
using rpc::ErrorKind;
using rpc::RpcError;

constexpr std::size_t kMostWords = 300;
constexpr std::size_t kMostFingerprint = 4'096;
constexpr std::size_t kSelector = 4;

/// A whole number that is not negative; absent is 0, and text of digits will do.
Expected<std::uint64_t, ParseError> number_of(const json& value, const char* name) {
    const json* field = rpc::member(value, name);
    if (field == nullptr) return 0;
    if (const auto number = rpc::integer(*field); number && *number >= 0) {
        return static_cast<std::uint64_t>(*number);
    }
    const auto digits = rpc::text(*field);
    const auto number = digits ? parse_decimal(*digits) : parse_error("no text");
    if (number && *number <= std::numeric_limits<std::int64_t>::max()) {
        return static_cast<std::uint64_t>(*number);
    }
    return parse_error(std::string(name) + " is no whole number");
}

Expected<Bytes, ParseError> bytes_of(const json& value) {
    const auto digits = rpc::text(value);
    if (!digits) return parse_error("is no text");
    return parse_hex("0x" + std::string(*digits));
}

Expected<Bytes32, ParseError> hash_of(const json& value, const char* name) {
    const json* field = rpc::member(value, name);
    const auto bytes = field == nullptr ? parse_error("is missing") : bytes_of(*field);
    Bytes32 out;
    if (!bytes || bytes->size() != out.bytes.size()) {
        return parse_error(std::string(name) + " is no hash of 32 bytes");
    }
    std::copy(bytes->begin(), bytes->end(), out.bytes.begin());
    return out;
}

/// 20 bytes, on some nodes with TRON's prefix before them.
Expected<Address, ParseError> log_address(const json& log) {
    const json* field = rpc::member(log, "address");
    const auto digits = field == nullptr ? std::nullopt : rpc::text(*field);
    if (!digits) return parse_error("address of a log is missing");
    if (digits->size() == 40) return parse_address("0x" + std::string(*digits));
    return parse_tron_address(*digits);
}

std::string text_of(const json& value, const char* name) {
    const json* field = rpc::member(value, name);
    return std::string(field == nullptr ? "" : rpc::text(*field).value_or(std::string_view{}));
}

/// A message that stands as hex where `visible` is not set.
std::string words_of(const json& result) {
    const std::string told = text_of(result, "message");
    const auto bytes = parse_hex("0x" + told);
    std::string words = bytes && !bytes->empty() ? std::string(bytes->begin(), bytes->end()) : told;
    words.resize(std::min(words.size(), kMostWords));
    for (char& c : words) {
        if (c < ' ' || c > '~') c = ' ';
    }
    return words;
}

bool has(const std::string& words, const char* phrase) {
    return words.find(phrase) != std::string::npos;
}

Unexpected<RpcError> fault(ErrorKind kind, std::string message) {
    RpcError error;
    error.kind = kind;
    error.message = std::move(message);
    return Unexpected<RpcError>{std::move(error)};
}

bool is_out_of_time(const std::string& words) {
    return has(words, "CPU timeout") || has(words, "OutOfTime") || has(words, "timeout for ");
}

/// What a code other than success means.
Returned refusal(const std::string& code, const std::string& words) {
    if (is_out_of_time(words)) return fault(ErrorKind::timeout, words);
    if (code == "CONTRACT_VALIDATE_ERROR") {
        if (has(words, "is not exist") || has(words, "No contract")) return Bytes{};
        if (has(words, "support constant")) return fault(ErrorKind::unsupported, words);
        return fault(ErrorKind::bad_request, words);
    }
    if (code == "CONTRACT_EXE_ERROR") return fault(ErrorKind::execution, words);
    return fault(ErrorKind::transient, code + ": " + words);
}

const json* first_of(const json* list) {
    return list != nullptr && list->is_array() && !list->empty() ? &list->front() : nullptr;
}

bool is_marked_failed(const json& reply) {
    const json* transaction = rpc::member(reply, "transaction");
    const json* ret = transaction == nullptr ? nullptr : rpc::member(*transaction, "ret");
    const json* first = first_of(ret);
    return first != nullptr && text_of(*first, "ret") == "FAILED";
}

Expected<void, ParseError> add_logs(const json& logs, const protocols::Log& model, bool is_kept,
                                    std::uint32_t& index, std::vector<protocols::Log>& out) {
    if (!logs.is_array()) return parse_error("log is no list");
    for (const json& item : logs) {
        protocols::Log log = model;
        log.index = index++;
        if (!is_kept) continue;
        const auto address = log_address(item);
        if (!address) return Unexpected<ParseError>{address.error()};
        log.address = *address;
        if (const json* topics = rpc::member(item, "topics")) {
            if (!topics->is_array() || topics->size() > 4) return parse_error("bad topics");
            for (const json& topic : *topics) {
                const auto word = bytes_of(topic);
                if (!word || word->size() != 32) return parse_error("bad topic");
                std::copy(word->begin(), word->end(), log.topics.emplace_back().bytes.begin());
            }
        }
        if (const json* data = rpc::member(item, "data")) {
            auto bytes = bytes_of(*data);
            if (!bytes) return Unexpected<ParseError>{bytes.error()};
            log.data = std::move(*bytes);
        }
        out.push_back(std::move(log));
    }
    return {};
}

bool has_failed(const json& info) {
    const json* receipt = rpc::member(info, "receipt");
    const std::string result = receipt == nullptr ? "" : text_of(*receipt, "result");
    return text_of(info, "result") == "FAILED" || (!result.empty() && result != "SUCCESS");
}

}  // namespace

Expected<std::optional<BlockRef>, ParseError> parse_tron_block(const json& value) {
    if (!value.is_object()) return parse_error("block is no object");
    if (value.empty()) return std::optional<BlockRef>();
    const json* header = rpc::member(value, "block_header");
    const json* raw = header == nullptr ? nullptr : rpc::member(*header, "raw_data");
    if (raw == nullptr) return parse_error("block has no header");
    const auto hash = hash_of(value, "blockID");
    if (!hash) return Unexpected<ParseError>{hash.error()};
    const auto parent = hash_of(*raw, "parentHash");
    if (!parent) return Unexpected<ParseError>{parent.error()};
    const auto number = number_of(*raw, "number");
    if (!number) return Unexpected<ParseError>{number.error()};
    const auto time = number_of(*raw, "timestamp");
    if (!time) return Unexpected<ParseError>{time.error()};
    if (to_u256(std::span<const std::uint8_t>(hash->bytes).first(8)) != U256(*number)) {
        return parse_error("the id of block " + std::to_string(*number) + " tells another height");
    }
    return std::optional(BlockRef{*number, *hash, *parent, *time / 1'000});
}

Returned parse_tron_call(const json& value) {
    const json* result = rpc::member(value, "result");
    if (result == nullptr || !result->is_object()) {
        return fault(ErrorKind::malformed, "constant call without a result");
    }
    const std::string code = text_of(*result, "code");
    const std::string words = words_of(*result);
    if (!code.empty() && code != "SUCCESS") return refusal(code, words);
    if (is_out_of_time(words)) return fault(ErrorKind::timeout, words);
    const json* first = first_of(rpc::member(value, "constant_result"));
    auto bytes = first == nullptr ? parse_error("constant call without a constant_result")
                                  : bytes_of(*first);
    if (!words.empty() || is_marked_failed(value)) {
        auto failure = fault(ErrorKind::execution, words.empty() ? "failed" : words);
        failure.value().revert = bytes.value_or(Bytes{});
        return failure;
    }
    const json* is_done = rpc::member(*result, "result");
    if (is_done == nullptr || *is_done != true) {
        return fault(ErrorKind::malformed, "constant call with neither success nor reason");
    }
    if (!bytes) return fault(ErrorKind::malformed, bytes.error().message);
    return std::move(*bytes);
}

Expected<TronInfos, ParseError> parse_tron_infos(const json& value, const BlockRef& block) {
    TronInfos out;
    if (value.is_object() && value.empty()) return out;
    if (!value.is_array()) return parse_error("transaction infos are no list");
    out.transactions = value.size();
    std::uint32_t index = 0;
    for (const json& info : value) {
        const auto number = number_of(info, "blockNumber");
        const auto time = number_of(info, "blockTimeStamp");
        if (!number || *number != block.number || !time || *time / 1'000 != block.time) {
            return parse_error("a transaction of another block than asked");
        }
        const json* logs = rpc::member(info, "log");
        if (logs == nullptr) continue;
        const auto id = hash_of(info, "id");
        if (!id) return Unexpected<ParseError>{id.error()};
        protocols::Log model;
        model.block = block.number;
        model.block_hash = block.hash;
        model.block_time = block.time;
        model.tx = *id;
        if (auto added = add_logs(*logs, model, !has_failed(info), index, out.logs); !added) {
            return Unexpected<ParseError>{added.error()};
        }
    }
    return out;
}

Expected<EventPage, ParseError> parse_event_page(const json& value) {
    const json* rows = rpc::member(value, "data");
    if (rows == nullptr || !rows->is_array()) return parse_error("page of events without data");
    EventPage out;
    for (const json& row : *rows) {
        const auto block = number_of(row, "block_number");
        const auto time = number_of(row, "block_timestamp");
        if (!block || *block == 0 || !time || *time == 0) {
            return parse_error("an event without its block");
        }
        out.events.push_back({*block, *time});
    }
    const json* meta = rpc::member(value, "meta");
    if (meta != nullptr) out.fingerprint = text_of(*meta, "fingerprint");
    if (out.fingerprint.size() > kMostFingerprint) return parse_error("fingerprint is too long");
    return out;
}

std::string tron_block_body(std::optional<BlockNumber> number) {
    if (!number) return R"({"detail":false})";
    return R"({"id_or_num":")" + std::to_string(*number) + R"(","detail":false})";
}

std::string tron_call_body(const Address& multicall, std::span<const std::uint8_t> calldata) {
    return R"({"owner_address":")" + to_tron_hex(Address{}) + R"(","contract_address":")" +
           to_tron_hex(multicall) +
           R"x(","function_selector":"aggregate3((address,bool,bytes)[])","parameter":")x" +
           to_hex_digits(calldata.subspan(std::min(kSelector, calldata.size()))) +
           R"(","visible":false})";
}

}  // namespace plimsoll::chain
