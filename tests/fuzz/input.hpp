#pragma once

#include "abi/word.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

namespace plimsoll::fuzz {

/// The bytes of one run, taken piece by piece; what is missing reads as zero.
class Input {
  public:
    Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

    bool empty() const { return rest_.empty(); }
    std::uint8_t byte() {
        if (rest_.empty()) return 0;
        const std::uint8_t value = rest_.front();
        rest_ = rest_.subspan(1);
        return value;
    }
    std::span<const std::uint8_t> bytes(std::size_t count) {
        const auto taken = rest_.first(std::min(count, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }
    std::string_view text() {
        const auto all = bytes(rest_.size());
        return {reinterpret_cast<const char*>(all.data()), all.size()};
    }
    /// Up to 32 bytes, right-aligned, so that small numbers are easy to come by.
    Bytes32 word() {
        const auto taken = bytes(byte() % 33U);
        Bytes32 out;
        std::copy(taken.begin(), taken.end(), out.bytes.end() - static_cast<long>(taken.size()));
        return out;
    }

  private:
    std::span<const std::uint8_t> rest_;
};

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// A property that must hold for every input.
inline void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace plimsoll::fuzz
