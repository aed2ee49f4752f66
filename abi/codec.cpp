#include "abi/codec.hpp"

#include "abi/keccak.hpp"

#include <algorithm>

namespace plimsoll::abi {

Bytes32 topic(std::string_view signature) { return keccak256(signature); }

Selector selector(std::string_view signature) {
    const Bytes32 hash = keccak256(signature);
    return {hash.bytes[0], hash.bytes[1], hash.bytes[2], hash.bytes[3]};
}

Calldata::Calldata(std::string_view signature) {
    const Selector four = selector(signature);
    bytes_.assign(four.begin(), four.end());
}

Calldata& Calldata::add(const Address& value) {
    const Bytes32 word = to_bytes32(value);
    bytes_.insert(bytes_.end(), word.bytes.begin(), word.bytes.end());
    return *this;
}

Calldata& Calldata::add(const U256& value) {
    const Bytes32 word = to_bytes32(value);
    bytes_.insert(bytes_.end(), word.bytes.begin(), word.bytes.end());
    return *this;
}

Expected<std::span<const std::uint8_t>, ParseError> Reader::tail(std::size_t offset,
                                                                 std::size_t length) const {
    if (offset > data_.size() || length > data_.size() - offset) {
        return parse_error("reply is shorter than its type");
    }
    return data_.subspan(offset, length);
}

Expected<Bytes32, ParseError> Reader::word(std::size_t index) const {
    if (index > data_.size() / 32) return parse_error("reply is shorter than its type");
    auto bytes = tail(index * 32, 32);
    if (!bytes) return Unexpected<ParseError>{bytes.error()};
    Bytes32 out;
    std::copy(bytes->begin(), bytes->end(), out.bytes.begin());
    return out;
}

Expected<U256, ParseError> Reader::uint(std::size_t index) const {
    return word(index).map([](const Bytes32& w) { return to_u256(w); });
}

Expected<std::uint64_t, ParseError> Reader::uint64(std::size_t index) const {
    auto value = uint(index);
    if (!value) return Unexpected<ParseError>{value.error()};
    if (*value > U256(UINT64_MAX)) return parse_error("word does not fit 64 bits");
    return static_cast<std::uint64_t>(*value);
}

Expected<Address, ParseError> Reader::address(std::size_t index) const {
    return word(index).and_then([](const Bytes32& w) { return to_address(w); });
}

Expected<bool, ParseError> Reader::boolean(std::size_t index) const {
    auto value = uint(index);
    if (!value) return Unexpected<ParseError>{value.error()};
    if (*value > 1) return parse_error("word is no boolean");
    return *value == 1;
}

Expected<std::string, ParseError> Reader::string(std::size_t index, std::size_t max_bytes) const {
    if (data_.size() == 32) {
        std::string out(data_.begin(), data_.end());
        out.erase(std::find(out.begin(), out.end(), '\0'), out.end());
        return out;
    }
    auto offset = uint64(index);
    if (!offset) return Unexpected<ParseError>{offset.error()};
    if (*offset % 32 != 0) return parse_error("offset of a string is not a multiple of 32");
    auto length = uint64(*offset / 32);
    if (!length) return Unexpected<ParseError>{length.error()};
    if (*length > max_bytes) return parse_error("string is too long");
    auto bytes = tail(*offset + 32, *length);
    if (!bytes) return Unexpected<ParseError>{bytes.error()};
    return std::string(bytes->begin(), bytes->end());
}

Expected<std::vector<Address>, ParseError> Reader::addresses(std::size_t index,
                                                             std::size_t max_count) const {
    auto offset = uint64(index);
    if (!offset) return Unexpected<ParseError>{offset.error()};
    if (*offset % 32 != 0) return parse_error("offset of an array is not a multiple of 32");
    auto count = uint64(*offset / 32);
    if (!count) return Unexpected<ParseError>{count.error()};
    if (*count > max_count) return parse_error("array is too long");
    std::vector<Address> out;
    for (std::uint64_t i = 0; i < *count; ++i) {
        auto item = address(*offset / 32 + 1 + i);
        if (!item) return Unexpected<ParseError>{item.error()};
        out.push_back(*item);
    }
    return out;
}

}  // namespace plimsoll::abi
