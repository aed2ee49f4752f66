#include "daemon/query/columns.hpp"

#include "daemon/http/params.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

namespace plimsoll::query {

using view::Row;

namespace {

/// At most `digits` decimals; of a price below 1 at least four digits that are not leading zeros.
std::string fine(const U256& price, unsigned decimals, unsigned digits) {
    constexpr unsigned kShown = 4;
    const auto size = static_cast<unsigned>(to_decimal(price).size());
    const bool is_below_one = price != 0 && size <= decimals;
    const unsigned places = is_below_one ? std::max(digits, decimals - size + kShown) : digits;
    return with_separators(view::scaled(price, decimals, places));
}

}  // namespace

Row member(const Row& row, const std::string& key) {
    if (!row.is_object()) return nullptr;
    const auto found = row.find(key);
    return found == row.end() ? Row(nullptr) : *found;
}

Column text(std::string title, std::string key) {
    return {std::move(title), false, [key](const Row& row) { return plain(member(row, key)); }};
}

Column number(std::string title, std::string key) {
    return {std::move(title), true,
            [key](const Row& row) { return with_separators(plain(member(row, key))); }};
}

Column dollars(std::string title, std::string key) {
    return {std::move(title), true, [key](const Row& row) { return money(member(row, key)); }};
}

Column percent(std::string title, std::string key) {
    return {std::move(title), true, [key](const Row& row) {
                const auto bps = parse_decimal(plain(member(row, key)));
                return bps ? view::scaled(*bps, 2, 2) + " %" : std::string("-");
            }};
}

Column health(std::string title) {
    return {std::move(title), true,
            [](const Row& row) {
                if (member(row, "computable") == false) return std::string("not computable");
                const Row value = member(row, "health_factor");
                return value.is_null() ? std::string("no debt") : amount(value, 18, 4);
            },
            [](const Row& row) {
                if (member(row, "liquidatable") == true) return Tone::bad;
                if (member(row, "computable") == false) return Tone::warning;
                const auto value = parse_decimal(plain(member(row, "health_factor")));
                const bool is_at_risk = value && *value < view::at_risk_below().raw();
                return is_at_risk ? Tone::warning : Tone::plain;
            }};
}

std::string price_text(const Row& row, unsigned decimals, unsigned digits) {
    if (!row.is_object() || !row.contains("price_quote")) {
        const auto value = parse_decimal(plain(member(row, "price_raw")));
        return value ? fine(*value, decimals, digits) : "-";
    }
    const auto value = http::parse_fixed(plain(member(row, "price_usd")), 8);
    return value ? fine(*value, 8, digits) : "-";
}

Column price(std::string title) {
    return {std::move(title), true,
            [](const Row& row) { return price_text(row, row.value("price_decimals", 8U), 4); }};
}

Column state() {
    return {"state", false, [](const Row& row) { return plain(member(row, "state")); },
            [](const Row& row) {
                const std::string state = plain(member(row, "state"));
                if (state == "live" || state == "ok") return Tone::good;
                return state == "stale" ? Tone::warning : Tone::bad;
            }};
}

Column time(std::string title, std::string key) {
    return {std::move(title), false, [key](const Row& row) {
                const Row value = member(row, key);
                return value.is_number_unsigned() ? utc_time(value.get<std::uint64_t>())
                                                  : std::string("-");
            }};
}

Row dollars_of(std::int64_t cents) { return static_cast<double>(cents) / 100.0; }

int fail(std::ostream& err, const QueryError& error) {
    err << "plimsoll: " << fit_to_show(error.message) << "\n";
    return error.exit_code;
}

void tell_more(std::ostream& err, const RowSet& rows) {
    if (rows.more) err << "there are more rows; --limit says how many are shown\n";
}

}  // namespace plimsoll::query
