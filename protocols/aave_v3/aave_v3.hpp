#pragma once

#include "abi/address.hpp"
#include "protocols/common/protocol.hpp"

#include <memory>
#include <set>

namespace plimsoll::protocols::aave_v3 {

/// What a deployment of Aave V3 is known by. Everything else is read from the chain.
struct AaveV3Settings {
    Address provider;                ///< `PoolAddressesProvider`
    std::set<Address> watched = {};  ///< accounts whose activity is told, with debt or without
};

/// One Aave V3 market, V3.0 to V3.7 and forks that keep to one of them (SparkLend): which rules
/// hold is read from the deployed contracts and followed through upgrades. The ledger is empty
/// until its first reads are accepted, or until records are loaded into it.
std::unique_ptr<Protocol> make_aave_v3(const AaveV3Settings& settings);

}  // namespace plimsoll::protocols::aave_v3
