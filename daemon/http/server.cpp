#include "daemon/http/server.hpp"

#include "daemon/http/query.hpp"

#include <httplib.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <chrono>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace plimsoll::http {
namespace {

constexpr std::size_t kThreads = 8;
constexpr std::size_t kMaxBody = 4096;
constexpr time_t kTimeoutSeconds = 5;

Unexpected<ListenError> cannot_listen(const std::string& where, const std::string& why) {
    return Unexpected<ListenError>{ListenError{"cannot listen on " + where + ": " + why}};
}

Request to_request(const httplib::Request& request) {
    Request out;
    out.path = request.path;
    out.query.insert(request.params.begin(), request.params.end());
    return out;
}

void harden(httplib::Server& server) {
    server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    // Its own choice would let two daemons share a port.
    server.set_socket_options([](socket_t socket) {
        const int yes = 1;
        ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    server.set_read_timeout(kTimeoutSeconds);
    server.set_write_timeout(kTimeoutSeconds);
    server.set_keep_alive_timeout(kTimeoutSeconds);
    server.set_payload_max_length(kMaxBody);
    server.set_default_headers(
        {{"X-Content-Type-Options", "nosniff"}, {"Cache-Control", "no-store"}});
}

void answer_gets(httplib::Server& server, const Api& api) {
    server.Get(".*", [&api](const httplib::Request& request, httplib::Response& response) {
        const Response answer = api.answer(to_request(request));
        response.status = answer.status;
        response.set_content(answer.body, answer.content_type);
    });
}

void refuse(httplib::Response& response, int status, const std::string& message) {
    response.status = status;
    response.set_content("{\"error\":\"" + message + "\"}", "application/json");
}

/// A bound server and the thread that runs it.
class Running {
  public:
    ~Running() {
        server.stop();
        if (thread_.joinable()) thread_.join();
    }
    void start() {
        thread_ = std::thread([this] { server.listen_after_bind(); });
        // Bound already, so clients queue; stopping before it runs would be lost, though.
        while (!server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    httplib::Server server;

  private:
    std::thread thread_;
};

class TcpServer final : public Server {
  public:
    std::string url() const override { return url_; }
    Running running;
    std::string url_;
};

class UnixSocket final : public ControlSocket {
  public:
    ~UnixSocket() override { ::unlink(path_.c_str()); }
    Running running;
    std::filesystem::path path_;
};

}  // namespace

Expected<std::unique_ptr<Server>, ListenError> Server::open(const std::string& listen,
                                                            const Api& api) {
    const std::size_t colon = listen.rfind(':');
    if (colon == std::string::npos) return cannot_listen(listen, "expected host:port");
    std::string host = listen.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    int port = 0;
    const char* end = listen.data() + listen.size();
    const auto parsed = std::from_chars(listen.data() + colon + 1, end, port);
    if (parsed.ec != std::errc{} || parsed.ptr != end || port < 0 || port > 65535) {
        return cannot_listen(listen, "the port is no number from 0 to 65535");
    }
    auto out = std::make_unique<TcpServer>();
    harden(out->running.server);
    out->running.server.set_pre_routing_handler([](const auto& request, auto& response) {
        if (request.method == "GET" || request.method == "HEAD") {
            return httplib::Server::HandlerResponse::Unhandled;
        }
        response.set_header("Allow", "GET, HEAD");
        refuse(response, 405, "only GET and HEAD");
        return httplib::Server::HandlerResponse::Handled;
    });
    answer_gets(out->running.server, api);
    if (port == 0) {
        port = out->running.server.bind_to_any_port(host.c_str());
        if (port < 0) return cannot_listen(listen, "no port could be had there");
    } else if (!out->running.server.bind_to_port(host.c_str(), port)) {
        return cannot_listen(listen, "the address is in use or not one of this machine");
    }
    out->url_ = "http://" + listen.substr(0, colon) + ":" + std::to_string(port);
    out->running.start();
    return std::unique_ptr<Server>(std::move(out));
}

Expected<std::unique_ptr<ControlSocket>, ListenError> ControlSocket::open(
    const std::filesystem::path& path, const Api& api, ControlActions actions) {
    if (path.string().size() >= sizeof(sockaddr_un::sun_path)) {
        return cannot_listen(path.string(), "the path is too long for a Unix socket");
    }
    ::unlink(path.c_str());  // left behind by a daemon that was killed; the state lock is ours
    auto out = std::make_unique<UnixSocket>();
    out->path_ = path;
    httplib::Server& server = out->running.server;
    server.set_address_family(AF_UNIX);
    harden(server);
    server.set_read_timeout(60);
    server.set_write_timeout(60);
    answer_gets(server, api);
    server.Post("/control/snapshot", [actions = std::move(actions)](const httplib::Request&,
                                                                    httplib::Response& response) {
        const auto taken = actions.snapshot_now();
        if (!taken) {
            refuse(response, 503, "the snapshot failed; see the daemon's log");
            return;
        }
        response.set_content("{\"chains\":" + std::to_string(*taken) + "}", "application/json");
    });
    const mode_t before = ::umask(0117);  // 0660
    const bool bound = server.bind_to_port(path.c_str(), 80);
    ::umask(before);
    if (!bound) return cannot_listen(path.string(), "the folder is missing or not writable");
    out->running.start();
    return std::unique_ptr<ControlSocket>(std::move(out));
}

}  // namespace plimsoll::http
