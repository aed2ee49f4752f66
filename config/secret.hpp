#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace plimsoll {

/// Text that must never be printed: it has no stream operator and no formatter, and its bytes are
/// wiped when it dies. `reveal()` is the one door; use it only where the secret is spent.
class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string text) : text_(std::move(text)) {}
    Secret(const Secret&) = default;
    Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }
    Secret& operator=(const Secret& other) {
        if (this != &other) {
            wipe();
            text_ = other.text_;
        }
        return *this;
    }
    Secret& operator=(Secret&& other) noexcept {
        if (this != &other) {
            wipe();
            text_ = std::move(other.text_);
            other.wipe();
        }
        return *this;
    }
    ~Secret() { wipe(); }

    std::string_view reveal() const { return text_; }
    bool empty() const { return text_.empty(); }

  private:
    void wipe() noexcept;
    std::string text_;
};

}  // namespace plimsoll
