#include "daemon/http/listener.hpp"

#include "daemon/http/target.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <spdlog/spdlog.h>

#include <array>
#include <exception>
#include <optional>
#include <set>
#include <string_view>
#include <thread>
#include <utility>

namespace plimsoll::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kBytesPerSecond = std::size_t{64} * 1024;  ///< the slowest reader served
constexpr std::size_t kMostDrained = std::size_t{256} * 1024;
constexpr auto kDrainTime = std::chrono::seconds(1);
constexpr auto kTurn = std::chrono::seconds(1);
constexpr auto kAcceptPause = milliseconds(100);  ///< when there are no file descriptors left

/// What the sessions share; everything but `handler` and `limits` belongs to the I/O thread.
struct Shared {
    Handler handler;
    ListenLimits limits;
    asio::thread_pool pool;
    std::set<class Session*> sessions;

    Shared(Handler h, const ListenLimits& l) : handler(std::move(h)), limits(l), pool(l.threads) {}
};

/// One connection. Alive as long as an operation of it is under way.
class Session : public std::enable_shared_from_this<Session> {
  public:
    enum class Doing { waiting, answering, writing, closing };

    Session(tcp::socket socket, Shared& shared)
        : stream_(std::move(socket)), shared_(shared), buffer_(shared.limits.header_bytes) {
        shared_.sessions.insert(this);
    }
    ~Session() { shared_.sessions.erase(this); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    Doing doing() const { return doing_; }
    Clock::time_point since() const { return since_; }
    /// Ends the operation under way, and with it the session.
    void abort() {
        error_code ignored;
        stream_.socket().close(ignored);
    }

    void read() {
        enter(Doing::waiting);
        parser_.emplace();
        parser_->header_limit(static_cast<std::uint32_t>(shared_.limits.header_bytes));
        stream_.expires_after(shared_.limits.timeout);
        beast::http::async_read_header(
            stream_, buffer_, *parser_,
            [self = shared_from_this()](error_code error, std::size_t) { self->on_read(error); });
    }

  private:
    void enter(Doing doing) {
        doing_ = doing;
        since_ = Clock::now();
    }

    void on_read(error_code code) {
        using beast::http::error;
        if (code == error::header_limit || code == error::buffer_overflow) {
            return refuse(431, "the head of a request may have " +
                                   std::to_string(shared_.limits.header_bytes) + " bytes");
        }
        const bool is_cut_off = code == error::end_of_stream || code == error::partial_message;
        const auto& syntax = beast::http::make_error_code(error::bad_method).category();
        if (code && code.category() == syntax && !is_cut_off) {
            return refuse(400, "this is no HTTP request: " + code.message());
        }
        if (code) return abort();
        answer();
    }

    void answer() {
        using beast::http::verb;
        const auto& head = parser_->get();
        is_head_ = head.method() == verb::head;
        if (head.method() != verb::get && !is_head_) {
            return refuse(405,
                          "only GET and HEAD; commands that change something go through the "
                          "control socket: see plimsoll --help");
        }
        const auto length = parser_->content_length();
        if (parser_->chunked() || (length && *length != 0)) {
            return refuse(400, "a request with a body; parameters stand in the URL");
        }
        const std::string_view target(head.target().data(), head.target().size());
        auto request = parse_target(target);
        if (!request) return refuse(400, request.error().message);
        enter(Doing::answering);
        stream_.expires_never();
        // The session goes along and back, so that it never ends in a thread of the pool.
        asio::post(
            shared_.pool, [self = shared_from_this(), request = std::move(*request)]() mutable {
                Response response = self->ask(request);
                const auto executor = self->stream_.get_executor();
                asio::post(executor,
                           [self = std::move(self), response = std::move(response)]() mutable {
                               self->write(std::move(response));
                           });
            });
    }

    Response ask(const Request& request) const {
        try {
            return shared_.handler(request);
        } catch (const std::exception& failure) {
            spdlog::error("http: {}: {}", request.path, failure.what());
            return error_response(500, "the answer failed; see the daemon's log");
        }
    }

    void refuse(int status, const std::string& message) { write(error_response(status, message)); }

    void write(Response response) {
        enter(Doing::writing);
        const std::size_t size = response.body.size();
        response_ = {};
        response_.result(static_cast<unsigned>(response.status));
        response_.set(beast::http::field::content_type, response.content_type);
        response_.set("X-Content-Type-Options", "nosniff");
        response_.set(beast::http::field::cache_control, "no-store");
        if (response.status == 405) response_.set(beast::http::field::allow, "GET, HEAD");
        if (response.content_type.starts_with("text/html")) {
            response_.set("Content-Security-Policy",
                          "default-src 'none'; style-src 'unsafe-inline'");
        }
        response_.keep_alive(false);
        response_.content_length(size);
        if (!is_head_) response_.body() = std::move(response.body);
        stream_.expires_after(shared_.limits.timeout +
                              std::chrono::seconds(size / kBytesPerSecond));
        serializer_.emplace(response_);
        serializer_->split(is_head_);
        const auto done = [self = shared_from_this()](error_code error, std::size_t) {
            self->on_written(error);
        };
        if (is_head_) {
            beast::http::async_write_header(stream_, *serializer_, done);
        } else {
            beast::http::async_write(stream_, *serializer_, done);
        }
    }

    void on_written(error_code error) {
        if (error) return abort();
        enter(Doing::closing);
        stream_.socket().shutdown(tcp::socket::shutdown_send, error);
        if (error) return abort();
        stream_.expires_after(kDrainTime);
        drain(0);
    }

    /// Reads what the client still sends for a moment: closing on unread bytes would take the
    /// answer back.
    void drain(std::size_t drained) {
        stream_.async_read_some(asio::buffer(scratch_), [self = shared_from_this(), drained](
                                                            error_code error, std::size_t count) {
            if (error || drained + count > kMostDrained) return self->abort();
            self->drain(drained + count);
        });
    }

    beast::tcp_stream stream_;
    Shared& shared_;
    beast::flat_buffer buffer_;
    std::optional<beast::http::request_parser<beast::http::empty_body>> parser_;
    beast::http::response<beast::http::string_body> response_;
    std::optional<beast::http::response_serializer<beast::http::string_body>> serializer_;
    std::array<char, 4096> scratch_{};
    Doing doing_ = Doing::waiting;
    Clock::time_point since_ = Clock::now();
    bool is_head_ = false;
};

class TcpListener final : public Listener {
  public:
    TcpListener(Handler handler, const ListenLimits& limits, OnTurn on_turn)
        : shared_(std::move(handler), limits),
          on_turn_(std::move(on_turn)),
          acceptor_(io_),
          pause_(io_),
          turn_(io_) {}

