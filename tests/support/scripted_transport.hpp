#pragma once

#include "daemon/rpc/http_transport.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::test {

/// Answers every exchange by a function of the test; takes no time by itself.
class ScriptedTransport final : public rpc::HttpTransport {
  public:
    using Handler = std::function<rpc::HttpResult(const rpc::HttpRequest&)>;

    explicit ScriptedTransport(Handler handler) : handler_(std::move(handler)) {}

    std::vector<rpc::HttpResult> send(std::span<const rpc::HttpRequest> requests) override {
        widths.push_back(requests.size());
        std::vector<rpc::HttpResult> out;
        for (const rpc::HttpRequest& request : requests) out.push_back(handler_(request));
        return out;
    }
    void cancel() override {}

    std::vector<std::size_t> widths;  ///< of each `send`

  private:
    Handler handler_;
};

inline rpc::HttpResult http_ok(const std::string& body) {
    return rpc::HttpReply{200, body, std::nullopt};
}
inline rpc::HttpResult http_status(long status, const std::string& body = "") {
    return rpc::HttpReply{status, body, std::nullopt};
}
inline rpc::HttpResult http_fault(rpc::HttpFault::Kind kind) {
    return Unexpected<rpc::HttpFault>{rpc::HttpFault{kind, "scripted"}};
}
/// The id of a single request.
inline nlohmann::json id_of(const rpc::HttpRequest& request) {
    return nlohmann::json::parse(request.body).at("id");
}
inline rpc::HttpResult http_result(const rpc::HttpRequest& request, const nlohmann::json& result) {
    return http_ok(
        nlohmann::json{{"jsonrpc", "2.0"}, {"id", id_of(request)}, {"result", result}}.dump());
}
inline rpc::HttpResult http_error(const rpc::HttpRequest& request, int code,
                                  const std::string& message, long status = 200) {
    return http_status(status, nlohmann::json{{"jsonrpc", "2.0"},
                                              {"id", id_of(request)},
                                              {"error", {{"code", code}, {"message", message}}}}
                                   .dump());
}

}  // namespace plimsoll::test
