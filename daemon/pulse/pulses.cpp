#include "daemon/pulse/pulses.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::pulse {

struct Pulse::Entry {
    const std::function<SteadyTime()>& now;
    const std::string name;
    const milliseconds limit;
    std::atomic<SteadyTime::rep> stuck_after;

    void expect_before(milliseconds pause) {
        stuck_after = (now() + pause + limit).time_since_epoch().count();
    }
};

void Pulse::beat_before(milliseconds pause) const {
    if (entry_) entry_->expect_before(pause);
}

void Pulse::rest() const {
    if (entry_) entry_->stuck_after = SteadyTime::max().time_since_epoch().count();
}

Pulses::Pulses(std::function<SteadyTime()> now) : now_(std::move(now)) {}

Pulse Pulses::begin(std::string name, milliseconds limit) {
    const std::shared_ptr<Pulse::Entry> entry(new Pulse::Entry{now_, std::move(name), limit, {}});
    entry->expect_before({});
    const std::scoped_lock lock(mutex_);
    entries_.push_back(entry);
    return Pulse(entry);
}

std::vector<std::string> Pulses::stuck() const {
    const SteadyTime::rep now = now_().time_since_epoch().count();
    std::vector<std::string> out;
    const std::scoped_lock lock(mutex_);
    std::erase_if(entries_, [](const auto& entry) { return entry.expired(); });
    for (const auto& weak : entries_) {
        const auto entry = weak.lock();
        if (!entry || now <= entry->stuck_after) continue;
        if (std::find(out.begin(), out.end(), entry->name) == out.end()) out.push_back(entry->name);
    }
    return out;
}

std::string joined(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
    return out;
}

}  // namespace plimsoll::pulse
