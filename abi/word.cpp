#include "abi/word.hpp"

#include <cstring>

namespace plimsoll {

Bytes32 to_bytes32(const U256& value) {
    Bytes32 out;
    std::array<std::uint8_t, 32> digits{};
    auto* end = boost::multiprecision::export_bits(value, digits.begin(), 8);
    const auto count = static_cast<std::size_t>(end - digits.begin());
    std::copy(digits.begin(), end, out.bytes.end() - static_cast<std::ptrdiff_t>(count));
    return out;
}

U256 to_u256(std::span<const std::uint8_t> big_endian) {
    U256 out = 0;
    if (!big_endian.empty()) {
        boost::multiprecision::import_bits(out, big_endian.begin(), big_endian.end(), 8);
    }
    return out;
}

U256 to_u256(const Bytes32& word) { return to_u256(std::span<const std::uint8_t>(word.bytes)); }

Expected<U256, ParseError> parse_decimal(std::string_view text) {
    constexpr std::size_t kMaxDigits = 78;  // 2^256 has 78 decimal digits
    if (text.empty()) return parse_error("empty number");
    if (text.size() > kMaxDigits) return parse_error("number has more than 78 digits");
    if (text.size() > 1 && text.front() == '0') return parse_error("number has a leading zero");
    U512 value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return parse_error("number has a character that is no digit");
        value = value * 10U + static_cast<unsigned>(c - '0');
    }
    if (value > U512(u256_max())) return parse_error("number is above 2^256 - 1");
    return static_cast<U256>(value);
}

std::string to_decimal(const U256& value) { return value.str(); }

}  // namespace plimsoll

std::size_t std::hash<plimsoll::Bytes32>::operator()(
    const plimsoll::Bytes32& value) const noexcept {
    std::size_t out = 0;  // hashes and topics are uniformly distributed already
    std::memcpy(&out, value.bytes.data() + 8, sizeof out);
    std::size_t low = 0;
    std::memcpy(&low, value.bytes.data() + 24, sizeof low);
    return out ^ (low * 0x9e3779b97f4a7c15ULL);
}
