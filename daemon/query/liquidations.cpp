#include "daemon/query/columns.hpp"
#include "daemon/query/commands.hpp"
#include "daemon/query/row_files.hpp"
#include "daemon/query/sums.hpp"

#include <algorithm>
#include <ostream>
#include <set>
#include <utility>

namespace plimsoll::query {
namespace {

using view::Row;

constexpr std::uint64_t kDefaultDays = 7;

/// What the figures rest on, said with them.
struct Basis {
    Row chains = Row::array();           ///< CAIP-2 of those watched
    Row coverage = Row::object();        ///< by protocol
    Row recorded_since = Row::object();  ///< by chain's name, unix seconds
    bool is_whole = true;                ///< recording began before the first window
};

/// Of all protocols, or of the one that was asked for.
Basis basis_of(const Reader& reader, const std::vector<Window>& windows,
               const std::string& protocol) {
    Basis out;
    std::set<std::string> chains;
    if (const auto tvl = reader.table("tvl", {{"protocol", protocol}}, kAllRows)) {
        for (const Row& row : tvl->rows) {
            chains.insert(plain(member(row, "chain")));
            out.coverage[plain(member(row, "protocol"))] = member(row, "coverage");
        }
        for (const std::string& one : tvl->unknown) {
            out.coverage[one.substr(0, one.find(": "))] = nullptr;
        }
    }
    const Names names = reader.names();
    const bool is_of_all = protocol.empty() || chains.empty();
    if (is_of_all) {  // watched, though there may be no figures of it yet
        for (const Names::Chain& chain : names.chains) {
            chains.insert(chain.caip2.empty() ? chain.name : chain.caip2);
        }
    }
    for (const auto& chain : chains) out.chains.push_back(chain);
    auto since = reader.recorded_since();
    std::erase_if(since, [&](const auto& one) {
        const std::string caip2 = names.caip2_of(one.first);
        return !is_of_all && caip2 != one.first && !chains.contains(caip2);
    });
    out.is_whole = !since.empty();
    for (const auto& [chain, time] : since) {
        out.recorded_since[chain] = time;
        out.is_whole = out.is_whole && !windows.empty() && time <= windows.front().from;
    }
    return out;
}

/// The windows asked for; the error says what is wrong with the question.
Expected<std::vector<Window>, std::string> windows_of(const Options& options) {
    const std::uint64_t until = options.until.value_or(UINT64_MAX);
    if (options.window.empty()) {
        const std::uint64_t from = options.since.value_or(0);
        return std::vector<Window>{{from == 0 && !options.until ? "all" : "period", from, until}};
    }
    if (options.window == "day") {
        const std::uint64_t end = options.until.value_or(options.now + 1);
        const std::uint64_t back = kDefaultDays * 86'400;
        return days(options.since.value_or(end > back ? end - back : 0), end, options.zone);
    }
    const auto span = parse_duration(options.window);
    if (!span || *span == 0) {
        return Unexpected<std::string>{"--window takes a duration such as 24h, or day"};
    }
    if (options.since) {
        return Unexpected<std::string>{"--window " + options.window +
                                       " reaches back from --until, or from now; it does not go "
                                       "with --since"};
    }
    const std::uint64_t end = options.until.value_or(options.now + 1);
    return std::vector<Window>{{"last " + options.window, end > *span ? end - *span : 0, end}};
}

std::string minute(const Options& options, std::uint64_t at) {
    return options.zone.minute(at) + " " + options.zone.name();
}

/// Why there can be nothing in what was asked for; empty where there can.
std::string too_late(const Options& options, std::uint64_t from) {
    return begins_too_late(from, options.now, options.newest_block.has_value(), options.zone);
}

/// "to …": a window that goes on ends with the newest block.
std::string end_of(const std::vector<Window>& windows, const Options& options) {
    const std::uint64_t to = windows.back().to;
    const bool is_ahead = windows.front().from > options.now;
    if (to == UINT64_MAX) return is_ahead ? "on" : "to now";
    return "to " + minute(options, is_ahead ? to : std::min(to, options.now));
}

void print_basis(std::ostream& out, const Basis& basis, const std::vector<Window>& windows,
                 const Options& options) {
    out << "liquidations by " << options.by << ", "
        << (windows.empty() ? std::string("no window")
            : windows.front().from == 0
                ? std::string("everything recorded")
                : "from " + minute(options, windows.front().from) + " " + end_of(windows, options))
        << "\nmethod: " << kCountingMethod << "\nchains:";
    const char* separator = " ";
    for (const Row& chain : basis.chains) out << std::exchange(separator, ", ") << plain(chain);
    if (basis.chains.empty()) out << " none known";
    out << "; recorded";
    separator = " ";
    for (const auto& [chain, time] : basis.recorded_since.items()) {
        out << std::exchange(separator, ", ") << chain << " since "
            << minute(options, time.get<std::uint64_t>());
    }
    if (basis.recorded_since.empty()) out << " since an unknown time: no snapshot is kept";
    if (!basis.is_whole) out << " (the window began before)";
    out << "\ncoverage:";
    separator = " ";
    for (const auto& [protocol, coverage] : basis.coverage.items()) {
        out << std::exchange(separator, ", ") << protocol << " "
            << (coverage.is_null() ? std::string("unknown") : plain(coverage));
    }
    if (basis.coverage.empty()) out << " unknown: no figures yet";
    out << "\n";
}

std::vector<Row> sum_rows(const std::vector<LiquidationSum>& sums,
                          const std::vector<Window>& windows, const Options& options,
                          const Basis& basis) {
    std::vector<Row> out;
    for (const LiquidationSum& sum : sums) {
        const auto window = std::find_if(windows.begin(), windows.end(), [&](const Window& one) {
            return one.label == sum.window;
        });
        Row row;
        row["window"] = sum.window;
        row["from"] = window->from;
        row["to"] = window->to == UINT64_MAX ? Row(nullptr) : Row(window->to);
        row["tz"] = options.zone.name();
        row[options.by] = sum.key;
        row["events"] = sum.events;
        row["collateral_usd"] = dollars_of(sum.collateral_cents);
        row["debt_usd"] = dollars_of(sum.debt_cents);
        row["bonus_usd"] = dollars_of(sum.bonus_cents);
        row["bad_debt_usd"] = dollars_of(sum.bad_debt_cents);
        row["unpriced"] = sum.unpriced;
        row["method"] = kCountingMethod;
        row["chains"] = basis.chains;
        row["coverage"] = basis.coverage;
        row["recorded_since"] = basis.recorded_since;
        row["window_recorded_whole"] = basis.is_whole;
        out.push_back(std::move(row));
    }
    return out;
}

/// None in any window: a row for each says so, and what that rests on.
std::vector<Row> no_sums(const std::vector<Window>& windows, const Options& options,
                         const Basis& basis) {
    std::vector<LiquidationSum> sums;
    for (const Window& window : windows) sums.emplace_back().window = window.label;
    std::vector<Row> out = sum_rows(sums, windows, options, basis);
    for (Row& row : out) row[options.by] = nullptr;
    return out;
}

int print_sums(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err) {
    if (column_of(options.by).empty()) {
        return fail(err, {"--by takes asset, side, protocol or account", kExitUsage});
    }
    const auto windows = windows_of(options);
    if (!windows) return fail(err, {windows.error(), kExitUsage});
    Params params = options.params;
    if (!windows->empty()) {
        params["since"] = std::to_string(windows->front().from);
        if (windows->back().to != UINT64_MAX) params["until"] = std::to_string(windows->back().to);
    }
    const auto rows = reader.table("liquidations", params, kAllRows);
    if (!rows) return fail(err, rows.error());
    const Basis basis = basis_of(reader, *windows, param(options.params, "protocol"));
    const auto sums = sum_rows(sum_liquidations(rows->rows, column_of(options.by), *windows),
                               *windows, options, basis);
    const std::string late =
        too_late(options, windows->empty() ? options.since.value_or(0) : windows->front().from);
    tell_unknown(err, rows->unknown);
    if (!options.is_for_people()) {
        print_rows(out, sums.empty() && late.empty() ? no_sums(*windows, options, basis) : sums,
                   options.format);
        tell_late(err, late);
        return 0;
    }
    err << "(" << rows->origin << ")\n";
    print_basis(out, basis, *windows, options);
    if (sums.empty()) {
        out << "no liquidations in that time\n";
        tell_late(err, late);
        return 0;
    }
    print_table(out, sums,
                {text("window", "window"), text(options.by, options.by), number("events", "events"),
                 dollars("collateral USD", "collateral_usd"), dollars("debt USD", "debt_usd"),
                 dollars("bonus USD", "bonus_usd"), dollars("bad debt USD", "bad_debt_usd"),
                 number("unpriced", "unpriced")},
                options.style);
    return 0;
}

}  // namespace

int liquidations(const Reader& reader, const Options& options, std::ostream& out,
                 std::ostream& err) {
    if (!options.by.empty()) return print_sums(reader, options, out, err);
    if (!options.window.empty()) {
        return fail(err, {"--window sums: say --by asset, side, protocol or account", kExitUsage});
    }
    Params params = options.params;
    if (options.since) params["since"] = std::to_string(*options.since);
    if (options.until) params["until"] = std::to_string(*options.until);
    const auto rows = reader.table("liquidations", params, options.limit);
    if (!rows) return fail(err, rows.error());
    if (rows->rows.empty()) tell_late(err, too_late(options, options.since.value_or(0)));
    if (!options.is_for_people()) {
        print_rows(out, rows->rows, options.format);
        tell_more(err, *rows);
        return 0;
    }
    err << "(" << rows->origin << ")\n";
    if (rows->rows.empty()) {
        err << "no rows\n";
        return 0;
    }
    print_table(out, rows->rows,
                {time("time UTC", "block_time"), text("protocol", "protocol"),
                 text("account", "account"), text("collateral", "collateral_asset"),
                 dollars("collateral USD", "collateral_usd"), text("debt", "debt_asset"),
                 dollars("debt USD", "debt_usd"), dollars("bonus USD", "bonus_usd"),
                 text("side", "side"), text("finality", "finality"), text("tx", "tx")},
                options.style);
    tell_more(err, *rows);
    return 0;
}

}  // namespace plimsoll::query
