#pragma once

#include "config/secret.hpp"
#include "daemon/sinks/sink.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::sinks {

struct Login {
    std::string user;  ///< no secret by itself
    Secret password;
};

/// Takes a sink's secrets out of text that comes from outside, since a server may echo what it was
/// sent: the URL, its path, query and user part, their longer pieces (also percent-decoded), logins
/// as they are sent, and further secrets. Safe from any thread.
class Redactor {
  public:
    /// `login` is one that does not stand in the URL.
    Redactor(const Secret& url, const std::vector<Secret>& secrets, const Login& login = {});

    /// Secrets as `***`, control characters and bad UTF-8 as U+FFFD, at most `max_bytes` of the
    /// outcome.
    std::string clean(std::string_view text, std::size_t max_bytes) const;
    /// The outcome as it may be told: its detail begins with the host and holds no secret.
    Outcome clean(Outcome outcome) const;
    /// `https://host/…`.
    const std::string& shown_url() const { return shown_url_; }

  private:
    void add(std::string_view secret, std::size_t min_bytes);
    void add_with_pieces(std::string_view part_of_url);
    void add_login(std::string_view user, std::string_view password);
    void add_base64(std::string bytes);
    std::vector<Secret> secrets_;  ///< longest first
    std::string shown_url_;
};

}  // namespace plimsoll::sinks
