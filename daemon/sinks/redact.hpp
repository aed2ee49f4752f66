#pragma once

#include "config/secret.hpp"
#include "daemon/sinks/sink.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::sinks {

/// Takes a sink's secrets out of text that comes from outside, since a server may echo what it was
/// sent: the URL, its path, query and user part, their longer pieces (also percent-decoded), and
/// further secrets. Safe from any thread.
class Redactor {
  public:
    Redactor(const Secret& url, const std::vector<Secret>& secrets);

    /// Secrets as `***`, control characters and bad UTF-8 as U+FFFD, at most `max_bytes` of the
    /// outcome.
    std::string clean(std::string_view text, std::size_t max_bytes) const;
    /// The outcome as it may be told: its detail begins with the host and holds no secret.
    Outcome clean(Outcome outcome) const;
    /// `https://host/…`.
    const std::string& shown_url() const { return shown_url_; }

  private:
    void add(std::string_view secret);
    void add_with_pieces(std::string_view part_of_url);
    std::vector<Secret> secrets_;  ///< longest first
    std::string shown_url_;
};

}  // namespace plimsoll::sinks
