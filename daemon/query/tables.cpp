#include "daemon/query/columns.hpp"
#include "daemon/query/commands.hpp"
#include "daemon/query/row_files.hpp"
#include "daemon/query/totals.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

namespace plimsoll::query {
namespace {

using view::Row;

int show(const Expected<RowSet, QueryError>& rows, const Options& options, std::ostream& out,
         std::ostream& err, const std::vector<Column>& columns) {
    if (!rows) return fail(err, rows.error());
    if (!options.is_for_people()) {
        print_rows(out, rows->rows, options.format);
        tell_more(err, *rows);
        return 0;
    }
    err << "(" << rows->origin << ")\n";
    if (rows->rows.empty()) {
        err << "no rows\n";
    } else {
        print_table(out, rows->rows, columns, options.style);
    }
    tell_more(err, *rows);
    return 0;
}

int show(const Reader& reader, const std::string& table, const Options& options, std::ostream& out,
         std::ostream& err, const std::vector<Column>& columns) {
    return show(reader.table(table, options.params, options.limit), options, out, err, columns);
}

/// What cannot be computed first, then by health factor.
bool is_nearer_to_the_line(const Row& a, const Row& b) {
    const auto health = [](const Row& row) {
        const auto value = parse_decimal(plain(member(row, "health_factor")));
        const bool is_unknown = member(row, "computable") == false;
        return is_unknown ? U256(0) : value ? *value : u256_max();
    };
    return health(a) < health(b);
}

/// Those who ask for risk get the riskiest first, of all there are.
Expected<RowSet, QueryError> by_risk(const Reader& reader, const Options& options) {
    auto rows = reader.table("positions", options.params, kAllRows);
    if (!rows) return rows;
    std::stable_sort(rows->rows.begin(), rows->rows.end(), is_nearer_to_the_line);
    rows->more = rows->rows.size() > options.limit;
    if (rows->more) rows->rows.resize(options.limit);
    return rows;
}

std::vector<Row> list(const Row& body, const char* key) {
    const Row rows = member(body, key);
    return {rows.begin(), rows.end()};
}

/// Price at which the position liquidates by this entry: the group's where there is one.
std::string liquidation_text(const Row& entry) {
    const Row prices = member(entry, "liquidation_price");
    const unsigned decimals = entry.value("price_decimals", 8U);
    const auto one = [decimals](const Row& price) {
        return (member(price, "side") == "above" ? "at or above " : "at or below ") +
               price_text(price, price.value("price_decimals", decimals), 2);
    };
    std::string out;
    if (const Row alone = member(prices, "alone"); !alone.is_null()) out = one(alone);
    if (const Row group = member(prices, "group"); !group.is_null()) {
        out += (out.empty() ? "" : "; ") + std::string("with its group: ") +
               plain(member(group, "leader")) + " " + one(group);
    }
    if (!out.empty()) return out;
    return member(entry, "computable") == false ? "not known" : "no price does";
}

void print_entries(std::ostream& out, const char* title, const Row& entries, bool is_computable,
                   const Style& style) {
    if (entries.empty()) return;
    std::vector<Row> rows(entries.begin(), entries.end());
    for (Row& row : rows) row["computable"] = is_computable;
    out << title << "\n";
    print_table(out, rows,
                {text("asset", "asset"),
                 {"amount", true,
                  [](const Row& row) {
                      return amount(member(row, "amount_raw"), row.value("decimals", 18U), 6);
                  }},
                 price("price USD"),
                 dollars("value USD", "usd"),
                 text("counts", "enabled"),
                 percent("threshold", "liquidation_threshold"),
                 {"liquidated at", false, liquidation_text}},
                style);
}

void print_safe(std::ostream& out, const char* verb, const Row& amounts) {
    for (const Row& one : amounts) {
        if (plain(member(one, "amount_raw")) == "0") continue;  // there already
        out << "  " << verb << " "
            << amount(member(one, "amount_raw"), one.value("decimals", 18U), 6) << " "
            << fit_to_show(plain(member(one, "asset"))) << "\n";
    }
}

/// Of a kind whose own view judges by the markets as they were last accrued, while the health
/// factor is with interest up to the block: what that view answers.
void print_contract_view(std::ostream& out, const Row& row) {
    const Row view = member(row, "contract_view");
    if (!row.contains("stored_health_factor") || !view.is_object()) return;
    out << "the contract's own view:";
    for (const auto& [name, value] : view.items()) out << " " << name << " " << plain(value);
    const Row stored = member(row, "stored_health_factor");
    if (stored.is_string()) {
        out << "; health factor " << amount(stored, 18, 6) << " as of the last accruals";
    }
    out << "\n";
}

/// What a liquidator may do now.
void print_offers(std::ostream& out, const Row& row) {
    constexpr std::size_t kMost = 5;
    const Row offers = member(row, "liquidation_offers");
    if (!offers.is_array()) return;
    if (offers.empty()) {
        out << "no liquidation is let through now: a market is paused or cannot accrue, or too "
               "little would be left\n";
        return;
    }
    out << "one call of a liquidator can, at most,\n";
    for (std::size_t i = 0; i < std::min(offers.size(), kMost); ++i) {
        const auto side = [&offer = offers[i]](const std::string& name) {
            return amount(member(offer, name + "_raw"), offer.value(name + "_decimals", 18U), 6) +
                   " " + fit_to_show(plain(member(offer, name + "_asset"))) + " (" +
                   money(member(offer, name + "_usd")) + " USD)";
        };
        out << "  repay " << side("debt") << " and take " << side("collateral") << "\n";
    }
    if (offers.size() > kMost) out << "  or " << offers.size() - kMost << " other pairs\n";
}

void print_position(std::ostream& out, const Row& row, const Style& style) {
    out << plain(member(row, "account")) << " on " << plain(member(row, "protocol")) << " ("
        << plain(member(row, "chain")) << "), block "
        << with_separators(plain(member(row, "block"))) << ", "
        << utc_time(row.value("block_time", std::uint64_t{0})) << " UTC, state "
        << plain(member(row, "state")) << "\n";
    if (member(row, "computable") == false) {
        out << "The contract itself cannot judge this account (an oracle without a price, or an "
               "overflow): no health factor, and no liquidation, until that changes.\n";
    } else {
        const Row value = member(row, "health_factor");
        out << "health factor "
            << (value.is_null() ? std::string("none: no debt") : amount(value, 18, 6))
            << (member(row, "liquidatable") == true ? "  LIQUIDATABLE" : "") << ", collateral "
            << money(member(row, "collateral_usd")) << " USD, debt "
            << money(member(row, "debt_usd")) << " USD";
        const Row e_mode = member(row, "e_mode");
        if (e_mode.is_number() && e_mode != 0) out << ", e-mode " << e_mode.dump();
        out << "\n";
    }
    print_contract_view(out, row);
    const bool is_computable = member(row, "computable") != false;
    print_entries(out, "collateral", member(row, "collateral"), is_computable, style);
    print_entries(out, "debt", member(row, "debt"), is_computable, style);
    print_offers(out, row);
    if (const Row time = member(row, "liquidation_time"); time.is_number_unsigned()) {
        out << "by interest alone: liquidatable from " << utc_time(time.get<std::uint64_t>())
            << " UTC\n";
    }
    const Row safe = member(row, "to_safe");
    const Row repay = member(safe, "repay");
    const Row add = member(safe, "add");
    const auto is_needed = [](const Row& amounts) {
        return std::any_of(amounts.begin(), amounts.end(),
                           [](const Row& one) { return plain(member(one, "amount_raw")) != "0"; });
    };
    if (is_needed(repay) || is_needed(add)) {
        out << "to reach a health factor of " << amount(member(safe, "target"), 18, 4)
            << ", any one of\n";
        print_safe(out, "repay", repay);
        print_safe(out, "add", add);
    }
}

Column inside(std::string title, const char* object, const char* key) {
    return {std::move(title), true, [object, key](const Row& row) {
                return with_separators(plain(member(member(row, object), key)));
            }};
}

/// Of a chain without a processed block there is none.
Column block_time() {
    Column column = time("block time UTC", "block_time");
    return {column.title, false, [text = column.text](const Row& row) {
                return member(row, "processed") == 0 ? std::string("-") : text(row);
            }};
}

void print_status(std::ostream& out, const Row& body, const Style& style) {
    print_table(out, list(body, "chains"),
                {text("chain", "name"), number("head", "head"), number("processed", "processed"),
                 block_time(), number("final", "final"), number("age s", "age_seconds"),
                 number("gap", "gap_blocks"), number("reorgs", "reorgs"),
                 number("requests", "requests"), state(), text("reason", "reason")},
                style);
    out << "\n";
    print_table(out, list(body, "protocols"),
                {text("protocol", "name"), text("kind", "kind"), text("chain", "chain"),
                 number("block", "block"), number("positions", "positions"),
                 text("coverage", "coverage"), inside("audited", "audit", "checked"),
                 inside("mismatched", "audit", "mismatched"), state(), text("reason", "reason")},
                style);
    for (const Row& protocol : list(body, "protocols")) {
        const Row found = member(protocol, "found");
        if (!found.is_string()) continue;
        out << plain(member(protocol, "name")) << ": found " << fit_to_show(plain(found)) << "\n";
    }
    for (const Row& chain : list(body, "chains")) {
        const auto endpoints = list(chain, "endpoints");
        if (endpoints.empty()) continue;
        out << "\n";
        std::vector<Column> columns{text("endpoint of " + plain(member(chain, "name")), "name"),
                                    state(), number("head", "head"), number("requests", "requests"),
                                    number("failures", "failures")};
        const auto tells_offers = [](const Row& one) { return member(one, "offers").is_string(); };
        if (std::any_of(endpoints.begin(), endpoints.end(), tells_offers)) {
            columns.push_back(text("offers", "offers"));
        }
        columns.push_back(text("last error", "last_error"));
        print_table(out, endpoints, columns, style);
    }
    const auto sinks = list(body, "sinks");
    if (sinks.empty()) return;
    out << "\n";
    print_table(
        out, sinks,
        {text("sink", "name"), number("queued", "queued"), number("oldest s", "oldest_age_seconds"),
         text("circuit", "circuit"), number("delivered", "delivered"), number("dead", "dead"),
         text("last error", "last_error")},
        style);
}

/// A band over a misspelt asset would just not be there.
void tell_idle_bands(std::ostream& err, const std::vector<std::string>& configured,
                     const std::vector<Row>& rows) {
    for (const std::string& band : configured) {
        const bool is_there = std::any_of(
            rows.begin(), rows.end(), [&](const Row& row) { return text_of(row, "band") == band; });
        if (!is_there) {
            err << "band " << band
                << " has no row: no protocol that is watched lists its collateral, "
                << "or the daemon has not read it yet\n";
        }
    }
}

}  // namespace

int status(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err) {
    const auto answer = reader.ask("/status", {});
    Row body;
    if (answer && answer->status == 200) {
        body = answer->body;
    } else {
        auto last = reader.last_status();
        if (!last) return fail(err, last.error());
        body = std::move(*last);
        if (options.is_for_people()) err << "(the daemon is not running; what it left)\n";
    }
    if (!body.contains("running")) body["running"] = true;
    if (!options.is_for_people()) {
        print_json_line(out, body);
    } else {
        print_status(out, body, options.style);
    }
    return 0;
}

int tvl(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err) {
    const bool is_by_chain = options.by == "chain";
    auto rows = reader.table("tvl", options.params, is_by_chain ? kAllRows : options.limit);
    if (is_by_chain) {
        if (rows) rows->rows = chain_totals(rows->rows);
        return show(
            rows, options, out, err,
            {text("chain", "chain"), number("protocols", "protocols"),
             dollars("supplied USD", "supplied_usd"), dollars("borrowed USD", "borrowed_usd"),
             dollars("TVL USD", "tvl_usd"), number("borrowers", "borrowers"),
             number("at risk", "positions_at_risk"), number("liquidatable", "liquidatable"),
             dollars("bad debt USD", "bad_debt_usd"), state()});
    }
    return show(rows, options, out, err,
                {text("protocol", "protocol"), text("chain", "chain"), number("block", "block"),
                 dollars("supplied USD", "supplied_usd"), dollars("borrowed USD", "borrowed_usd"),
                 dollars("TVL USD", "tvl_usd"), number("borrowers", "borrowers"),
                 number("at risk", "positions_at_risk"), number("liquidatable", "liquidatable"),
                 dollars("bad debt USD", "bad_debt_usd"), text("coverage", "coverage"), state()});
}

int markets(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err) {
    return show(reader, "markets", options, out, err,
                {text("protocol", "protocol"), text("asset", "asset"), price("price USD"),
                 dollars("supplied USD", "supplied_usd"), dollars("borrowed USD", "borrowed_usd"),
                 percent("LTV", "ltv"), percent("threshold", "liquidation_threshold"),
                 percent("close factor", "close_factor"), text("paused", "paused"),
                 text("frozen", "frozen"), words("paused actions", "paused_actions"),
                 text("coverage", "market_coverage"), state()});
}

int positions(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err) {
    const bool is_about_risk =
        options.params.contains("at_risk") || (options.params.contains("max_health_factor") &&
                                               !options.params.at("max_health_factor").empty());
    return show(is_about_risk ? by_risk(reader, options)
                              : reader.table("positions", options.params, options.limit),
                options, out, err,
                {text("account", "account"), text("protocol", "protocol"), health("health factor"),
                 text("liquidatable", "liquidatable"), dollars("collateral USD", "collateral_usd"),
                 dollars("debt USD", "debt_usd"), text("watch", "watch"), state()});
}

int bands(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err) {
    const auto rows = reader.table("bands", options.params, options.limit);
    const int code =
        show(rows, options, out, err,
             {text("band", "band"), text("collateral", "collateral"), text("protocol", "protocol"),
              number("low USD", "low"), number("high USD", "high"), number("price USD", "price"),
              number("distance %", "distance_pct"), number("positions", "positions"),
              dollars("collateral USD", "collateral_usd"), dollars("debt USD", "debt_usd"),
              text("approached", "approached"), state()});
    if (rows && param(options.params, "protocol").empty() && rows->unknown.empty() && !rows->more) {
        tell_idle_bands(err, reader.bands(), rows->rows);
    }
    return code;
}

int explain(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err) {
    const auto rows = reader.table("positions", options.params, options.limit);
    if (!rows) return fail(err, rows.error());
    if (!options.is_for_people()) {
        print_rows(out, rows->rows, options.format);
        tell_more(err, *rows);
        return 0;
    }
    err << "(" << rows->origin << ")\n";
    for (const Row& row : rows->rows) print_position(out, row, options.style);
    if (rows->rows.empty()) err << "no debt of this account in the protocols watched\n";
    tell_more(err, *rows);
    return 0;
}

int backup(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err) {
    const auto done = reader.command("/control/backup");
    if (!done) return fail(err, done.error());
    if (!options.is_for_people()) {
        print_json_line(out, *done);
    } else {
        out << plain(member(*done, "file")) << "\n";
    }
    return 0;
}

int snapshot_now(const Reader& reader, const Options& options, std::ostream& out,
                 std::ostream& err) {
    const auto done = reader.command("/control/snapshot");
    if (!done) return fail(err, done.error());
    if (member(*done, "chains") == 0) {
        return fail(err, {"nothing was written: no chain has been processed yet; `plimsoll status` "
                          "shows how far the daemon is"});
    }
    const auto written = reader.latest();
    if (!written) return fail(err, written.error());
    const auto folder = reader.state_dir() / "snapshots";
    for (const auto& [chain, run] : (*written)["chains"].items()) {
        if (!options.is_for_people()) {
            Row row;
            row["chain"] = chain;
            for (const auto& [key, value] : run.items()) row[key] = value;
            print_json_line(out, row);
        } else {
            out << chain << " at block " << with_separators(plain(member(run, "block"))) << "\n";
            const Row tables = member(run, "files");
            for (const auto& [table, files] : tables.items()) {
                for (const Row& file : files) {
                    out << "  " << (folder / plain(file)).string() << "\n";
                }
            }
        }
    }
    return 0;
}

}  // namespace plimsoll::query
