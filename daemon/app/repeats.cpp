#include "daemon/app/repeats.hpp"

namespace plimsoll::app {

bool Repeats::is_told(int level, const std::string& text, Time now) {
    const auto found = seen_.find({level, text});
    if (found != seen_.end()) {
        ++found->second.held;
        return false;
    }
    if (seen_.size() < kMost) seen_[{level, text}] = {now, 0};
    return true;
}

std::vector<Repeats::Held> Repeats::due(Time now) {
    std::vector<Held> out;
    for (auto one = seen_.begin(); one != seen_.end();) {
        Seen& seen = one->second;
        if (now - seen.told_at < kPause) {
            ++one;
        } else if (seen.held == 0) {
            one = seen_.erase(one);
        } else {
            out.push_back({one->first.first, one->first.second, seen.held});
            seen = {now, 0};
            ++one;
        }
    }
    return out;
}

std::string Repeats::line(const Held& held) {
    return held.text + " (repeated " + std::to_string(held.times) +
           (held.times == 1 ? " time)" : " times)");
}

}  // namespace plimsoll::app
