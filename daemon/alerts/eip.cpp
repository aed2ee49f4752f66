#include "daemon/alerts/eip.hpp"

#include "abi/keccak.hpp"
#include "daemon/alerts/utc.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <initializer_list>

namespace plimsoll::alerts {
namespace {

/// keccak256 of the words one after the other.
Bytes32 hash_words(std::initializer_list<Bytes32> words) {
    Bytes joined;
    for (const Bytes32& word : words) {
        joined.insert(joined.end(), word.bytes.begin(), word.bytes.end());
    }
    return keccak256(joined);
}

Bytes32 word(std::uint64_t value) { return to_bytes32(U256(value)); }

std::optional<std::string> member_text(const nlohmann::json& object, const char* name) {
    const auto member = object.find(name);
    if (member == object.end() || !member->is_string()) return std::nullopt;
    return member->get<std::string>();
}

std::optional<std::uint64_t> block_number(const nlohmann::json& data) {
    const auto block = data.find("block");
    if (block == data.end() || !block->is_object()) return std::nullopt;
    const auto number = block->find("number");
    if (number == block->end() || !number->is_number_unsigned()) return std::nullopt;
    return number->get<std::uint64_t>();
}

}  // namespace

Bytes32 eip191_digest(std::string_view body) {
    std::string text =
        "\x19"
        "Ethereum Signed Message:\n" +
        std::to_string(body.size());
    text += body;
    return keccak256(text);
}

std::optional<TypedAlert> typed_alert(std::string_view body) {
    const auto message = nlohmann::json::parse(body, nullptr, false);
    if (!message.is_object()) return std::nullopt;
    const auto data = message.find("data");
    if (data == message.end() || !data->is_object()) return std::nullopt;
    const auto id = member_text(message, "id");
    const auto type = member_text(message, "type");
    const auto timestamp = member_text(message, "timestamp");
    const auto chain = member_text(*data, "chain");
    const auto subject = member_text(*data, "subject");
    const auto block = block_number(*data);
    if (!id || !type || !timestamp || !chain || !subject || !block) return std::nullopt;
    const auto time = parse_utc_time(*timestamp);
    if (!time) return std::nullopt;
    return TypedAlert{*id, *type, *chain, *subject, *block, *time, keccak256(body)};
}

Bytes32 eip712_type_hash() {
    return keccak256(
        "Alert(string id,string type,string chain,string subject,uint64 block,uint64 time,"
        "bytes32 bodyHash)");
}

Bytes32 eip712_domain_separator() {
    return hash_words({keccak256("EIP712Domain(string name,string version)"),
                       keccak256("Plimsoll Alert"), keccak256("1")});
}

Bytes32 eip712_struct_hash(const TypedAlert& alert) {
    return hash_words({eip712_type_hash(), keccak256(alert.id), keccak256(alert.type),
                       keccak256(alert.chain), keccak256(alert.subject), word(alert.block),
                       word(alert.time), alert.body_hash});
}

Bytes32 eip712_digest(const TypedAlert& alert) {
    const Bytes32 domain = eip712_domain_separator();
    const Bytes32 message = eip712_struct_hash(alert);
    Bytes joined{0x19, 0x01};
    joined.insert(joined.end(), domain.bytes.begin(), domain.bytes.end());
    joined.insert(joined.end(), message.bytes.begin(), message.bytes.end());
    return keccak256(joined);
}

}  // namespace plimsoll::alerts
