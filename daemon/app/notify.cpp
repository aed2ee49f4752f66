#include "daemon/app/notify.hpp"

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace plimsoll::app {
namespace {

std::string environment(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): at start
    return value == nullptr ? "" : value;
}

std::optional<std::int64_t> number(const std::string& text) {
    std::int64_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

Notifier::Notifier() : socket_(environment("NOTIFY_SOCKET")) {}

void Notifier::reloading() const {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const std::int64_t usec = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
    send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(usec));
}

void Notifier::send(std::string_view message) const {
    sockaddr_un address{};
    if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket_.data(), socket_.size());
    if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
    // Nothing can be done about a notification that does not arrive.
    (void)::sendto(fd, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                   reinterpret_cast<const sockaddr*>(&address), size);
    ::close(fd);
}

std::optional<std::chrono::microseconds> watchdog_interval() {
    const auto usec = number(environment("WATCHDOG_USEC"));
    if (!usec || *usec <= 0) return std::nullopt;
    const std::string process = environment("WATCHDOG_PID");
    if (!process.empty() && number(process) != std::int64_t{::getpid()}) return std::nullopt;
    return std::chrono::microseconds(*usec);
}

std::string status_line(std::span<const view::ChainStatus> chains, std::uint64_t queued) {
    std::string out;
    std::uint64_t firing = 0;
    for (const view::ChainStatus& chain : chains) {
        const BlockNumber processed = chain.processed.number;
        out += chain.name + ' ' + std::to_string(processed);
        if (chain.head > processed) out += " (+" + std::to_string(chain.head - processed) + ')';
        if (chain.state != view::State::live) {
            out += ' ' + std::string(view::to_string(chain.state));
        }
        out += ", ";
        for (const auto& [rule, count] : chain.firing) firing += count;
    }
    return out + std::to_string(firing) + " firing, " + std::to_string(queued) + " queued";
}

}  // namespace plimsoll::app
