#include "daemon/sinks/stdout_sink.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <thread>
#include <unistd.h>

namespace plimsoll::sinks {
namespace {

class Pipe {
  public:
    Pipe() {
        if (pipe2(ends_.data(), O_CLOEXEC) != 0) std::abort();
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() {
        close_reader();
        close(ends_[1]);
    }
    int writer() const { return ends_[1]; }
    void close_reader() {
        if (ends_[0] >= 0) close(ends_[0]);
        ends_[0] = -1;
    }
    std::string read_some() const {
        std::array<char, 65536> buffer{};
        const ssize_t count = read(ends_[0], buffer.data(), buffer.size());
        return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
    }

  private:
    std::array<int, 2> ends_{};
};

Message message(std::string body) {
    Message out;
    out.body = std::move(body);
    return out;
}

TEST(StdoutSink, one_body_a_line) {
    Pipe pipe;
    StdoutSink sink("out", pipe.writer());
    EXPECT_EQ(sink.deliver(message("{\"v\":1}"), {}).kind, Outcome::Kind::ok);
    EXPECT_EQ(sink.deliver(message("{\"v\":2}"), {}).kind, Outcome::Kind::ok);
    EXPECT_EQ(pipe.read_some(), "{\"v\":1}\n{\"v\":2}\n");
}

TEST(StdoutSink, reader_that_went_is_no_end_of_the_daemon) {
    signal(SIGPIPE, SIG_IGN);  // as the daemon does
    Pipe pipe;
    pipe.close_reader();
    StdoutSink sink("out", pipe.writer());
    const Outcome outcome = sink.deliver(message("{}"), {});
    EXPECT_EQ(outcome.kind, Outcome::Kind::retry);
    EXPECT_EQ(outcome.detail, "standard output: Broken pipe");
}

TEST(StdoutSink, line_cut_short_is_followed_by_a_whole_one) {
    Pipe pipe;
    StdoutSink sink("out", pipe.writer(), std::chrono::milliseconds{100});
    const Outcome outcome = sink.deliver(message(std::string(300'000, 'x')), {});
    EXPECT_EQ(outcome.kind, Outcome::Kind::retry) << "more than a pipe holds, and nobody reads";
    EXPECT_EQ(outcome.detail, "nobody reads standard output");
    std::string heard;
    std::thread reader([&] {
        while (heard.find("x\n{}\n") == std::string::npos) heard += pipe.read_some();
    });
    Outcome later;
    do {
        later = sink.deliver(message("{}"), {});
    } while (later.kind != Outcome::Kind::ok);
    reader.join();
}

TEST(StdoutSink, stop_ends_the_wait_for_a_reader) {
    Pipe pipe;
    StdoutSink sink("out", pipe.writer(), std::chrono::minutes{10});
    std::thread stopper([&] { sink.cancel(); });
    EXPECT_EQ(sink.deliver(message(std::string(300'000, 'x')), {}).kind, Outcome::Kind::retry);
    stopper.join();
}

}  // namespace
}  // namespace plimsoll::sinks
