#pragma once

#include "daemon/sinks/sink.hpp"

#include <atomic>
#include <mutex>
#include <string>

namespace plimsoll::sinks {

/// The body of each alert on a line of a file descriptor, for piping. A reader that does not read
/// costs an attempt its patience; a line that was cut short by that is followed by a whole one.
class StdoutSink final : public Sink {
  public:
    /// `fd` stays open and is not owned.
    StdoutSink(std::string name, int fd,
               std::chrono::milliseconds patience = std::chrono::seconds{5})
        : name_(std::move(name)), fd_(fd), patience_(patience) {}

    const std::string& name() const override { return name_; }
    Limits limits() const override { return {.longest_wait = std::chrono::seconds{30}}; }
    Outcome deliver(const Message& message, std::chrono::sys_seconds now) override;
    void cancel() override { is_cancelled_ = true; }

  private:
    const std::string name_;
    const int fd_;
    const std::chrono::milliseconds patience_;
    std::atomic<bool> is_cancelled_{false};
    std::mutex mutex_;  // guards is_torn_, and keeps lines whole
    bool is_torn_ = false;
};

}  // namespace plimsoll::sinks
