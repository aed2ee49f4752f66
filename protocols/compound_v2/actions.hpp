#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace plimsoll::protocols::compound_v2 {

/// What the Comptroller can refuse by a switch, in the order and by the names of Venus's `Action`.
enum class Action : std::uint8_t {
    mint,
    redeem,
    borrow,
    repay,
    seize,
    liquidate,
    transfer,
    enter_market,
    exit_market,
};

constexpr std::size_t kActionCount = 9;

constexpr std::string_view to_string(Action action) {
    constexpr std::array<std::string_view, kActionCount> kNames{
        "mint",      "redeem",   "borrow",       "repay",      "seize",
        "liquidate", "transfer", "enter_market", "exit_market"};
    return kNames.at(static_cast<std::size_t>(action));
}

/// A set of them.
class Actions {
  public:
    Actions() = default;
    /// An action's bit is 1 << its number; bits above the last one do not count.
    explicit Actions(unsigned bits) : bits_(bits) {}

    void add(Action action) { bits_.set(static_cast<std::size_t>(action)); }
    void add(const Actions& others) { bits_ |= others.bits_; }
    bool has(Action action) const { return bits_.test(static_cast<std::size_t>(action)); }
    unsigned bits() const { return static_cast<unsigned>(bits_.to_ulong()); }

    friend bool operator==(const Actions&, const Actions&) = default;

  private:
    std::bitset<kActionCount> bits_;
};

/// What begins with an accrual and is refused where that reverts. `seize` is called by a
/// liquidation, which accrues both markets.
constexpr unsigned kAccruing = (1U << (static_cast<unsigned>(Action::liquidate) + 1)) - 1;

}  // namespace plimsoll::protocols::compound_v2
