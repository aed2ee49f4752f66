#pragma once

#include <functional>
#include <map>
#include <string>

namespace plimsoll::http {

/// A question: the path and the parameters behind it, both decoded. HEAD is asked as GET is.
struct Request {
    std::string path;
    std::multimap<std::string, std::string> query;
};

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
};

/// Answers a request; called from several threads at once.
using Handler = std::function<Response(const Request&)>;

/// `{"error": message}`.
Response error_response(int status, const std::string& message);

}  // namespace plimsoll::http
