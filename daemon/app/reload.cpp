#include "daemon/app/reload.hpp"

namespace plimsoll::app {

std::vector<std::string> keep_fixed(config::DaemonSettings& next,
                                    const config::DaemonSettings& in_use) {
    std::vector<std::string> out;
    const auto keep = [&out](const char* key, auto& value, const auto& kept,
                             const std::string& shown) {
        if (value == kept) return;
        out.push_back(std::string("[daemon] ") + key +
                      " cannot change while the daemon runs; it stays \"" + shown +
                      "\" until the next start");
        value = kept;
    };
    keep("instance", next.instance, in_use.instance, in_use.instance);
    keep("state_dir", next.state_dir, in_use.state_dir, in_use.state_dir.string());
    keep("http_listen", next.http_listen, in_use.http_listen, in_use.http_listen);
    keep("control_socket", next.control_socket, in_use.control_socket,
         in_use.control_socket.string());
    return out;
}

}  // namespace plimsoll::app
