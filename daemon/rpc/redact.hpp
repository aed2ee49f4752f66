#pragma once

#include "daemon/rpc/endpoint_settings.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::rpc {

/// Takes one endpoint's secrets out of what its server said, so that it can be shown. Servers echo
/// URLs, headers and whole requests in their errors. Immutable, so safe from any thread.
class Redactor {
  public:
    explicit Redactor(const EndpointSettings& settings);

    /// `text` without the URL, its keys (as written and percent-decoded), its login as it is sent
    /// in a header, header values, and the paths of any other URL; printable ASCII only, at most
    /// `max_bytes`.
    std::string clean(std::string_view text, std::size_t max_bytes = 200) const;
    /// Scheme and host alone, as `https://host`.
    const std::string& origin() const { return origin_; }

  private:
    void add(std::string_view piece, std::size_t min_bytes);
    /// What goes out for `user:password` of the URL as `Authorization: Basic`.
    void add_basic(std::string_view userinfo);

    std::vector<Secret> secrets_;  ///< lower case, longest first
    std::string origin_;
};

}  // namespace plimsoll::rpc
