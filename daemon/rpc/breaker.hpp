#pragma once

#include "daemon/rpc/clock.hpp"

#include <bitset>
#include <cstddef>
#include <cstdint>

namespace plimsoll::rpc {

/// Decides when an endpoint has failed often enough to be left alone: after 5 failures in a row or
/// 10 of the last 20. It then stays open for 10 s, twice as long each time it opens again without a
/// success between, up to 5 min, with up to a quarter more at random so that many daemons do not
/// come back together. Pure: time and randomness are handed in.
class Breaker {
  public:
    void succeeded();
    /// `random` is any number; the added part of the pause is taken from it.
    void failed(Clock::Time now, std::uint64_t random);

    bool is_open() const { return is_open_; }
    /// When an open breaker lets one request try again.
    Clock::Time retry_at() const { return retry_at_; }
    unsigned failures_in_a_row() const { return in_a_row_; }

  private:
    static constexpr unsigned kInARow = 5;
    static constexpr std::size_t kWindow = 20;

    void open(Clock::Time now, std::uint64_t random);

    std::bitset<kWindow> window_;  ///< set: failed; newest first
    std::size_t seen_ = 0;
    unsigned in_a_row_ = 0;
    unsigned openings_ = 0;
    bool is_open_ = false;
    Clock::Time retry_at_{};
};

}  // namespace plimsoll::rpc
