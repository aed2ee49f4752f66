#include "daemon/sinks/stdout_sink.hpp"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <string.h>  // strerror
#include <string_view>
#include <unistd.h>

namespace plimsoll::sinks {
namespace {

using std::chrono::steady_clock;

constexpr int kLookMs = 100;
/// A pipe that can be written to takes this much without blocking.
constexpr std::size_t kStep = 4096;

Outcome later(std::string why) { return {Outcome::Kind::retry, std::nullopt, std::move(why)}; }

}  // namespace

Outcome StdoutSink::deliver(const Message& message, std::chrono::sys_seconds /*now*/) {
    const std::lock_guard lock(mutex_);
    const std::string text = (is_torn_ ? "\n" : "") + message.body + "\n";
    const auto deadline = steady_clock::now() + patience_;
    std::string_view left = text;
    while (!left.empty()) {
        if (is_cancelled_) return later("stopped");
        if (steady_clock::now() >= deadline) return later("nobody reads standard output");
        pollfd watched{fd_, POLLOUT, 0};
        if (poll(&watched, 1, kLookMs) <= 0) continue;
        const ssize_t count = write(fd_, left.data(), std::min(left.size(), kStep));
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (count < 0) return later(std::string("standard output: ") + strerror(errno));
        left.remove_prefix(static_cast<std::size_t>(count));
        is_torn_ = !left.empty();
    }
    return {Outcome::Kind::ok};
}

}  // namespace plimsoll::sinks
