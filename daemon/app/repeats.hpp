#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace plimsoll::app {

/// Decides which log lines are told: the same text at most once a minute; what is held back is
/// counted. Remembers a bounded number of texts; while it is full, others are told every time. One
/// thread.
class Repeats {
  public:
    using Time = std::chrono::steady_clock::time_point;

    /// A text that was held back, and how often since it was last told.
    struct Held {
        int level = 0;
        std::string text;
        std::uint64_t times = 0;
    };

    static constexpr std::chrono::minutes kPause{1};
    static constexpr std::size_t kMost = 1'000;

    /// Whether to tell this one. First hand over what `due` gives.
    bool is_told(int level, const std::string& text, Time now);
    /// Texts whose minute is over. Those held back meanwhile are to be told once, with their count.
    std::vector<Held> due(Time now);
    /// "text (repeated 41 times)".
    static std::string line(const Held& held);

  private:
    struct Seen {
        Time told_at;
        std::uint64_t held = 0;
    };
    std::map<std::pair<int, std::string>, Seen> seen_;
};

}  // namespace plimsoll::app
