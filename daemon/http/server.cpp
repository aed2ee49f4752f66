#include "daemon/http/server.hpp"

#include <charconv>
#include <utility>

namespace plimsoll::http {
namespace {

/// The listener comes round every second.
constexpr std::chrono::minutes kLongestRound{1};

class TcpServer final : public Server {
  public:
    TcpServer(std::unique_ptr<Listener> listener, const std::string& host)
        : listener_(std::move(listener)),
          url_("http://" + host + ":" + std::to_string(listener_->port())) {}
    std::string url() const override { return url_; }

  private:
    std::unique_ptr<Listener> listener_;
    std::string url_;
};

}  // namespace

Expected<std::unique_ptr<Server>, ListenError> Server::open(const std::string& listen,
                                                            const Api& api, pulse::Pulses& pulses) {
    const std::size_t colon = listen.rfind(':');
    if (colon == std::string::npos) return cannot_listen(listen, "expected host:port");
    const std::string shown = listen.substr(0, colon);
    const bool has_brackets = shown.size() > 2 && shown.front() == '[' && shown.back() == ']';
    const std::string host = has_brackets ? shown.substr(1, shown.size() - 2) : shown;
    std::uint16_t port = 0;
    const char* end = listen.data() + listen.size();
    const auto parsed = std::from_chars(listen.data() + colon + 1, end, port);
    if (parsed.ec != std::errc{} || parsed.ptr != end) {
        return cannot_listen(listen, "the port is no number from 0 to 65535");
    }
    const auto answer = [&api, &pulses](const Request& request) {
        const pulse::Pulse pulse = pulses.begin("http answer", kLongestAnswer);
        return api.answer(request);
    };
    // Shared, because what is called must be copyable.
    const auto pulse = std::make_shared<pulse::Pulse>(pulses.begin("http listener", kLongestRound));
    auto listener = Listener::open(host, port, answer, {}, [pulse] { pulse->beat(); });
    if (!listener) return Unexpected<ListenError>{listener.error()};
    return std::make_unique<TcpServer>(std::move(*listener), shown);
}

}  // namespace plimsoll::http
