#pragma once

#include "daemon/query/when.hpp"
#include "daemon/view/rows.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::query {

/// How realised liquidations are counted; said with every figure.
extern const char* const kCountingMethod;

/// A span of time to sum over.
struct Window {
    std::string label;  ///< "2026-02-05", "last 24h", "all"
    std::uint64_t from = 0;
    std::uint64_t to = 0;  ///< excluded
};

/// One figure: the liquidations of one key in one window.
struct LiquidationSum {
    std::string window;  ///< label
    std::string key;
    std::uint64_t events = 0;
    std::uint64_t unpriced = 0;  ///< without a price, and in no sum of dollars
    std::int64_t collateral_cents = 0;
    std::int64_t debt_cents = 0;
    std::int64_t bonus_cents = 0;
    std::int64_t bad_debt_cents = 0;
};

/// A `*_usd` number in cents; none where it is null.
std::optional<std::int64_t> cents_of(const view::Row& row, const char* key);

/// Days of the zone from the one that `from` lies in to the one before `to`; at most 1,000.
std::vector<Window> days(std::uint64_t from, std::uint64_t to, const TimeZone& zone);

/// Sums rows of the table `liquidations` by a column, each window by itself, in their order and by
/// key. Windows without events give nothing.
std::vector<LiquidationSum> sum_liquidations(const std::vector<view::Row>& rows,
                                             const std::string& column,
                                             const std::vector<Window>& windows);

/// The column of `--by asset|side|protocol|account`; empty for anything else.
std::string column_of(const std::string& by);

}  // namespace plimsoll::query
