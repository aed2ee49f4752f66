#pragma once

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <functional>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

namespace plimsoll::app::testing {

/// The socket systemd would listen on. A name that begins with '@' is in the abstract namespace.
class NotifySocket {
  public:
    explicit NotifySocket(std::string name) : name_(std::move(name)) {
        socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        EXPECT_LT(name_.size(), sizeof address.sun_path);
        std::memcpy(address.sun_path, name_.data(), name_.size());
        if (name_[0] == '@') address.sun_path[0] = '\0';
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
        EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    }
    NotifySocket(const NotifySocket&) = delete;
    NotifySocket& operator=(const NotifySocket&) = delete;
    ~NotifySocket() { ::close(socket_); }

    const std::string& name() const { return name_; }

    /// The next message, or none within the time.
    std::optional<std::string> next(std::chrono::milliseconds within) {
        pollfd waiting{socket_, POLLIN, 0};
        if (::poll(&waiting, 1, static_cast<int>(within.count())) <= 0) return std::nullopt;
        std::array<char, 4096> bytes{};
        const ssize_t size = ::recv(socket_, bytes.data(), bytes.size(), 0);
        if (size < 0) return std::nullopt;
        return std::string(bytes.data(), static_cast<std::size_t>(size));
    }

    /// The next message that begins so; others are passed over.
    std::optional<std::string> next_that_begins(const std::string& begin,
                                                std::chrono::milliseconds within) {
        const auto deadline = std::chrono::steady_clock::now() + within;
        for (;;) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                deadline - std::chrono::steady_clock::now());
            if (left.count() <= 0) return std::nullopt;
            auto message = next(left);
            if (!message || message->starts_with(begin)) return message;
        }
    }

    /// How many messages of this text arrive within the time.
    std::size_t count(const std::string& text, std::chrono::milliseconds within) {
        std::size_t found = 0;
        const auto deadline = std::chrono::steady_clock::now() + within;
        for (;;) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                deadline - std::chrono::steady_clock::now());
            if (left.count() <= 0) return found;
            const auto message = next(left);
            if (message == text) ++found;
        }
    }

    /// Drops what has arrived so far.
    void clear() {
        while (next(std::chrono::milliseconds(0))) {
        }
    }

  private:
    std::string name_;
    int socket_ = -1;
};

}  // namespace plimsoll::app::testing
