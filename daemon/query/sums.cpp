#include "daemon/query/sums.hpp"

#include "daemon/query/columns.hpp"

#include <cmath>
#include <map>
#include <utility>

namespace plimsoll::query {
namespace {

using view::Row;

constexpr std::size_t kMostDays = 1000;

void add(LiquidationSum& sum, const Row& row) {
    ++sum.events;
    const auto collateral = cents_of(row, "collateral_usd");
    const auto debt = cents_of(row, "debt_usd");
    if (!collateral || !debt) {
        ++sum.unpriced;
        return;
    }
    sum.collateral_cents += *collateral;
    sum.debt_cents += *debt;
    sum.bonus_cents += cents_of(row, "bonus_usd").value_or(0);
    sum.bad_debt_cents += cents_of(row, "bad_debt_usd").value_or(0);
}

}  // namespace

std::optional<std::int64_t> cents_of(const Row& row, const char* key) {
    const Row value = member(row, key);
    if (!value.is_number()) return std::nullopt;
    const double dollars = value.get<double>();
    if (!(std::fabs(dollars) < 1e15)) return std::nullopt;
    return std::llround(dollars * 100);
}

const char* const kCountingMethod =
    "one row per liquidation event of the canonical chain (chain, tx, log index); USD at the "
    "protocol's oracle at the end of the event's block; events without a price are counted apart";

std::vector<Window> days(std::uint64_t from, std::uint64_t to, const TimeZone& zone) {
    std::vector<Window> out;
    for (std::string day = zone.day(from); out.size() < kMostDays;) {
        const auto start = zone.start_of_day(day);
        const auto end = zone.start_of_day(day, 1);
        if (!start || !end || *start >= to || *end <= *start) return out;
        out.push_back({day, *start, *end});
        day = zone.day(*end);
    }
    return out;
}

std::vector<LiquidationSum> sum_liquidations(const std::vector<Row>& rows,
                                             const std::string& column,
                                             const std::vector<Window>& windows) {
    std::map<std::pair<std::size_t, std::string>, LiquidationSum> sums;
    for (const Row& row : rows) {
        const auto at = row.value("block_time", std::uint64_t{0});
        for (std::size_t i = 0; i < windows.size(); ++i) {
            if (at < windows[i].from || at >= windows[i].to) continue;
            add(sums[{i, plain(member(row, column))}], row);
        }
    }
    std::vector<LiquidationSum> out;
    for (auto& [place, sum] : sums) {
        sum.window = windows[place.first].label;
        sum.key = place.second;
        out.push_back(std::move(sum));
    }
    return out;
}

std::string column_of(const std::string& by) {
    if (by == "asset") return "collateral_asset";
    return by == "side" || by == "protocol" || by == "account" ? by : std::string();
}

}  // namespace plimsoll::query
