#pragma once

#include <string>
#include <vector>

namespace plimsoll::query {

/// Names that a question may hold.
struct Names {
    struct Chain {
        std::string name;
        std::string caip2;
    };
    std::vector<Chain> chains;
    std::vector<std::string> protocols;
    std::vector<std::string> sinks;
    std::vector<std::string> rules;  ///< of the configuration
    std::vector<std::string> bands;  ///< of the configuration

    /// What the chains are called, and their CAIP-2.
    std::vector<std::string> chain_names() const;
    /// CAIP-2 of a chain by its name; what is no chain's name stays as it is.
    std::string caip2_of(const std::string& chain) const;
};

}  // namespace plimsoll::query
