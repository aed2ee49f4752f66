#pragma once

#include "abi/address.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::config {

/// A market that a deployment is known to have, where its markets are known at all.
struct DeploymentMarket {
    Address c_token;
    Address underlying;  ///< zero: the native coin
    std::string symbol;  ///< by which the protocol's own list calls it
    unsigned decimals = 0;
};

/// A deployment that is known without being configured. From deployments/aave.json and
/// deployments/compound_v2.json.
struct Deployment {
    std::string name;                  ///< "aave-v3-ethereum"
    std::vector<std::string> aliases;  ///< other names it is found by
    std::string kind;                  ///< "aave-v3"
    std::uint64_t chain_id = 0;
    Address address;  ///< PoolAddressesProvider (Aave), Comptroller (Compound V2)
    /// A block before which nothing happened there; none where it is not known.
    std::optional<std::uint64_t> start_block;
    bool is_main = false;                   ///< the one meant when only kind and chain are given
    std::optional<Address> native_market;   ///< the native coin's cToken (Compound V2)
    std::vector<DeploymentMarket> markets;  ///< those that are known (Compound V2)
};

/// All of them, in the order of their names.
std::span<const Deployment> deployments();
const Deployment* find_deployment(std::string_view name);
const Deployment* find_deployment(std::uint64_t chain_id, const Address& address);
/// The main market of a kind on a chain.
const Deployment* main_deployment(std::string_view kind, std::uint64_t chain_id);
std::vector<std::string_view> deployment_names();

}  // namespace plimsoll::config