    ~TcpListener() override {
        asio::post(io_, [this] {
            error_code ignored;
            acceptor_.close(ignored);
            pause_.cancel();
            turn_.cancel();
            stopping_ = true;
            for (Session* session : shared_.sessions) session->abort();
        });
        shared_.pool.join();
        if (thread_.joinable()) thread_.join();  // ends when the last session has
    }

    /// The reason when it fails.
    std::string bind(const std::string& host, std::uint16_t port) {
        error_code error;
        tcp::resolver resolver(io_);
        const auto found =
            resolver.resolve(host, std::to_string(port), tcp::resolver::passive, error);
        if (error) return error.message();
        const tcp::endpoint endpoint = found.begin()->endpoint();
        acceptor_.open(endpoint.protocol(), error);
        if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
        if (!error) acceptor_.bind(endpoint, error);
        if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
        if (error) return error.message();
        accept();
        if (on_turn_) tell_turn();
        thread_ = std::thread([this] { run(); });
        return {};
    }

    std::uint16_t port() const override { return acceptor_.local_endpoint().port(); }

  private:
    void run() {
        for (;;) {
            try {
                io_.run();
                return;
            } catch (const std::exception& failure) {  // out of memory: the others live on
                spdlog::error("http: {}", failure.what());
            }
        }
    }

    void tell_turn() {
        on_turn_();
        turn_.expires_after(kTurn);
        turn_.async_wait([this](error_code error) {
            if (!error && !stopping_) tell_turn();
        });
    }

    void accept() {
        acceptor_.async_accept([this](error_code error, tcp::socket socket) {
            if (stopping_ || error == asio::error::operation_aborted) return;
            if (error) return accept_later();
            take(std::move(socket));
            accept();
        });
    }

    void accept_later() {
        pause_.expires_after(kAcceptPause);
        pause_.async_wait([this](error_code error) {
            if (!error && !stopping_) accept();
        });
    }

    void take(tcp::socket socket) {
        if (shared_.sessions.size() >= shared_.limits.connections && !make_room()) {
            return turn_away(std::move(socket));
        }
        std::make_shared<Session>(std::move(socket), shared_)->read();
    }

    /// Ends the connection that can best be missed: the one that has waited longest for its
    /// request, else one whose client does not take its answer.
    bool make_room() {
        const auto oldest = [this](Session::Doing doing, Clock::time_point before) {
            Session* found = nullptr;
            for (Session* session : shared_.sessions) {
                if (session->doing() != doing || session->since() > before) continue;
                if (found == nullptr || session->since() < found->since()) found = session;
            }
            return found;
        };
        const auto now = Clock::now();
        Session* victim = oldest(Session::Doing::closing, now);
        if (victim == nullptr) victim = oldest(Session::Doing::waiting, now);
        if (victim == nullptr) {
            victim = oldest(Session::Doing::writing, now - shared_.limits.timeout);
        }
        if (victim == nullptr) return false;
        shared_.sessions.erase(victim);
        victim->abort();
        return true;
    }

    static void turn_away(tcp::socket socket) {
        static constexpr std::string_view kBusy =
            "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\n"
            "Content-Type: application/json\r\nContent-Length: 33\r\n\r\n"
            "{\"error\":\"too many connections\"}\n";
        error_code ignored;
        socket.non_blocking(true, ignored);
        socket.write_some(asio::buffer(kBusy.data(), kBusy.size()), ignored);
        socket.shutdown(tcp::socket::shutdown_both, ignored);
        socket.close(ignored);
    }

    Shared shared_;
    OnTurn on_turn_;
    asio::io_context io_{1};
    tcp::acceptor acceptor_;
    asio::steady_timer pause_;
    asio::steady_timer turn_;
    bool stopping_ = false;  ///< the I/O thread's
    std::thread thread_;
};

}  // namespace

Unexpected<ListenError> cannot_listen(const std::string& where, const std::string& why) {
    return Unexpected<ListenError>{ListenError{"cannot listen on " + where + ": " + why}};
}

Expected<std::unique_ptr<Listener>, ListenError> Listener::open(const std::string& host,
                                                                std::uint16_t port, Handler handler,
                                                                const ListenLimits& limits,
                                                                OnTurn on_turn) {
    auto out = std::make_unique<TcpListener>(std::move(handler), limits, std::move(on_turn));
    const std::string problem = out->bind(host, port);
    if (!problem.empty()) return cannot_listen(host + ":" + std::to_string(port), problem);
    return std::unique_ptr<Listener>(std::move(out));
}

}  // namespace plimsoll::http
