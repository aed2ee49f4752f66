#pragma once

#include "daemon/store/store.hpp"
#include "daemon/view/view.hpp"

#include <functional>
#include <map>
#include <string>

namespace plimsoll::http {

struct Request {
    std::string path;
    std::multimap<std::string, std::string> query;
};

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
};

/// Answers questions about the running daemon. Only reads; knows nothing of sockets. Safe from any
/// thread.
class Api {
  public:
    struct Parts {
        const view::Live& live;
        store::Store& store;
        /// Whether every worker lives; reasons when not.
        std::function<bool(std::string& reason)> healthy;
        /// Delivery state of every sink, for `/status`.
        std::function<std::string()> sinks_json;
    };
    explicit Api(Parts parts) : parts_(std::move(parts)) {}

    Response answer(const Request& request) const;

  private:
    Response status() const;
    Response ready() const;
    Response table(const std::string& table, const Request& request) const;
    Response positions(const Request& request) const;
    Response explain(const Request& request) const;
    Response liquidations(const Request& request) const;
    Response alerts(const Request& request) const;

    Parts parts_;
};

}  // namespace plimsoll::http
