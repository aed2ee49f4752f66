#pragma once

#include "abi/expected.hpp"
#include "daemon/http/message.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace plimsoll::http {

/// The listener could not be opened; `message` names the address and the reason.
struct ListenError {
    std::string message;
};

/// "cannot listen on WHERE: WHY".
Unexpected<ListenError> cannot_listen(const std::string& where, const std::string& why);

/// What a client may cost.
struct ListenLimits {
    std::size_t connections = 32;
    std::size_t header_bytes = 8192;  ///< request line and headers together
    /// For the whole head of a request, from the first to the last byte; for a connection without
    /// a request; and for an answer, which gets a second more for every 64 KiB.
    std::chrono::milliseconds timeout{5000};
    unsigned threads = 8;  ///< that answer
};

/// Called about every second by the thread that holds the connections, as long as it goes round.
using OnTurn = std::function<void()>;

/// Read-only HTTP/1.1 on TCP for clients one does not trust: GET and HEAD, no bodies, one request a
/// connection, bounded in bytes, time and connections.
///
/// Connections wait in one thread, so a client that sends nothing, or a byte now and then, costs
/// memory for its head and no thread. When all places are taken the connection that has waited
/// longest for its request gives way to the new one; a client that asks at once is answered however
/// many others do not.
class Listener {
  public:
    /// `port` 0: any free one. Answers from the moment it returns until it is destroyed.
    static Expected<std::unique_ptr<Listener>, ListenError> open(const std::string& host,
                                                                 std::uint16_t port,
                                                                 Handler handler,
                                                                 const ListenLimits& limits = {},
                                                                 OnTurn on_turn = {});
    virtual ~Listener() = default;
    virtual std::uint16_t port() const = 0;
};

}  // namespace plimsoll::http
