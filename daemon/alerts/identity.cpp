#include "abi/hex.hpp"
#include "daemon/alerts/alert.hpp"

#include <array>
#include <openssl/sha.h>
#include <span>

namespace plimsoll::alerts {
namespace {

bool is_plain(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == ':' || c == '-';
}

std::string escaped(std::string_view part) {
    static constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out;
    for (const char c : part) {
        if (is_plain(c)) {
            out += c;
            continue;
        }
        const auto byte = static_cast<std::uint8_t>(c);
        out += '%';
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 0x0FU];
    }
    return out;
}

std::string key_of(std::string_view rule, std::string_view chain, std::string_view protocol) {
    return escaped(rule) + "/" + escaped(chain) + "/" + escaped(protocol) + "/";
}

std::string id_of(const std::string& text) {
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> hash{};
    SHA256(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), hash.data());
    return "msg_" + to_hex_digits(std::span(hash).first(16));
}

}  // namespace

std::string alert_key(std::string_view rule, std::string_view chain, std::string_view protocol,
                      std::string_view subject) {
    return key_of(rule, chain, protocol) + escaped(subject);
}

std::string event_alert_key(std::string_view rule, std::string_view chain,
                            std::string_view protocol, const Bytes32& tx, std::uint32_t log_index,
                            std::string_view account) {
    return key_of(rule, chain, protocol) + to_hex_digits(tx.bytes) + "/" +
           std::to_string(log_index) + "/" + escaped(account);
}

std::string message_id(std::string_view instance, std::string_view alert_key, std::uint64_t episode,
                       std::uint64_t seq) {
    std::string text = "plimsoll-msg-v1\n";
    text.append(instance).append("\n").append(alert_key).append("\n");
    text += std::to_string(episode) + "\n" + std::to_string(seq);
    return id_of(text);
}

std::string group_id(std::string_view sink, std::string_view group_key,
                     std::span<const std::string> member_ids) {
    std::string text = "plimsoll-group-v1\n";
    text.append(sink).append("\n").append(group_key);
    for (const std::string& id : member_ids) text.append("\n").append(id);
    return id_of(text);
}

}  // namespace plimsoll::alerts
