#pragma once

#include "daemon/view/rows.hpp"

#include <vector>

namespace plimsoll::query {

/// Rows of the table `tvl` summed up by chain, in the order the chains come, and where there are
/// several one row more of all, whose `chain` is "all". `state` is `live` where every protocol is,
/// else the state of the first that is not. A figure that any protocol lacks is null: a sum without
/// it would look like less.
std::vector<view::Row> chain_totals(const std::vector<view::Row>& protocols);

}  // namespace plimsoll::query
