#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace plimsoll::test {

struct ServedRequest {
    std::string head;  ///< request line and headers, as received
    std::string body;
};

/// What the server does with one request.
struct Served {
    enum class How {
        reply,         ///< status, headers and body as they stand below
        hang,          ///< nothing, until the client gives up
        close,         ///< closes without a byte
        truncate,      ///< promises more bytes than it sends, then closes
        endless,       ///< chunks of blanks without end
        drip,          ///< one byte of the body every 100 ms
        headers_only,  ///< endless header lines
        garbage,       ///< bytes that are no HTTP
    } how = How::reply;
    int status = 200;
    std::vector<std::string> headers;  ///< whole lines without line end
    std::string body;
    std::chrono::milliseconds delay{0};
    bool closes = false;  ///< the connection, after the reply
};

/// An HTTP/1.1 server on a free port of 127.0.0.1 that does what a test scripts, with a thread per
/// connection. The handler is called from those threads, one at a time.
class LoopbackServer {
  public:
    using Handler = std::function<Served(const ServedRequest&)>;

    explicit LoopbackServer(Handler handler);
    LoopbackServer(const LoopbackServer&) = delete;
    LoopbackServer& operator=(const LoopbackServer&) = delete;
    LoopbackServer(LoopbackServer&&) = delete;
    LoopbackServer& operator=(LoopbackServer&&) = delete;
    ~LoopbackServer();

    std::string url(const std::string& path = "/") const;
    std::size_t connections() const { return connections_; }
    std::vector<ServedRequest> requests() const;

  private:
    void accept_all();
    void serve(int socket);
    bool read_request(int socket, std::string& buffer, ServedRequest& request) const;
    bool answer(int socket, const Served& served) const;
    bool send_all(int socket, const std::string& bytes) const;
    bool pause(std::chrono::milliseconds duration) const;

    Handler handler_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> is_stopping_ = false;
    std::atomic<std::size_t> connections_ = 0;
    mutable std::mutex mutex_;  ///< guards the members below, and calls of the handler
    std::vector<ServedRequest> requests_;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

}  // namespace plimsoll::test
