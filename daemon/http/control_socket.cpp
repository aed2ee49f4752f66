#include "daemon/http/server.hpp"

#include <httplib.h>

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
constexpr time_t kTimeoutSeconds = 60;

Request to_request(const httplib::Request& request) {
    Request out;
    out.path = request.path;
    out.query.insert(request.params.begin(), request.params.end());
    return out;
}

void give(httplib::Response& response, const Response& answer) {
    response.status = answer.status;
    response.set_content(answer.body, answer.content_type);
}

/// The server and the thread that runs it.
class UnixSocket final : public ControlSocket {
  public:
    ~UnixSocket() override {
        server.stop();
        if (thread_.joinable()) thread_.join();
        ::unlink(path.c_str());
    }
    void start() {
        thread_ = std::thread([this] { server.listen_after_bind(); });
        // Bound already, so clients queue; stopping before it runs would be lost, though.
        while (!server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }

    httplib::Server server;
    std::filesystem::path path;

  private:
    std::thread thread_;
};

void bound_what_clients_cost(httplib::Server& server) {
    server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    server.set_read_timeout(kTimeoutSeconds);
    server.set_write_timeout(kTimeoutSeconds);
    server.set_payload_max_length(kMaxBody);
}

}  // namespace

Expected<std::unique_ptr<ControlSocket>, ListenError> ControlSocket::open(
    const std::filesystem::path& path, const Api& api, ControlActions actions) {
    if (path.string().size() >= sizeof(sockaddr_un::sun_path)) {
        return cannot_listen(path.string(), "the path is too long for a Unix socket");
    }
    ::unlink(path.c_str());  // left behind by a daemon that was killed; the state lock is ours
    auto out = std::make_unique<UnixSocket>();
    out->path = path;
    httplib::Server& server = out->server;
    server.set_address_family(AF_UNIX);
    bound_what_clients_cost(server);
    server.Get(".*", [&api](const httplib::Request& request, httplib::Response& response) {
        give(response, api.answer(to_request(request)));
    });
    server.Post("/control/snapshot", [actions = std::move(actions)](const httplib::Request&,
                                                                    httplib::Response& response) {
        const auto taken = actions.snapshot_now();
        if (!taken) {
            give(response, error_response(503, "the snapshot failed: " + taken.error()));
            return;
        }
        give(response, {200, "application/json", "{\"chains\":" + std::to_string(*taken) + "}"});
    });
    const mode_t before = ::umask(0117);  // 0660
    const bool bound = server.bind_to_port(path.c_str(), 80);
    ::umask(before);
    if (!bound) return cannot_listen(path.string(), "the folder is missing or not writable");
    out->start();
    return std::unique_ptr<ControlSocket>(std::move(out));
}

}  // namespace plimsoll::http
