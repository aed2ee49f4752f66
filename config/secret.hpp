#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll {

/// Text that must never be printed: an endpoint's URL, a header's value, a key.
///
/// It has no stream operator, no formatter, no comparison and no conversion; `reveal` is its only
/// door, so a search for that word finds every place where a secret leaves. The bytes lie on the
/// heap and are overwritten before their memory is given back; a move leaves none behind.
class Secret {
  public:
    Secret() = default;
    /// Takes the text over and wipes the argument.
    explicit Secret(std::string&& text) : bytes_(text.begin(), text.end()) { wipe(text); }
    explicit Secret(std::string_view text) : bytes_(text.begin(), text.end()) {}
    explicit Secret(const char* text) : Secret(std::string_view(text)) {}
    Secret(const Secret&) = default;
    Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) {}
    Secret& operator=(const Secret& other) {
        Secret copy(other);
        bytes_.swap(copy.bytes_);
        return *this;
    }
    Secret& operator=(Secret&& other) noexcept {
        Secret taken(std::move(other));
        bytes_.swap(taken.bytes_);
        return *this;
    }
    ~Secret();

    /// The text itself. Hand it to the library that needs it and nowhere else; the view ends with
    /// the next change of this object.
    std::string_view reveal() const { return {bytes_.data(), bytes_.size()}; }
    bool empty() const { return bytes_.empty(); }
    std::size_t size() const { return bytes_.size(); }

    /// Overwrites a text that held a secret, in a way that the compiler keeps, and empties it.
    static void wipe(std::string& text);

  private:
    std::vector<char> bytes_;
};

}  // namespace plimsoll
