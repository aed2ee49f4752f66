#include "daemon/sinks/webhook_signature.hpp"

#include <array>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <optional>
#include <utility>

namespace plimsoll::sinks {
namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::size_t kMinKey = 24;
constexpr std::size_t kMaxKey = 64;

int sextet(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    if (c == '/') return 63;
    return -1;
}

/// Strict base64 with padding: each byte string has one spelling. At most `kMaxKey` bytes.
std::optional<Secret> decode(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0 || text.size() > (kMaxKey + 2) / 3 * 4) return {};
    std::size_t padding = 0;
    while (padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;
    std::string out;
    out.reserve(kMaxKey + 2);  // never moves, so no copy of the key is left behind
    for (std::size_t i = 0; i < text.size(); i += 4) {
        std::uint32_t bits = 0;
        for (std::size_t j = i; j < i + 4; ++j) {
            const int value = j >= text.size() - padding ? 0 : sextet(text[j]);
            if (value < 0) return {};
            bits = (bits << 6U) | static_cast<std::uint32_t>(value);
        }
        for (const unsigned shift : {16U, 8U, 0U}) out += static_cast<char>(bits >> shift & 0xFFU);
    }
    for (; padding > 0; --padding) {
        if (out.back() != '\0') return {};  // bits that no byte uses
        out.pop_back();
    }
    return Secret(std::move(out));
}

std::string encode(std::span<const std::uint8_t> bytes) {
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP writes a final NUL
    const int size = EVP_EncodeBlock(reinterpret_cast<std::uint8_t*>(out.data()), bytes.data(),
                                     static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

}  // namespace

Expected<Secret, ParseError> parse_webhook_secret(const Secret& text) {
    std::string_view rest = text.reveal();
    if (!rest.starts_with(kPrefix)) return parse_error("webhook secret does not start with whsec_");
    rest.remove_prefix(kPrefix.size());
    auto key = decode(rest);
    if (!key || key->reveal().size() < kMinKey || key->reveal().size() > kMaxKey) {
        return parse_error("webhook secret is not whsec_ and base64 of 24 to 64 bytes");
    }
    return std::move(*key);
}

std::string webhook_signature(std::span<const Secret> keys, std::string_view id,
                              std::int64_t timestamp, std::string_view body) {
    std::string content(id);
    content.append(".").append(std::to_string(timestamp)).append(".").append(body);
    std::string out;
    for (const Secret& key : keys) {
        std::array<std::uint8_t, EVP_MAX_MD_SIZE> mac{};
        unsigned size = 0;
        HMAC(EVP_sha256(), key.reveal().data(), static_cast<int>(key.reveal().size()),
             reinterpret_cast<const std::uint8_t*>(content.data()), content.size(), mac.data(),
             &size);
        if (!out.empty()) out += ' ';
        out += "v1," + encode(std::span(mac).first(size));
    }
    return out;
}

}  // namespace plimsoll::sinks
