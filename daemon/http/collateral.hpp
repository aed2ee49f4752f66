#pragma once

#include "daemon/bands/groups.hpp"
#include "daemon/http/message.hpp"
#include "daemon/http/params.hpp"
#include "daemon/view/copy.hpp"
#include "protocols/common/price.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::http {

/// A group or asset in one protocol.
struct FoundCollateral {
    std::unique_ptr<view::ProtocolCopy> copy;
    bands::ResolvedBand band;  ///< its limits mean nothing yet
    OraclePrice price;
};

/// Where the collateral is listed and has a price, copied out of the running daemon; in all
/// protocols where `protocol` is empty.
std::vector<FoundCollateral> find_collateral(std::span<const view::ProtocolView> views,
                                             const std::string& collateral,
                                             const std::string& protocol);
/// 404: nobody lists it.
Response not_listed(const std::string& collateral);

/// A parameter in dollars.
std::optional<Usd8> usd_param(Params& params, std::string_view name);

}  // namespace plimsoll::http
