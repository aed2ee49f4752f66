#pragma once

#include "abi/address.hpp"
#include "protocols/common/protocol.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace plimsoll::protocols::compound_v2 {

/// A market as a list of a deployment says it should be.
struct ExpectedMarket {
    Address underlying;  ///< zero: the native coin
    std::string symbol;  ///< told apart, not refused: interfaces rename
    unsigned decimals = 0;
};

/// What a deployment is known by. Everything else is read from the chain.
struct CompoundV2Settings {
    Address comptroller;  ///< the Unitroller
    std::string native_symbol = "ETH";
    unsigned native_decimals = 18;
    AddressStyle addresses = AddressStyle::eip55;  ///< how messages write them
    /// Its native-coin market, where it is known: then no other cToken may be one.
    std::optional<Address> native_market;
    /// By cToken. A listed cToken named here that is something else is refused.
    std::map<Address, ExpectedMarket> expected;
    std::set<Address> watched;  ///< accounts whose activity is told, with debt or without
};

/// Compound V2 and what was forked from it and kept its shape: JustLend, Venus, plain forks. Which
/// arithmetic holds and what prices are stated in is found out from the deployed contracts. The
/// ledger is empty until its first reads are accepted, or until records are loaded into it.
std::unique_ptr<Protocol> make_compound_v2(const CompoundV2Settings& settings);

}  // namespace plimsoll::protocols::compound_v2
