#include "daemon/http/server.hpp"

#include <httplib.h>
#include <nlohmann/json.hpp>

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
/// The socket comes round every second; a command reads or writes everything there is.
constexpr std::chrono::minutes kLongestTurn{1};
constexpr std::chrono::minutes kLongestCommand{10};

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

void give(httplib::Response& response, const Expected<nlohmann::json, std::string>& done) {
    if (!done) return give(response, error_response(503, done.error()));
    give(response, {200, "application/json", done->dump()});
}

/// Threads for connections. The listening thread hands each new one over here, or tells that there
/// was none for a second.
class Connections final : public httplib::ThreadPool {
  public:
    explicit Connections(pulse::Pulse pulse)
        : httplib::ThreadPool(kThreads), pulse_(std::move(pulse)) {}
    void enqueue(std::function<void()> job) override {
        pulse_.beat();
        ThreadPool::enqueue(std::move(job));
    }
    void on_idle() override { pulse_.beat(); }

  private:
    pulse::Pulse pulse_;
};

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

void bound_what_clients_cost(httplib::Server& server, pulse::Pulses& pulses) {
    server.new_task_queue = [&pulses] {
        return new Connections(pulses.begin("control socket", kLongestTurn));
    };
    server.set_idle_interval(1);
    server.set_read_timeout(kTimeoutSeconds);
    server.set_write_timeout(kTimeoutSeconds);
    server.set_payload_max_length(kMaxBody);
}

}  // namespace

Expected<std::unique_ptr<ControlSocket>, ListenError> ControlSocket::open(
    const std::filesystem::path& path, const Api& api, ControlActions actions,
    pulse::Pulses& pulses) {
    if (path.string().size() >= sizeof(sockaddr_un::sun_path)) {
        return cannot_listen(path.string(),
                             "the path is too long for a Unix socket; name a shorter one as "
                             "`control_socket` in [daemon]");
    }
    ::unlink(path.c_str());  // left behind by a daemon that was killed; the state lock is ours
    auto out = std::make_unique<UnixSocket>();
    out->path = path;
    httplib::Server& server = out->server;
    server.set_address_family(AF_UNIX);
    bound_what_clients_cost(server, pulses);
    server.Get(".*", [&](const httplib::Request& request, httplib::Response& response) {
        const pulse::Pulse pulse = pulses.begin("http answer", kLongestAnswer);
        give(response, api.answer(to_request(request)));
    });
    const auto command = [&](const char* name, auto act) {
        server.Post(name, [act, &pulses](const httplib::Request&, httplib::Response& response) {
            const pulse::Pulse pulse = pulses.begin("control command", kLongestCommand);
            give(response, act());
        });
    };
    using Done = Expected<nlohmann::json, std::string>;
    command("/control/snapshot", [take = std::move(actions.snapshot_now)]() -> Done {
        const auto taken = take();
        if (!taken) return Unexpected<std::string>{"the snapshot failed: " + taken.error()};
        return nlohmann::json{{"chains", *taken}};
    });
    command("/control/backup", [back_up = std::move(actions.back_up)]() -> Done {
        const auto file = back_up();
        if (!file) return Unexpected<std::string>{"the backup failed: " + file.error()};
        return nlohmann::json{{"file", *file}};
    });
    server.Post("/control/(?:outbox|silence|sink)/[a-z]+",
                [operate = std::move(actions.operate), &pulses](const httplib::Request& request,
                                                                httplib::Response& response) {
                    const pulse::Pulse pulse = pulses.begin("control command", kLongestCommand);
                    Request asked = to_request(request);
                    asked.path.erase(0, std::string_view("/control/").size());
                    const auto done = operate(asked);
                    give(response, done
                                       ? Response{200, "application/json", done->dump()}
                                       : error_response(done.error().status, done.error().message));
                });
    const mode_t before = ::umask(0117);  // 0660
    const bool bound = server.bind_to_port(path.c_str(), 80);
    ::umask(before);
    if (!bound) return cannot_listen(path.string(), "the folder is missing or not writable");
    out->start();
    return std::unique_ptr<ControlSocket>(std::move(out));
}

}  // namespace plimsoll::http
