#pragma once

#include "daemon/sinks/sink.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::testing {

/// What a scripted sink was asked, kept outside of it: the sink belongs to the outbox.
class SinkLog {
  public:
    struct Attempt {
        std::string id;
        std::int64_t second = 0;
    };

    void add(Attempt attempt) {
        const std::lock_guard lock(mutex_);
        attempts_.push_back(std::move(attempt));
        changed_.notify_all();
    }
    std::vector<Attempt> attempts() const {
        const std::lock_guard lock(mutex_);
        return attempts_;
    }
    std::vector<std::string> ids() const {
        std::vector<std::string> out;
        for (const Attempt& attempt : attempts()) out.push_back(attempt.id);
        return out;
    }
    /// False when there are not so many within 10 s.
    bool wait_for(std::size_t count) const {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds{10},
                                 [&] { return attempts_.size() >= count; });
    }
    /// For a sink that hangs.
    void block() {
        std::unique_lock lock(mutex_);
        ++blocked_;
        changed_.notify_all();
        changed_.wait(lock, [&] { return is_open_; });
        --blocked_;
    }
    bool wait_until_blocked(int count) const {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds{10}, [&] { return blocked_ >= count; });
    }
    void unblock() {
        const std::lock_guard lock(mutex_);
        is_open_ = true;
        changed_.notify_all();
    }

  private:
    mutable std::mutex mutex_;  // guards the members below
    mutable std::condition_variable changed_;
    std::vector<Attempt> attempts_;
    int blocked_ = 0;
    bool is_open_ = false;
};

class ScriptedSink final : public sinks::Sink {
  public:
    using Script = std::function<sinks::Outcome(const sinks::Message&)>;

    using GroupScript = std::function<sinks::Outcome(const sinks::Group&)>;

    /// With `groups` it takes groups.
    ScriptedSink(std::string name, sinks::Limits limits, SinkLog& log, Script script,
                 GroupScript groups = nullptr)
        : name_(std::move(name)),
          limits_(limits),
          log_(log),
          script_(std::move(script)),
          groups_(std::move(groups)) {}

    const std::string& name() const override { return name_; }
    sinks::Limits limits() const override { return limits_; }
    sinks::Outcome deliver(const sinks::Message& message, std::chrono::sys_seconds now) override {
        log_.add({message.id, now.time_since_epoch().count()});
        return script_(message);
    }
    bool takes_groups() const override { return groups_ != nullptr; }
    sinks::Outcome deliver_group(const sinks::Group& group, std::chrono::sys_seconds now) override {
        log_.add({group.id, now.time_since_epoch().count()});
        return groups_(group);
    }
    void cancel() override { log_.unblock(); }
    void maintain(std::chrono::sys_seconds, const Report&) override { ++maintained; }

    std::atomic<int> maintained{0};

  private:
    const std::string name_;
    const sinks::Limits limits_;
    SinkLog& log_;
    const Script script_;
    const GroupScript groups_;
};

inline sinks::Limits limits(unsigned lanes) {
    sinks::Limits out;
    out.lanes = lanes;
    return out;
}

inline sinks::Outcome outcome(sinks::Outcome::Kind kind) {
    return {kind, std::nullopt, kind == sinks::Outcome::Kind::ok ? "" : "because"};
}

}  // namespace plimsoll::testing
