#include "daemon/query/totals.hpp"

#include "daemon/query/columns.hpp"
#include "daemon/query/sums.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace plimsoll::query {
namespace {

using view::Row;

constexpr std::array kDollars{"supplied_usd", "borrowed_usd", "tvl_usd", "bad_debt_usd",
                              "liquidatable_debt_usd"};
constexpr std::array kCounts{"borrowers", "positions_at_risk", "liquidatable", "not_computable",
                             "unpriced_markets"};

Row sum_of_dollars(const std::vector<Row>& rows, const char* key) {
    std::int64_t sum = 0;
    for (const Row& row : rows) {
        const auto one = cents_of(row, key);
        if (!one) return nullptr;
        sum += *one;
    }
    return dollars_of(sum);
}

Row sum_of_counts(const std::vector<Row>& rows, const char* key) {
    std::uint64_t sum = 0;
    for (const Row& row : rows) {
        const Row one = member(row, key);
        if (!one.is_number_unsigned()) return nullptr;
        sum += one.get<std::uint64_t>();
    }
    return sum;
}

Row total_of(const Row& chain, const std::vector<Row>& rows) {
    Row out;
    out["chain"] = chain;
    out["protocols"] = rows.size();
    for (const char* key : kDollars) out[key] = sum_of_dollars(rows, key);
    for (const char* key : kCounts) out[key] = sum_of_counts(rows, key);
    const auto odd =
        std::ranges::find_if(rows, [](const Row& row) { return member(row, "state") != "live"; });
    out["state"] = odd == rows.end() ? Row("live") : member(*odd, "state");
    return out;
}

}  // namespace

std::vector<Row> chain_totals(const std::vector<Row>& protocols) {
    std::vector<Row> out;
    for (const Row& first : protocols) {
        const Row chain = member(first, "chain");
        const bool is_done = std::ranges::any_of(
            out, [&](const Row& total) { return member(total, "chain") == chain; });
        if (is_done) continue;
        std::vector<Row> own;
        std::ranges::copy_if(protocols, std::back_inserter(own),
                             [&](const Row& row) { return member(row, "chain") == chain; });
        out.push_back(total_of(chain, own));
    }
    if (out.size() > 1) out.push_back(total_of("all", protocols));
    return out;
}

}  // namespace plimsoll::query
