#pragma once

#include "abi/codec.hpp"
#include "protocols/common/compact.hpp"
#include "protocols/common/log.hpp"
#include "protocols/common/units.hpp"

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll::protocols {

/// What results of calls say, or why they say nothing.
template <class T>
using Reply = Expected<T, ReadFault>;
using Results = std::span<const CallResult>;

/// Reads the words of one result; the first thing wrong is kept and what is read then is empty.
class Words {
  public:
    /// `name`: of the call, for messages.
    Words(const CallResult& result, std::string_view name) : reader_(result.data), name_(name) {
        if (!result.success) fail("reverted");
    }

    std::size_t size() const { return reader_.size() / 32; }
    U256 uint(std::size_t i) { return keep(reader_.uint(i)); }
    std::uint64_t uint64(std::size_t i) { return keep(reader_.uint64(i)); }
    Address address(std::size_t i) { return keep(reader_.address(i)); }
    bool boolean(std::size_t i) { return keep(reader_.boolean(i)); }
    /// The contract's type has only so many bits.
    U256 bounded(std::size_t i, unsigned bits) {
        U256 value = uint(i);
        if ((value >> bits) == 0) return value;
        fail("a word does not fit its type");
        return 0;
    }
    Bps bps(std::size_t i) { return Bps::from_raw(bounded(i, 16)); }
    Ray ray(std::size_t i) { return Ray::from_raw(bounded(i, 128)); }
    Wad wad(std::size_t i) { return Wad::from_raw(uint(i)); }
    Compact128 compact(std::size_t i) {
        const auto value = to_compact(uint(i));
        if (!value) fail("a word does not fit 128 bits");
        return value.value_or(Compact128{});
    }
    std::vector<Address> addresses(std::size_t i, std::size_t max) {
        return keep(reader_.addresses(i, max));
    }
    void fail(std::string_view reason) {
        if (!fault_) fault_ = ReadFault{std::string(name_) + ": " + std::string(reason)};
    }
    const std::optional<ReadFault>& fault() const { return fault_; }

  private:
    template <class T>
    T keep(Expected<T, ParseError> value) {
        if (value) return std::move(*value);
        fail(value.error().message);
        return T{};
    }

    abi::Reader reader_;
    std::string_view name_;
    std::optional<ReadFault> fault_;
};

/// `value`, unless one of the readers it was made with met a fault.
template <class T>
Reply<T> finish(T value, std::initializer_list<const Words*> readers) {
    for (const Words* reader : readers) {
        if (reader->fault()) return Unexpected<ReadFault>{*reader->fault()};
    }
    return value;
}

/// Result of a call that answers one word; none when it reverted or is short.
inline std::optional<U256> optional_word(const CallResult& result) {
    if (!result.success) return std::nullopt;
    const auto word = abi::Reader(result.data).uint(0);
    return word ? std::optional(*word) : std::nullopt;
}

/// The zero address when the call reverted or answers none.
inline Address optional_address(const CallResult& result) {
    if (!result.success) return {};
    return abi::Reader(result.data).address(0).value_or(Address{});
}

}  // namespace plimsoll::protocols
