#include "daemon/query/commands.hpp"

#include "daemon/query/table.hpp"

#include <map>
#include <ostream>
#include <utility>

namespace plimsoll::query {
namespace {

using view::Row;

Column text(std::string title, std::string key) {
    return {std::move(title), false,
            [key](const Row& row) { return plain(row.value(key, Row())); }};
}
Column number(std::string title, std::string key) {
    return {std::move(title), true,
            [key](const Row& row) { return with_separators(plain(row.value(key, Row()))); }};
}
Column dollars(std::string title, std::string key) {
    return {std::move(title), true, [key](const Row& row) { return money(row.value(key, Row())); }};
}
Column health(std::string title) {
    return {std::move(title), true, [](const Row& row) {
                if (row.value("computable", true) == false) return std::string("not computable");
                const Row value = row.value("health_factor", Row());
                return value.is_null() ? std::string("no debt") : amount(value, 18, 4);
            }};
}
Column price(std::string title) {
    return {std::move(title), true, [](const Row& row) {
                return amount(row.value("price_raw", Row()), row.value("price_decimals", 8U), 4);
            }};
}
Column percent(std::string title, std::string key) {
    return {std::move(title), true, [key](const Row& row) {
                const auto bps = parse_decimal(plain(row.value(key, Row())));
                return bps ? view::scaled(*bps, 2, 2) + " %" : std::string("-");
            }};
}

int fail(std::ostream& err, const QueryError& error) {
    err << "plimsoll: " << error.message << "\n";
    return kExitUnavailable;
}

int show(const Reader& reader, const std::string& table, const Options& options, std::ostream& out,
         std::ostream& err, const std::vector<Column>& columns) {
    const auto rows = reader.table(table, options.params, options.limit);
    if (!rows) return fail(err, rows.error());
    if (options.json) {
        print_json_lines(out, rows->rows);
        return 0;
    }
    err << "(" << rows->origin << ")\n";
    if (rows->rows.empty()) {
        err << "no rows\n";
        return 0;
    }
    print_table(out, rows->rows, columns);
    return 0;
}

/// Price at which the position liquidates by this entry: the group's where there is one.
std::string liquidation_text(const Row& entry) {
    const Row& prices = entry["liquidation_price"];
    const unsigned decimals = entry.value("price_decimals", 8U);
    const auto one = [decimals](const Row& price) {
        return (price["side"] == "above" ? "at or above " : "at or below ") +
               amount(price["price_raw"], decimals, 2);
    };
    std::string out;
    if (!prices["alone"].is_null()) out = one(prices["alone"]);
    if (!prices["group"].is_null()) {
        out += (out.empty() ? "" : "; ") + std::string("with its group: ") +
               plain(prices["group"]["leader"]) + " " + one(prices["group"]);
    }
    return out.empty() ? "no price does" : out;
}

void print_entries(std::ostream& out, const char* title, const Row& entries) {
    if (entries.empty()) return;
    std::vector<Row> rows(entries.begin(), entries.end());
    out << title << "\n";
    print_table(
        out, rows,
        {text("  asset", "asset"),
         {"amount", true,
          [](const Row& row) { return amount(row["amount_raw"], row.value("decimals", 18U), 6); }},
         price("price USD"),
         dollars("value USD", "usd"),
         {"counts", false, [](const Row& row) { return plain(row.value("enabled", Row())); }},
         {"threshold", true,
          [](const Row& row) {
              const auto bps = parse_decimal(plain(row.value("liquidation_threshold", Row())));
              return bps ? view::scaled(*bps, 2, 2) + " %" : std::string("-");
          }},
         {"liquidated at", false, liquidation_text}});
}

void print_safe(std::ostream& out, const char* verb, const Row& amounts) {
    for (const Row& one : amounts) {
        out << "  " << verb << " " << amount(one["amount_raw"], one.value("decimals", 18U), 6)
            << " " << plain(one["asset"]) << "\n";
    }
}

void print_position(std::ostream& out, const Row& row) {
    out << plain(row["account"]) << " on " << plain(row["protocol"]) << " (" << plain(row["chain"])
        << "), block " << row["block"] << ", "
        << utc_time(row.value("block_time", std::uint64_t{0})) << " UTC, state "
        << plain(row["state"]) << "\n";
    if (row.value("computable", true) == false) {
        out << "The contract itself would revert for this account (an oracle without a price, or "
               "an "
               "overflow): no health factor, and no liquidation, until that changes.\n";
    } else {
        const Row& value = row["health_factor"];
        out << "health factor "
            << (value.is_null() ? std::string("none: no debt") : amount(value, 18, 6))
            << (row["liquidatable"] == true ? "  LIQUIDATABLE" : "") << ", collateral "
            << money(row["collateral_usd"]) << " USD, debt " << money(row["debt_usd"]) << " USD";
        if (row["e_mode"] != 0) out << ", e-mode " << row["e_mode"];
        out << "\n";
    }
    print_entries(out, "collateral", row["collateral"]);
    print_entries(out, "debt", row["debt"]);
    if (row["liquidation_time"].is_number()) {
        out << "by interest alone: liquidatable from "
            << utc_time(row["liquidation_time"].get<std::uint64_t>()) << " UTC\n";
    }
    const Row& safe = row["to_safe"];
    if (!safe["repay"].empty() || !safe["add"].empty()) {
        out << "to reach a health factor of " << amount(safe["target"], 18, 4) << ", any one of\n";
        print_safe(out, "repay", safe["repay"]);
        print_safe(out, "add", safe["add"]);
    }
}

struct Sum {
    std::uint64_t events = 0;
    double collateral = 0;
    double debt = 0;
    std::uint64_t unpriced = 0;
};

/// Sums by a column, with the method said.
int print_sums(const RowSet& set, const Options& options, std::ostream& out, std::ostream& err) {
    const std::map<std::string, std::string> columns{{"asset", "collateral_asset"},
                                                     {"side", "side"},
                                                     {"protocol", "protocol"},
                                                     {"account", "account"}};
    const auto column = columns.find(options.by);
    if (column == columns.end()) {
        err << "plimsoll: --by takes asset, side, protocol or account\n";
        return 64;
    }
    std::map<std::string, Sum> sums;
    for (const Row& row : set.rows) {
        Sum& sum = sums[plain(row.value(column->second, Row()))];
        ++sum.events;
        if (!row["collateral_usd"].is_number() || !row["debt_usd"].is_number()) {
            ++sum.unpriced;
            continue;
        }
        sum.collateral += row["collateral_usd"].get<double>();
        sum.debt += row["debt_usd"].get<double>();
    }
    const std::string method =
        "one row per liquidation event of the canonical chain (chain, tx, log index); USD at the "
        "protocol's oracle at the end of the event's block; events without a price are counted "
        "apart";
    std::vector<Row> rows;
    for (const auto& [name, sum] : sums) {
        Row row;
        row[options.by] = name;
        row["events"] = sum.events;
        row["collateral_usd"] = sum.collateral;
        row["debt_usd"] = sum.debt;
        row["unpriced"] = sum.unpriced;
        row["since"] = options.since;
        row["method"] = method;
        rows.push_back(std::move(row));
    }
    if (options.json) {
        print_json_lines(out, rows);
        return 0;
    }
    err << "(" << set.origin << "; since "
        << (options.since == 0 ? "the first round" : utc_time(options.since) + " UTC")
        << ")\nmethod: " << method << "\n";
    print_table(out, rows,
                {text(options.by, options.by), number("events", "events"),
                 dollars("collateral USD", "collateral_usd"), dollars("debt USD", "debt_usd"),
                 number("unpriced", "unpriced")});
    return 0;
}

}  // namespace

int status(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err) {
    const auto body = reader.ask("/status", {});
    if (!body) {
        return fail(err,
                    {"no daemon answers; its files are under " + reader.state_dir().string() +
                     " (`plimsoll tvl`, `positions`, `bands`, `liquidations` and `alerts` read "
                     "them); start it with `plimsoll run`"});
    }
    if (options.json) {
        out << body->dump() << "\n";
        return 0;
    }
    const auto list = [&body](const char* key) {
        const Row& rows = (*body)[key];
        return std::vector<Row>(rows.begin(), rows.end());
    };
    print_table(out, list("chains"),
                {text("chain", "name"), number("head", "head"), number("processed", "processed"),
                 number("final", "final"), number("age s", "age_seconds"),
                 number("gap", "gap_blocks"), number("reorgs", "reorgs"),
                 number("requests", "requests"), text("state", "state"), text("reason", "reason")});
    out << "\n";
    print_table(
        out, list("protocols"),
        {text("protocol", "name"),
         text("kind", "kind"),
         text("chain", "chain"),
         number("block", "block"),
         number("positions", "positions"),
         text("coverage", "coverage"),
         {"audited", true,
          [](const Row& row) { return with_separators(row["audit"]["checked"].dump()); }},
         {"mismatched", true, [](const Row& row) { return row["audit"]["mismatched"].dump(); }},
         text("state", "state"),
         text("reason", "reason")});
    for (const Row& chain : list("chains")) {
        out << "\n";
        const Row& endpoints = chain["endpoints"];
        print_table(out, std::vector<Row>(endpoints.begin(), endpoints.end()),
                    {text("endpoint of " + plain(chain["name"]), "name"), text("state", "state"),
                     number("head", "head"), number("requests", "requests"),
                     number("failures", "failures"), text("last error", "last_error")});
    }
    return 0;
}

int tvl(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err) {
    return show(reader, "tvl", options, out, err,
                {text("protocol", "protocol"), text("chain", "chain"), number("block", "block"),
                 dollars("supplied USD", "supplied_usd"), dollars("borrowed USD", "borrowed_usd"),
                 dollars("TVL USD", "tvl_usd"), number("borrowers", "borrowers"),
                 number("at risk", "positions_at_risk"), number("liquidatable", "liquidatable"),
                 dollars("bad debt USD", "bad_debt_usd"), text("coverage", "coverage"),
                 text("state", "state")});
}

int markets(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err) {
    return show(reader, "markets", options, out, err,
                {text("protocol", "protocol"), text("asset", "asset"), price("price"),
                 dollars("supplied USD", "supplied_usd"), dollars("borrowed USD", "borrowed_usd"),
                 percent("LTV", "ltv"), percent("threshold", "liquidation_threshold"),
                 text("paused", "paused"), text("frozen", "frozen"),
                 text("coverage", "market_coverage"), text("state", "state")});
}

int positions(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err) {
    return show(reader, "positions", options, out, err,
                {text("account", "account"), text("protocol", "protocol"), health("health factor"),
                 text("liquidatable", "liquidatable"), dollars("collateral USD", "collateral_usd"),
                 dollars("debt USD", "debt_usd"), text("watch", "watch"), text("state", "state")});
}

int bands(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err) {
    return show(
        reader, "bands", options, out, err,
        {text("band", "band"), text("collateral", "collateral"), text("protocol", "protocol"),
         number("low", "low"), number("high", "high"), number("price", "price"),
         number("distance %", "distance_pct"), number("positions", "positions"),
         dollars("collateral USD", "collateral_usd"), dollars("debt USD", "debt_usd"),
         text("approached", "approached"), text("state", "state")});
}

int explain(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err) {
    const auto rows = reader.table("positions", options.params, options.limit);
    if (!rows) return fail(err, rows.error());
    if (options.json) {
        print_json_lines(out, rows->rows);
        return 0;
    }
    err << "(" << rows->origin << ")\n";
    for (const Row& row : rows->rows) print_position(out, row);
    if (rows->rows.empty()) {
        err << "no debt of this account in the protocols watched\n";
    }
    return 0;
}

int liquidations(const Reader& reader, const Options& options, std::ostream& out,
                 std::ostream& err) {
    Options asked = options;
    if (!options.by.empty()) asked.limit = 1'000'000;
    if (options.since != 0) asked.params["since"] = std::to_string(options.since);
    if (!options.by.empty()) {
        const auto rows = reader.table("liquidations", asked.params, asked.limit);
        if (!rows) return fail(err, rows.error());
        return print_sums(*rows, options, out, err);
    }
    return show(
        reader, "liquidations", asked, out, err,
        {{"time UTC", false,
          [](const Row& row) { return utc_time(row.value("block_time", std::uint64_t{0})); }},
         text("protocol", "protocol"),
         text("account", "account"),
         text("collateral", "collateral_asset"),
         dollars("collateral USD", "collateral_usd"),
         text("debt", "debt_asset"),
         dollars("debt USD", "debt_usd"),
         dollars("bonus USD", "bonus_usd"),
         text("side", "side"),
         text("finality", "finality"),
         text("tx", "tx")});
}

int alerts(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err) {
    const auto rows = reader.alerts(options.since, options.limit);
    if (!rows) return fail(err, rows.error());
    if (options.json) {
        print_json_lines(out, rows->rows);
        return 0;
    }
    const auto data = [](const char* key) {
        return [key](const Row& row) { return plain(row["data"].value(key, Row())); };
    };
    err << "(" << rows->origin << ")\n";
    print_table(out, rows->rows,
                {text("time", "timestamp"),
                 {"severity", false, data("severity")},
                 text("type", "type"),
                 {"subject", false, data("subject")},
                 {"title", false, data("title")}});
    return 0;
}

int snapshot_now(const Reader& reader, const Options& options, std::ostream& out,
                 std::ostream& err) {
    const auto done = reader.command("/control/snapshot");
    if (!done) return fail(err, done.error());
    if (options.json) {
        out << done->dump() << "\n";
    } else {
        out << "snapshot of " << plain(done->value("chains", Row())) << " chain(s) written; see "
            << (reader.state_dir() / "snapshots" / "latest.json").string() << "\n";
    }
    return 0;
}

}  // namespace plimsoll::query
