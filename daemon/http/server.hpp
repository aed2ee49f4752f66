#pragma once

#include "abi/expected.hpp"
#include "daemon/http/api.hpp"
#include "daemon/http/listener.hpp"
#include "daemon/pulse/pulses.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace plimsoll::http {

/// The daemon's answers on TCP, read-only; see `Listener` for what clients may do.
class Server {
  public:
    /// `listen` is "host:port", an IPv6 host in brackets. The listener and every answer beat in
    /// `pulses`.
    static Expected<std::unique_ptr<Server>, ListenError> open(const std::string& listen,
                                                               const Api& api,
                                                               pulse::Pulses& pulses);
    virtual ~Server() = default;
    virtual std::string url() const = 0;
};

/// What may be asked to happen, on the control socket only.
struct ControlActions {
    /// Takes a snapshot of every chain; the number of chains written, or why not.
    std::function<Expected<std::size_t, std::string>()> snapshot_now;
    /// Writes a copy of the store; its path, or why not.
    std::function<Expected<std::string, std::string>()> back_up;
};

/// An answer is made of what lies in memory.
inline constexpr std::chrono::minutes kLongestAnswer{2};

/// The same answers on a Unix socket that only the daemon's user and group can open, besides the
/// commands that change something (POST).
class ControlSocket {
  public:
    static Expected<std::unique_ptr<ControlSocket>, ListenError> open(
        const std::filesystem::path& path, const Api& api, ControlActions actions,
        pulse::Pulses& pulses);
    virtual ~ControlSocket() = default;
};

}  // namespace plimsoll::http
