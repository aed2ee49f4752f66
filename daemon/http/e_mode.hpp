#pragma once

#include "daemon/http/message.hpp"
#include "daemon/http/params.hpp"
#include "daemon/view/copy.hpp"
#include "protocols/common/market.hpp"
#include "protocols/common/protocol.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace plimsoll::http {

/// The id of a category, from 1 to 255; none where it is not given. Refuses one that is wrong, or
/// that comes with what a category has not: a price, or one collateral.
std::optional<unsigned> e_mode_param(Params& params);

/// A category of one protocol.
struct FoundCategory {
    std::unique_ptr<view::ProtocolCopy> copy;
    protocols::EModeReport category;
};

/// The category in the protocols that have it set up, copied out of the running daemon, and what
/// there is besides.
struct Categories {
    std::vector<FoundCategory> found;
    std::string known;  ///< for people, "aave-v3-ethereum 1, 2; aave-v3-base 1"; may be empty
};
Categories find_category(std::span<const view::ProtocolView> views, unsigned id,
                         const std::string& protocol);
/// 404: nobody has it.
Response no_category(unsigned id, const Categories& categories);

/// The category's assets as one group without a leader: values of it add up, amounts do not.
protocols::AssetGroup assets_of(const protocols::EModeReport& category);

}  // namespace plimsoll::http
