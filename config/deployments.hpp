#pragma once

#include "abi/address.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::config {

/// A deployment that is known without being configured. From deployments/aave.json.
struct Deployment {
    std::string name;                  ///< "aave-v3-ethereum"
    std::vector<std::string> aliases;  ///< other names it is found by
    std::string kind;                  ///< "aave-v3"
    std::uint64_t chain_id = 0;
    Address address;  ///< PoolAddressesProvider
    /// A block before which nothing happened there; none where it is not known.
    std::optional<std::uint64_t> start_block;
    bool is_main = false;  ///< the one meant when only kind and chain are given
};

/// All of them, in the order of their names.
std::span<const Deployment> deployments();
const Deployment* find_deployment(std::string_view name);
const Deployment* find_deployment(std::uint64_t chain_id, const Address& address);
/// The main market of a kind on a chain.
const Deployment* main_deployment(std::string_view kind, std::uint64_t chain_id);
std::vector<std::string_view> deployment_names();

}  // namespace plimsoll::config
