#pragma once

#include "daemon/rpc/secret.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::rpc {

/// One node to ask, as the operator wrote it. The alias stands for it wherever people read.
struct EndpointSettings {
    Secret url;         ///< http or https; may hold keys in path, query and user information
    std::string alias;  ///< unique within a chain; never empty, never a secret
    std::vector<std::pair<std::string, Secret>> headers;  ///< name and value
    unsigned max_rps = 0;                                 ///< requests per second; 0: no limit
    std::optional<std::uint64_t> max_block_range;         ///< blocks per eth_getLogs, inclusive
    std::string ca_file;                                  ///< PEM; empty: the system's
};

}  // namespace plimsoll::rpc
