#pragma once

#include "daemon/store/store.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace plimsoll::query {

/// How old a block may be that is `live`, in seconds, where no configuration says it.
inline constexpr std::uint64_t kStaleAfter = 60;

/// Names that a question may hold, and how old blocks may be.
struct Names {
    struct Chain {
        std::string name;
        std::string caip2;
        std::uint64_t stale_after = kStaleAfter;  ///< seconds
    };
    std::vector<Chain> chains;
    std::vector<std::string> protocols;
    std::vector<store::Destination> sinks;
    std::vector<std::string> rules;  ///< of the configuration
    std::vector<std::string> bands;  ///< of the configuration

    /// What the chains are called, and their CAIP-2.
    std::vector<std::string> chain_names() const;
    /// CAIP-2 of a chain by its name; what is no chain's name stays as it is.
    std::string caip2_of(const std::string& chain) const;
    /// `stale_after` of a chain by its CAIP-2.
    std::uint64_t stale_after(const std::string& caip2) const;
};

}  // namespace plimsoll::query
