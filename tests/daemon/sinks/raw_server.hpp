#pragma once

#include <arpa/inet.h>
#include <atomic>
#include <functional>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace plimsoll::testing {

/// A server on loopback that misbehaves at the level of bytes: each connection, one after the
/// other, is handed to `serve` after its first bytes came, and closed afterwards.
class RawServer {
  public:
    class Connection {
      public:
        Connection(int fd, const std::atomic<bool>& is_stopping)
            : fd_(fd), is_stopping_(is_stopping) {}
        /// False once the other side is gone or the server stops.
        bool send(std::string_view bytes) const {
            while (!bytes.empty() && !is_stopping_) {
                const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
                if (count <= 0) return false;
                bytes.remove_prefix(static_cast<std::size_t>(count));
            }
            return !is_stopping_;
        }
        /// Waits until the other side closes or the server stops, at most `milliseconds`.
        void wait(int milliseconds) const {
            pollfd watched{fd_, POLLRDHUP, 0};
            for (int left = milliseconds; left > 0 && !is_stopping_; left -= 10) {
                if (poll(&watched, 1, 10) > 0) return;
            }
        }

      private:
        int fd_;
        const std::atomic<bool>& is_stopping_;
    };

    explicit RawServer(std::function<void(const Connection&)> serve) : serve_(std::move(serve)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        auto* any = reinterpret_cast<sockaddr*>(&address);
        if (bind(fd_, any, size) != 0 || listen(fd_, 16) != 0) std::abort();
        getsockname(fd_, any, &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { run(); });
    }
    RawServer(const RawServer&) = delete;
    RawServer& operator=(const RawServer&) = delete;
    ~RawServer() {
        is_stopping_ = true;
        thread_.join();
        close(fd_);
    }

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/hook"; }
    int connections() const { return connections_; }

  private:
    void run() {
        pollfd watched{fd_, POLLIN, 0};
        while (!is_stopping_) {
            if (poll(&watched, 1, 10) <= 0) continue;
            const int fd = accept(fd_, nullptr, nullptr);
            if (fd < 0) continue;
            ++connections_;
            char buffer[4096];
            if (recv(fd, buffer, sizeof buffer, 0) > 0) serve_(Connection(fd, is_stopping_));
            close(fd);
        }
    }

    std::function<void(const Connection&)> serve_;
    int fd_ = -1;
    int port_ = 0;
    std::atomic<bool> is_stopping_{false};
    std::atomic<int> connections_{0};
    std::thread thread_;
};

}  // namespace plimsoll::testing
