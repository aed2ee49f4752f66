#pragma once

#include "abi/address.hpp"
#include "abi/hex.hpp"
#include "abi/word.hpp"
#include "protocols/common/compact.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace plimsoll::protocols {

/// The bytes of a record's value: a version, then what is put in. Numbers as LEB128, words as their
/// significant bytes behind a length, addresses as 20 bytes.
class RecordWriter {
  public:
    explicit RecordWriter(std::uint64_t version) { number(version); }

    RecordWriter& number(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7U) byte((value & 0x7fU) | 0x80U);
        return byte(value);
    }
    RecordWriter& word(const U256& value) {
        const Bytes32 bytes = to_bytes32(value);
        std::size_t skip = 0;
        while (skip < 32 && bytes.bytes[skip] == 0) ++skip;
        number(32 - skip);
        for (std::size_t i = skip; i < 32; ++i) byte(bytes.bytes[i]);
        return *this;
    }
    RecordWriter& address(const Address& value) {
        for (const std::uint8_t b : value.bytes) byte(b);
        return *this;
    }
    RecordWriter& text(std::string_view value) {
        number(value.size());
        out_ += value;
        return *this;
    }
    RecordWriter& flag(bool value) { return byte(value ? 1 : 0); }
    RecordWriter& optional(const std::optional<std::uint64_t>& value) {
        flag(value.has_value());
        return value ? number(*value) : *this;
    }
    std::string take() && { return std::move(out_); }

  private:
    RecordWriter& byte(std::uint64_t value) {
        out_ += static_cast<char>(static_cast<unsigned char>(value));
        return *this;
    }
    std::string out_;
};

/// Reads what `RecordWriter` wrote. The first fault is kept; what is read then is empty.
class RecordReader {
  public:
    RecordReader(std::string_view bytes, std::uint64_t version) : bytes_(bytes) {
        if (number() != version) fail("of another version");
    }

    std::uint64_t number() {
        std::uint64_t out = 0;
        for (unsigned shift = 0; shift < 70; shift += 7) {
            const std::uint64_t next = byte();
            if (shift == 63 && next > 1) break;
            out |= (next & 0x7fU) << shift;
            if (next < 0x80) return out;
        }
        fail("a number is too long");
        return 0;
    }
    /// A number below `limit`.
    std::uint64_t below(std::uint64_t limit) {
        const std::uint64_t out = number();
        if (out < limit) return out;
        fail("a number is out of range");
        return 0;
    }
    U256 word() {
        const std::uint64_t size = below(33);
        Bytes digits;
        for (std::uint64_t i = 0; i < size; ++i) {
            digits.push_back(static_cast<std::uint8_t>(byte()));
        }
        return to_u256(std::span<const std::uint8_t>(digits));
    }
    Compact128 compact() {
        const auto out = to_compact(word());
        if (!out) fail("a number is too large");
        return out.value_or(Compact128{});
    }
    Address address() {
        Address out;
        for (std::uint8_t& b : out.bytes) b = static_cast<std::uint8_t>(byte());
        return out;
    }
    std::string text() {
        const std::uint64_t size = below(kMaxText);
        if (size > bytes_.size()) {
            fail("it ends too early");
            return {};
        }
        std::string out(bytes_.substr(0, size));
        bytes_.remove_prefix(size);
        return out;
    }
    bool flag() { return below(2) == 1; }
    std::optional<std::uint64_t> optional() {
        return flag() ? std::optional(number()) : std::nullopt;
    }
    void fail(std::string_view reason) {
        if (fault_.empty()) fault_ = reason;
        bytes_ = {};
    }
    bool is_good() const { return fault_.empty(); }
    /// Everything was read and nothing is left.
    std::string finish() {
        if (!bytes_.empty()) fail("bytes are left over");
        return fault_;
    }

  private:
    static constexpr std::uint64_t kMaxText = 1U << 20U;

    std::uint64_t byte() {
        if (bytes_.empty()) {
            fail("it ends too early");
            return 0;
        }
        const auto out = static_cast<unsigned char>(bytes_.front());
        bytes_.remove_prefix(1);
        return out;
    }
    std::string_view bytes_;
    std::string fault_;
};

// ---- keys: a kind such as "reserve/", and an id or the 40 hex digits of an address

inline std::string record_key(std::string_view kind, unsigned id) {
    return std::string(kind) + std::to_string(id);
}
inline std::string record_key(std::string_view kind, const Address& address) {
    return std::string(kind) + to_hex_digits(address.bytes);
}
/// The id behind a key's kind; none where it is no number below `limit`.
inline std::optional<unsigned> id_in_key(std::string_view text, std::uint64_t limit) {
    unsigned out = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (fault != std::errc{} || end != text.data() + text.size() || out >= limit) {
        return std::nullopt;
    }
    return out;
}
/// The address behind a key's kind.
inline std::optional<Address> address_in_key(std::string_view digits) {
    const auto address = parse_address("0x" + std::string(digits));
    return address ? std::optional(*address) : std::nullopt;
}

}  // namespace plimsoll::protocols
