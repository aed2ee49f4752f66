#include "tests/support/loopback_server.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <bit>
#include <cctype>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace plimsoll::test {
namespace {

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

std::size_t content_length(const std::string& head) {
    static const std::string kName = "\r\ncontent-length:";
    const std::size_t at = lower(head).find(kName);
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + kName.size()));
}

/// Whether something can be read within a short time.
bool is_readable(int socket) {
    pollfd waiting{socket, POLLIN, 0};
    return poll(&waiting, 1, 20) > 0;
}

}  // namespace

LoopbackServer::LoopbackServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = std::bit_cast<sockaddr*>(&address);
    if (bind(listener_, generic, size) != 0 || listen(listener_, 64) != 0 ||
        getsockname(listener_, generic, &size) != 0) {
        throw std::runtime_error("cannot listen on loopback");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
}

LoopbackServer::~LoopbackServer() {
    is_stopping_ = true;
    acceptor_.join();
    std::vector<std::thread> threads;
    {
        const std::lock_guard lock(mutex_);
        threads.swap(threads_);
    }
    for (std::thread& thread : threads) thread.join();
    close(listener_);
}

std::string LoopbackServer::url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
}

std::vector<ServedRequest> LoopbackServer::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

void LoopbackServer::accept_all() {
    while (!is_stopping_) {
        if (!is_readable(listener_)) continue;
        const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) continue;
        ++connections_;
        const std::lock_guard lock(mutex_);
        threads_.emplace_back([this, client] { serve(client); });
    }
}

void LoopbackServer::serve(int socket) {
    std::string buffer;
    ServedRequest request;
    while (read_request(socket, buffer, request)) {
        Served served;
        {
            const std::lock_guard lock(mutex_);
            requests_.push_back(request);
            served = handler_(request);
        }
        if (!answer(socket, served)) break;
    }
    close(socket);
}

bool LoopbackServer::read_request(int socket, std::string& buffer, ServedRequest& request) const {
    std::array<char, 65'536> piece{};
    while (!is_stopping_) {
        const std::size_t end = buffer.find("\r\n\r\n");
        if (end != std::string::npos) {
            const std::size_t start = end + 4;
            const std::size_t length = content_length(buffer.substr(0, start));
            if (buffer.size() >= start + length) {
                request.head = buffer.substr(0, start);
                request.body = buffer.substr(start, length);
                buffer.erase(0, start + length);
                return true;
            }
        }
        if (!is_readable(socket)) continue;
        const ssize_t count = recv(socket, piece.data(), piece.size(), 0);
        if (count <= 0) return false;
        buffer.append(piece.data(), static_cast<std::size_t>(count));
    }
    return false;
}

bool LoopbackServer::send_all(int socket, const std::string& bytes) const {
    std::size_t sent = 0;
    while (sent < bytes.size() && !is_stopping_) {
        const ssize_t count = send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) return false;
        sent += static_cast<std::size_t>(count);
    }
    return !is_stopping_;
}

bool LoopbackServer::pause(std::chrono::milliseconds duration) const {
    const auto until = std::chrono::steady_clock::now() + duration;
    while (!is_stopping_ && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return !is_stopping_;
}

bool LoopbackServer::answer(int socket, const Served& served) const {
    if (!pause(served.delay)) return false;
    std::string head = "HTTP/1.1 " + std::to_string(served.status) + " Scripted\r\n";
    for (const std::string& line : served.headers) head += line + "\r\n";
    const auto with_length = [&head](std::size_t length) {
        return head + "Content-Length: " + std::to_string(length) + "\r\n\r\n";
    };
    switch (served.how) {
        case Served::How::hang: {
            std::array<char, 1> byte{};
            while (!is_stopping_) {
                if (is_readable(socket) && recv(socket, byte.data(), 1, 0) <= 0) break;
            }
            return false;
        }
        case Served::How::close:
            return false;
        case Served::How::truncate:
            send_all(socket, with_length(served.body.size() + 100) + served.body);
            return false;
        case Served::How::garbage:
            send_all(socket, "\x01\x02 this is no HTTP\r\n\r\n");
            return false;
        case Served::How::headers_only:
            if (!send_all(socket, head)) return false;
            while (send_all(socket, "X-Filler: " + std::string(4'000, 'x') + "\r\n")) {
            }
            return false;
        case Served::How::endless: {
            if (!send_all(socket, head + "Transfer-Encoding: chunked\r\n\r\n")) return false;
            const std::string chunk = "10000\r\n" + std::string(0x10000, ' ') + "\r\n";
            while (send_all(socket, chunk)) {
            }
            return false;
        }
        case Served::How::drip:
            if (!send_all(socket, with_length(served.body.size()))) return false;
            for (const char byte : served.body) {
                if (!send_all(socket, std::string(1, byte))) return false;
                if (!pause(std::chrono::milliseconds(100))) return false;
            }
            return true;
        case Served::How::reply:
            break;
    }
    return send_all(socket, with_length(served.body.size()) + served.body) && !served.closes;
}

}  // namespace plimsoll::test
