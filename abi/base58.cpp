#include "abi/base58.hpp"

#include <cryptopp/sha.h>

#include <algorithm>
#include <array>

namespace plimsoll {
namespace {

constexpr std::string_view kAlphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr unsigned kBase = 58;
constexpr std::size_t kChecksum = 4;
constexpr std::size_t kMostText = 64;

using Digest = std::array<std::uint8_t, CryptoPP::SHA256::DIGESTSIZE>;

Digest sha256(std::span<const std::uint8_t> bytes) {
    Digest out{};
    CryptoPP::SHA256().CalculateDigest(out.data(), bytes.data(), bytes.size());
    return out;
}

Digest checksum_of(std::span<const std::uint8_t> payload) { return sha256(sha256(payload)); }

std::string to_base58(std::span<const std::uint8_t> bytes) {
    std::string digits;  // values 0 to 57, the least first
    for (const std::uint8_t byte : bytes) {
        unsigned carry = byte;
        for (char& digit : digits) {
            carry += static_cast<unsigned>(digit) * 256U;
            digit = static_cast<char>(carry % kBase);
            carry /= kBase;
        }
        for (; carry != 0; carry /= kBase) digits.push_back(static_cast<char>(carry % kBase));
    }
    // Each zero byte in front is a digit of its own.
    const auto zeros =
        std::find_if(bytes.begin(), bytes.end(), [](auto byte) { return byte != 0; });
    digits.append(static_cast<std::size_t>(zeros - bytes.begin()), '\0');
    std::string out;
    std::transform(digits.rbegin(), digits.rend(), std::back_inserter(out),
                   [](char digit) { return kAlphabet[static_cast<unsigned char>(digit)]; });
    return out;
}

Expected<Bytes, ParseError> parse_base58(std::string_view text) {
    Bytes reversed;  // the least byte first
    for (const char c : text) {
        const std::size_t digit = kAlphabet.find(c);
        if (digit == std::string_view::npos) {
            return parse_error(std::string(text) + " holds '" + c +
                               "', which base58 does not have");
        }
        auto carry = static_cast<unsigned>(digit);
        for (std::uint8_t& byte : reversed) {
            carry += byte * kBase;
            byte = static_cast<std::uint8_t>(carry & 0xffU);
            carry >>= 8U;
        }
        if (carry != 0) reversed.push_back(static_cast<std::uint8_t>(carry));
    }
    const std::size_t zeros = std::min(text.find_first_not_of(kAlphabet.front()), text.size());
    reversed.resize(reversed.size() + zeros);
    return Bytes(reversed.rbegin(), reversed.rend());
}

}  // namespace

std::string to_base58check(std::span<const std::uint8_t> payload) {
    Bytes bytes(payload.begin(), payload.end());
    const Digest checksum = checksum_of(payload);
    bytes.insert(bytes.end(), checksum.begin(), checksum.begin() + kChecksum);
    return to_base58(bytes);
}

Expected<Bytes, ParseError> parse_base58check(std::string_view text) {
    if (text.size() > kMostText) return parse_error("base58check of more than 64 characters");
    auto bytes = parse_base58(text);
    if (!bytes) return bytes;
    if (bytes->size() < kChecksum) return parse_error(std::string(text) + " is too short");
    const auto payload = std::span(*bytes).first(bytes->size() - kChecksum);
    const Digest checksum = checksum_of(payload);
    if (!std::equal(checksum.begin(), checksum.begin() + kChecksum, bytes->end() - kChecksum)) {
        return parse_error(std::string(text) +
                           " has a wrong checksum: a character is missing or mistyped");
    }
    bytes->resize(bytes->size() - kChecksum);
    return bytes;
}

}  // namespace plimsoll
