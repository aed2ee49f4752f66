#pragma once

#include "abi/address.hpp"
#include "abi/word.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::abi {

/// First four bytes of keccak256 of the signature, e.g. "balanceOf(address)".
using Selector = std::array<std::uint8_t, 4>;
Selector selector(std::string_view signature);
/// keccak256 of an event's signature: its topic 0.
Bytes32 topic(std::string_view signature);

/// Builds calldata from static words. Dynamic arguments are written by their own functions.
class Calldata {
  public:
    explicit Calldata(std::string_view signature);
    Calldata& add(const Address& value);
    Calldata& add(const U256& value);
    Bytes take() && { return std::move(bytes_); }

  private:
    Bytes bytes_;
};

/// Reads return data word by word. Every read is bounded by the data: a short or malformed reply is
/// an error value, never zero.
class Reader {
  public:
    explicit Reader(std::span<const std::uint8_t> data) : data_(data) {}

    std::size_t size() const { return data_.size(); }
    Expected<Bytes32, ParseError> word(std::size_t index) const;
    Expected<U256, ParseError> uint(std::size_t index) const;
    /// A word that must fit 64 bits.
    Expected<std::uint64_t, ParseError> uint64(std::size_t index) const;
    Expected<Address, ParseError> address(std::size_t index) const;
    /// A word that must be 0 or 1.
    Expected<bool, ParseError> boolean(std::size_t index) const;
    /// The string whose offset stands at word `index`; at most `max_bytes` of it are accepted.
    /// Also reads the `bytes32` symbols of old tokens when the data is one word.
    Expected<std::string, ParseError> string(std::size_t index, std::size_t max_bytes = 4096) const;
    /// The address[] whose offset stands at word `index`.
    Expected<std::vector<Address>, ParseError> addresses(std::size_t index,
                                                         std::size_t max_count = 4096) const;

  private:
    Expected<std::span<const std::uint8_t>, ParseError> tail(std::size_t offset,
                                                             std::size_t length) const;
    std::span<const std::uint8_t> data_;
};

}  // namespace plimsoll::abi
