#pragma once

#include "abi/expected.hpp"
#include "daemon/http/heat_range.hpp"
#include "daemon/query/commands.hpp"
#include "daemon/view/rows.hpp"

#include <string>
#include <vector>

namespace plimsoll::query {

// What the running daemon answers from its ledgers, made from rows of the table `positions` of a
// snapshot: they hold the exact liquidation price of every asset, alone and with its group.

/// A group, symbol or token address as rows know it.
struct CollateralName {
    std::string asked;   ///< as people wrote it
    std::string leader;  ///< symbol or address that leads the group; empty: one asset alone
    std::vector<std::string> members = {};
};
CollateralName resolve_name(const std::string& asked, const std::vector<GroupName>& groups);

/// The rows of `/v1/heatmap`; sums of dollars may differ from it by a cent for every position. The
/// error says what is wrong with the question.
Expected<std::vector<view::Row>, std::string> heat_from_positions(
    const std::vector<view::Row>& positions, const CollateralName& name,
    const http::HeatRange& asked);

/// What `/v1/what-if` answers.
struct ShockRows {
    std::vector<view::Row> summary;  ///< one a protocol
    std::vector<view::Row> rows;     ///< those endangered, largest debt first in each protocol
};
/// `price`, or else `change` as text.
Expected<ShockRows, std::string> shock_from_positions(const std::vector<view::Row>& positions,
                                                      const CollateralName& name,
                                                      const std::string& price,
                                                      const std::string& change);

}  // namespace plimsoll::query
