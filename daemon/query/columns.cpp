#include "daemon/query/columns.hpp"

#include "abi/power_of_ten.hpp"
#include "daemon/http/params.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

namespace plimsoll::query {

using view::Row;

Row member(const Row& row, const std::string& key) {
    if (!row.is_object()) return nullptr;
    const auto found = row.find(key);
    return found == row.end() ? Row(nullptr) : *found;
}

Column text(std::string title, const std::string& key) {
    return {std::move(title), false, [key](const Row& row) { return plain(member(row, key)); }};
}

Column number(std::string title, const std::string& key) {
    return {std::move(title), true,
            [key](const Row& row) { return with_separators(plain(member(row, key))); }};
}

Column dollars(std::string title, const std::string& key) {
    return {std::move(title), true, [key](const Row& row) { return money(member(row, key)); }};
}

Column percent(std::string title, const std::string& key) {
    return {std::move(title), true, [key](const Row& row) {
                const auto bps = parse_decimal(plain(member(row, key)));
                return bps ? view::scaled(*bps, 2, 2) + " %" : std::string("-");
            }};
}

Column words(std::string title, const std::string& key) {
    return {std::move(title), false, [key](const Row& row) {
                const Row list = member(row, key);
                if (!list.is_array()) return std::string("-");
                std::string out;
                for (const Row& word : list) out += (out.empty() ? "" : ", ") + plain(word);
                return out.empty() ? std::string("none") : out;
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
    const bool is_usd = !row.is_object() || !row.contains("price_quote");
    const auto value = is_usd ? parse_decimal(plain(member(row, "price_raw")))
                              : http::parse_fixed(plain(member(row, "price_usd")), 8);
    if (!value) return "-";
    const unsigned given = is_usd ? decimals : 8;
    unsigned shown = std::min(digits, given);
    // Four digits that tell something: a price of a millionth must not look like none.
    while (shown < given && U512(*value) / power_of_ten(given - shown) < 1000U) ++shown;
    return with_separators(view::scaled(*value, given, shown));
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

Column time(std::string title, const std::string& key) {
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

void tell_late(std::ostream& err, const std::string& late) {
    if (!late.empty()) err << "plimsoll: " << late << "\n";
}

void tell_unknown(std::ostream& err, const std::vector<std::string>& unknown) {
    for (const std::string& one : unknown) {
        err << "plimsoll: nothing is known just now of " << fit_to_show(one) << "\n";
    }
}

void tell_more(std::ostream& err, const RowSet& rows) {
    tell_unknown(err, rows.unknown);
    if (rows.more) err << "there are more rows; --limit says how many are shown\n";
}

}  // namespace plimsoll::query
