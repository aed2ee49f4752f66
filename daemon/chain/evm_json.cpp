#include "daemon/chain/evm_json.hpp"

#include "abi/hex.hpp"
#include "abi/quantity.hpp"
#include "daemon/rpc/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace plimsoll::chain {
namespace {

using nlohmann::json;

/// Reads the members of one object and keeps the first thing that is wrong with it.
class Members {
  public:
    explicit Members(const json& value) : value_(value) {
        if (!value.is_object()) fail("", "is no object");
    }

    std::uint64_t quantity(const char* name) {
        return parsed(name, [](std::string_view text) { return parse_quantity64(text); });
    }
    Bytes32 hash(const char* name) {
        return parsed(name, [](std::string_view text) { return parse_bytes32(text); });
    }
    Address address(const char* name) {
        return parsed(name, [](std::string_view text) { return parse_address(text); });
    }
    Bytes bytes(const char* name) {
        return parsed(name, [](std::string_view text) { return parse_hex(text); });
    }
    const json* optional(const char* name) const { return rpc::member(value_, name); }
    void fail(const char* name, const std::string& why) {
        if (!error_) error_ = ParseError{std::string(name) + " " + why};
    }
    const std::optional<ParseError>& error() const { return error_; }

  private:
    template <class Parse>
    auto parsed(const char* name, const Parse& parse) ->
        typename decltype(parse(std::string_view{}))::value_type {
        const json* field = rpc::member(value_, name);
        const auto text = field == nullptr ? std::nullopt : rpc::text(*field);
        if (!text) {
            fail(name, "is missing or no text");
            return {};
        }
        auto value = parse(*text);
        if (value) return std::move(*value);
        fail(name, value.error().message);
        return {};
    }

    const json& value_;
    std::optional<ParseError> error_;
};

std::vector<Bytes32> parse_topics(Members& members) {
    std::vector<Bytes32> topics;
    const json* list = members.optional("topics");
    if (list == nullptr || !list->is_array() || list->size() > 4) {
        members.fail("topics", "is no list of at most four");
        return topics;
    }
    for (const json& item : *list) {
        const auto text = rpc::text(item);
        const auto topic = text ? parse_bytes32(*text) : parse_error("is no text");
        if (!topic) {
            members.fail("topics", topic.error().message);
            return topics;
        }
        topics.push_back(*topic);
    }
    return topics;
}

/// Newer nodes add the time of the block. A value that is absent, zero or malformed is none.
BlockTime optional_time(const Members& members) {
    const json* field = members.optional("blockTimestamp");
    const auto text = field == nullptr ? std::nullopt : rpc::text(*field);
    return text ? parse_quantity64(*text).value_or(0) : 0;
}

std::string quoted(const std::string& text) { return '"' + text + '"'; }

template <class T, class Print>
std::string list(std::span<const T> items, const Print& print) {
    std::string out = "[";
    for (const T& item : items) {
        if (out.size() > 1) out.push_back(',');
        out += quoted(print(item));
    }
    return out + "]";
}

std::string filter_members(std::span<const Address> addresses, std::span<const Bytes32> topics) {
    return R"("address":)" + list(addresses, [](const Address& a) { return to_lower_hex(a); }) +
           R"(,"topics":[)" + list(topics, [](const Bytes32& t) { return to_hex(t); }) + "]";
}

}  // namespace

Expected<EvmHeader, ParseError> parse_header(const json& value) {
    Members members(value);
    EvmHeader out;
    out.block.number = members.quantity("number");
    out.block.hash = members.hash("hash");
    out.block.parent = members.hash("parentHash");
    out.block.time = members.quantity("timestamp");
    if (members.error()) return Unexpected<ParseError>{*members.error()};
    const json* bloom = members.optional("logsBloom");
    const auto text = bloom == nullptr ? std::nullopt : rpc::text(*bloom);
    const auto bytes = text ? parse_hex(*text) : parse_error("absent");
    if (bytes && bytes->size() == 256) {
        std::copy(bytes->begin(), bytes->end(), out.bloom.emplace().begin());
    }
    return out;
}

Expected<protocols::Log, ParseError> parse_log(const json& value) {
    Members members(value);
    protocols::Log out;
    out.address = members.address("address");
    out.topics = parse_topics(members);
    out.data = members.bytes("data");
    out.block = members.quantity("blockNumber");
    out.block_hash = members.hash("blockHash");
    out.tx = members.hash("transactionHash");
    const std::uint64_t index = members.quantity("logIndex");
    if (index > std::numeric_limits<std::uint32_t>::max()) members.fail("logIndex", "is too large");
    out.index = static_cast<std::uint32_t>(index);
    out.block_time = optional_time(members);
    if (const json* removed = members.optional("removed");
        removed != nullptr && *removed != false) {
        members.fail("removed", "is set: the log is of no canonical block");
    }
    if (members.error()) return Unexpected<ParseError>{*members.error()};
    return out;
}

std::string block_by_hash(const Bytes32& hash) {
    return R"({"blockHash":)" + quoted(to_hex(hash)) + R"(,"requireCanonical":true})";
}

std::string block_by_number(BlockNumber number) { return quoted(to_quantity(number)); }

std::string header_params(const std::string& block) { return "[" + block + ",false]"; }

std::string header_by_hash_params(const Bytes32& hash) {
    return "[" + quoted(to_hex(hash)) + ",false]";
}

std::string call_params(const std::optional<Address>& to, std::span<const std::uint8_t> data,
                        const std::string& block) {
    const std::string target = to ? R"("to":)" + quoted(to_lower_hex(*to)) + "," : std::string();
    return "[{" + target + R"("data":)" + quoted(to_hex(data)) + "}," + block + "]";
}

std::string code_params(const Address& address, const std::string& block) {
    return "[" + quoted(to_lower_hex(address)) + "," + block + "]";
}

std::string logs_of_params(std::span<const Address> addresses, std::span<const Bytes32> topics,
                           const Bytes32& block) {
    return R"([{"blockHash":)" + quoted(to_hex(block)) + "," + filter_members(addresses, topics) +
           "}]";
}

std::string logs_in_params(std::span<const Address> addresses, std::span<const Bytes32> topics,
                           BlockNumber from, BlockNumber to) {
    return R"([{"fromBlock":)" + block_by_number(from) + R"(,"toBlock":)" + block_by_number(to) +
           "," + filter_members(addresses, topics) + "}]";
}

}  // namespace plimsoll::chain
