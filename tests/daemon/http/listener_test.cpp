#include "daemon/http/listener.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace plimsoll::http {
namespace {

using namespace std::chrono_literals;

/// One client connection on loopback.
class Client {
  public:
    explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the sockets interface
        connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
        const timeval limit{10, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    ~Client() { ::close(fd_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    bool connected() const { return connected_; }
    bool send(const std::string& text) const {
        return ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(text.size());
    }
    /// Everything until the server closes.
    std::string rest() const {
        std::string out;
        char buffer[65536];
        for (;;) {
            const ssize_t count = ::recv(fd_, buffer, sizeof buffer, 0);
            if (count <= 0) return out;
            out.append(buffer, static_cast<std::size_t>(count));
        }
    }

  private:
    int fd_;
    bool connected_ = false;
};

class ListenerTest : public ::testing::Test {
  protected:
    void listen(Handler handler, ListenLimits limits = {}) {
        auto opened = Listener::open("127.0.0.1", 0, std::move(handler), limits);
        ASSERT_TRUE(opened) << opened.error().message;
        listener_ = std::move(*opened);
    }
    std::string ask(const std::string& text) const {
        const Client client(listener_->port());
        EXPECT_TRUE(client.send(text));
        return client.rest();
    }
    std::unique_ptr<Listener> listener_;
};

Response echo(const Request& request) {
    return {200, "text/plain", request.path + " " + std::to_string(request.query.size())};
}

constexpr const char* kGet = "GET /a?b=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

TEST_F(ListenerTest, answers_get) {
    listen(echo);
    const std::string reply = ask(kGet);
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 200 OK\r\n")) << reply;
    EXPECT_NE(reply.find("Content-Type: text/plain\r\n"), std::string::npos) << reply;
    EXPECT_NE(reply.find("X-Content-Type-Options: nosniff\r\n"), std::string::npos);
    EXPECT_TRUE(reply.ends_with("\r\n\r\n/a 1")) << reply;
}

TEST_F(ListenerTest, answers_head_with_the_length_and_no_body) {
    listen(echo);
    const std::string reply = ask("HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_NE(reply.find("Content-Length: 4\r\n"), std::string::npos) << reply;
    EXPECT_TRUE(reply.ends_with("\r\n\r\n")) << reply;
}

TEST_F(ListenerTest, answers_one_request_a_connection) {
    listen(echo);
    const std::string reply =
        ask("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(reply.find("Connection: close\r\n"), std::string::npos) << reply;
    EXPECT_TRUE(reply.ends_with("/1 0")) << reply;
}

TEST_F(ListenerTest, refuses_other_methods_and_says_which_it_takes) {
    listen(echo);
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"}) {
        const std::string reply =
            ask(std::string(method) + " / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        EXPECT_TRUE(reply.starts_with("HTTP/1.1 405 ")) << method << reply;
        EXPECT_NE(reply.find("Allow: GET, HEAD\r\n"), std::string::npos) << reply;
        EXPECT_NE(reply.find("Connection: close\r\n"), std::string::npos) << reply;
    }
}

TEST_F(ListenerTest, refuses_bodies_and_garbage) {
    listen(echo);
    const auto status = [&](const std::string& text) { return ask(text).substr(0, 13); };
    EXPECT_EQ(status("GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"), "HTTP/1.1 400 ");
    EXPECT_EQ(status("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
              "HTTP/1.1 400 ");
    EXPECT_EQ(status("GET /%zz HTTP/1.1\r\n\r\n"), "HTTP/1.1 400 ");
    EXPECT_EQ(status("\x16\x03\x01\x02\r\n\r\n"), "HTTP/1.1 400 ");
    EXPECT_EQ(status("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "HTTP/1.1 400 ");
    EXPECT_EQ(status("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), "HTTP/1.1 400 ");
}

TEST_F(ListenerTest, garbage_behind_a_request_does_not_spoil_its_answer) {
    listen(echo);
    const std::string garbage(100'000, '\x01');
    const std::string reply = ask("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n" + garbage);
    EXPECT_TRUE(reply.ends_with("/1 0")) << reply;
}

TEST_F(ListenerTest, bounds_the_head) {
    listen(echo);
    const auto with_header = [](std::size_t size) {
        return "GET / HTTP/1.1\r\nConnection: close\r\nX: " + std::string(size, 'a') + "\r\n\r\n";
    };
    EXPECT_TRUE(ask(with_header(8000)).starts_with("HTTP/1.1 200 "));
    EXPECT_TRUE(ask(with_header(8300)).starts_with("HTTP/1.1 431 "));
    EXPECT_TRUE(ask("GET /" + std::string(100'000, 'a')).starts_with("HTTP/1.1 431 "));
    std::string many = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < 2'000; ++i) many += "A: b\r\n";
    EXPECT_TRUE(ask(many + "\r\n").starts_with("HTTP/1.1 431 "));
}

TEST_F(ListenerTest, ends_a_connection_whose_request_does_not_come_in_time) {
    listen(echo, {.timeout = 200ms});
    const Client silent(listener_->port());
    const Client dripping(listener_->port());
    std::atomic<bool> is_over = false;
    std::thread drip([&] {
        dripping.send("GET / HTTP/1.1\r\nX: ");
        while (!is_over && dripping.send("a")) std::this_thread::sleep_for(20ms);
    });
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(silent.rest(), "");
    EXPECT_EQ(dripping.rest(), "");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
    is_over = true;
    drip.join();
}

TEST_F(ListenerTest, the_oldest_silent_connection_gives_way) {
    listen(echo, {.connections = 4});
    std::vector<std::unique_ptr<Client>> silent;
    for (int i = 0; i < 40; ++i) {
        silent.push_back(std::make_unique<Client>(listener_->port()));
        if (i % 10 == 9) {
            EXPECT_TRUE(ask(kGet).starts_with("HTTP/1.1 200 ")) << i;
        }
    }
    EXPECT_EQ(silent.front()->rest(), "");
}

TEST_F(ListenerTest, says_so_when_everybody_is_being_answered) {
    std::atomic<int> asked = 0;
    std::atomic<bool> go = false;
    listen(
        [&](const Request& request) {
            ++asked;
            while (!go) std::this_thread::sleep_for(1ms);
            return echo(request);
        },
        {.connections = 2, .threads = 2});
    const Client first(listener_->port());
    const Client second(listener_->port());
    first.send(kGet);
    second.send(kGet);
    while (asked != 2) std::this_thread::sleep_for(1ms);
    const Client third(listener_->port());
    const std::string reply = third.rest();
    go = true;
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 503 ")) << reply;
    EXPECT_NE(reply.find("Retry-After: 5"), std::string::npos) << reply;
    EXPECT_TRUE(first.rest().starts_with("HTTP/1.1 200 "));
    EXPECT_TRUE(second.rest().starts_with("HTTP/1.1 200 "));
}

TEST_F(ListenerTest, a_client_that_does_not_read_is_given_up) {
    listen(
        [](const Request&) {
            return Response{200, "text/plain", std::string(64'000'000, 'x')};
        },
        {.connections = 1, .timeout = 100ms});
    const Client lazy(listener_->port());
    lazy.send(kGet);
    std::string reply;
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!reply.starts_with("HTTP/1.1 400 ") && std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(50ms);
        const Client other(listener_->port());
        other.send("GET /%zz HTTP/1.1\r\n\r\n");
        reply = other.rest();
    }
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 400 ")) << reply.substr(0, 200);
}

TEST_F(ListenerTest, an_exception_is_an_answer) {
    listen([](const Request&) -> Response { throw std::runtime_error("oops"); });
    const std::string reply = ask(kGet);
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 500 ")) << reply;
    EXPECT_EQ(reply.find("oops"), std::string::npos);
}

TEST_F(ListenerTest, stops_with_connections_open) {
    listen(echo);
    const Client silent(listener_->port());
    const Client asking(listener_->port());
    asking.send("GET / HT");
    const auto begin = std::chrono::steady_clock::now();
    listener_.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
    EXPECT_EQ(silent.rest(), "");
}

TEST_F(ListenerTest, says_why_it_cannot_listen) {
    listen(echo);
    const auto again = Listener::open("127.0.0.1", listener_->port(), echo);
    ASSERT_FALSE(again);
    EXPECT_NE(again.error().message.find("in use"), std::string::npos) << again.error().message;
    EXPECT_FALSE(Listener::open("192.0.2.1", 0, echo));
    EXPECT_FALSE(Listener::open("no such host.invalid", 0, echo));
}

}  // namespace
}  // namespace plimsoll::http
