// What clients of the HTTP interface and of the commands write: heads of requests, targets and
// parameters.

#include "daemon/http/heat_range.hpp"
#include "daemon/http/listener.hpp"
#include "daemon/http/params.hpp"
#include "daemon/http/target.hpp"
#include "daemon/query/table.hpp"
#include "tests/fuzz/input.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace plimsoll;
using fuzz::require;

namespace {

bool has_control(const std::string& text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
    });
}

void check_target(std::string_view text) {
    const auto target = http::parse_target(text);
    if (!target) return;
    require(target->path.starts_with('/') && !has_control(target->path));
    require(target->query.size() <= 32);
    for (const auto& [name, value] : target->query) require(!has_control(name + value));
    http::Params params(*target, {"low", "high", "step", "change", "limit", "at_risk"});
    const auto usd = [&params](std::string_view name) {
        const auto value = params.fixed(name, 8);
        return value ? std::optional(Usd8::from_raw(*value)) : std::nullopt;
    };
    const http::HeatRange asked{usd("low"), usd("high"), usd("step")};
    for (const U256& price : {U256(1), U256(250'000'000'000U), u256_max()}) {
        const auto range = http::complete(asked, Usd8::from_raw(price));
        if (range) require(range->low < range->high && range->step.raw() != 0);
        const auto change = http::parse_change(params.text("change"));
        if (change) (void)change->of(OraclePrice::from_raw(price));
    }
    (void)params.number("limit", 1, 1, 1000);
    (void)params.flag("at_risk");
    require(params.problem().size() < 400);
}

std::uint16_t listening_port() {
    // Never ends: the program has no end of its own.
    static const auto* const listener = new std::unique_ptr<http::Listener>([] {
        const auto answer = [](const http::Request& request) {
            require(request.path.starts_with('/') && !has_control(request.path));
            return http::Response{200, "text/plain", request.path};
        };
        auto opened = http::Listener::open("127.0.0.1", 0, answer);
        require(opened.has_value());
        return std::move(*opened);
    }());
    return (*listener)->port();
}

/// Everything the listener says to a client that sends these bytes and no more. The fuzzer's alarm
/// interrupts calls.
std::string answer_to(std::string_view bytes) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(listening_port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
        require(errno == EINTR);
        ::close(fd);
        return {};
    }
    (void)::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    (void)::shutdown(fd, SHUT_WR);
    std::string out;
    std::array<char, 4096> piece{};
    for (;;) {
        const ssize_t count = ::recv(fd, piece.data(), piece.size(), 0);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        out.append(piece.data(), static_cast<std::size_t>(count));
    }
    ::close(fd);
    return out;
}

/// One answer with a status that is known, or none to what is no whole head.
void check_head(std::string_view bytes) {
    const std::string answer = answer_to(bytes);
    if (answer.empty()) return;
    const std::string status = answer.substr(0, 12);
    require(status == "HTTP/1.1 200" || status == "HTTP/1.1 400" || status == "HTTP/1.1 405" ||
            status == "HTTP/1.1 431");
    require(answer.find("\r\n\r\n") != std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::as_text(data, size);
    // Heads begin with a blank here: of the seeds, no target does.
    if (text.starts_with(' ')) {
        check_head(text.substr(1));
        return 0;
    }
    check_target(text);
    const std::string shown = query::fit_to_show(text);
    require(query::fit_to_show(shown) == shown && !has_control(shown));
    (void)query::display_width(text);
    return 0;
}
