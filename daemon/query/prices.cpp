#include "daemon/http/params.hpp"
#include "daemon/query/columns.hpp"
#include "daemon/query/commands.hpp"
#include "daemon/query/row_files.hpp"
#include "daemon/query/snapshot_prices.hpp"

#include <algorithm>
#include <ostream>

namespace plimsoll::query {
namespace {

using view::Row;

constexpr std::size_t kBarWidth = 24;

Params only(const Options& options, std::initializer_list<const char*> names) {
    Params out;
    for (const char* name : names) out[name] = param(options.params, name);
    return out;
}

std::string origin_of(const Row& body, const Options& options) {
    return live_origin(body, param(options.params, "protocol"));
}

/// Positions of the newest snapshot, and the question in their words.
struct Stopped {
    RowSet positions;
    CollateralName name;
};
Expected<Stopped, QueryError> read_stopped(const Reader& reader, const Options& options) {
    auto rows = reader.table("positions", only(options, {"protocol"}), kAllRows);
    if (!rows) return Unexpected<QueryError>{rows.error()};
    return Stopped{std::move(*rows),
                   resolve_name(param(options.params, "collateral"), options.groups)};
}

struct HeatAnswer {
    std::vector<Row> rows;
    std::string origin;
    std::vector<std::string> unknown;
};

Expected<HeatAnswer, QueryError> read_heat(const Reader& reader, const Options& options) {
    const auto usage = [](const std::string& message) {
        return Unexpected<QueryError>{QueryError{message, kExitUsage}};
    };
    if (auto answer = reader.ask("/v1/heatmap", options.params)) {
        const auto body = Reader::accept(std::move(*answer));
        if (!body) return Unexpected<QueryError>{body.error()};
        const Row rows = member(*body, "rows");
        return HeatAnswer{{rows.begin(), rows.end()}, origin_of(*body, options), unknown_in(*body)};
    }
    http::HeatRange asked;
    for (auto [name, value] :
         {std::pair("low", &asked.low), {"high", &asked.high}, {"step", &asked.step}}) {
        const std::string given = param(options.params, name);
        if (given.empty()) continue;
        const auto parsed = http::parse_fixed(given, 8);
        if (!parsed) return usage(std::string(name) + ": " + parsed.error().message);
        *value = Usd8::from_raw(*parsed);
    }
    if (const auto fine = http::check(asked); !fine) return usage(fine.error());
    const auto stopped = read_stopped(reader, options);
    if (!stopped) return Unexpected<QueryError>{stopped.error()};
    auto rows = heat_from_positions(stopped->positions.rows, stopped->name, asked);
    if (!rows) return usage(rows.error());
    return HeatAnswer{std::move(*rows), stopped->positions.origin, stopped->positions.unknown};
}

/// A bar as long as the row's share of the largest.
Column bar(double largest) {
    return {"", false, [largest](const Row& row) {
                const Row value = member(row, "debt_usd");
                if (largest <= 0 || !value.is_number()) return std::string();
                const double share = value.get<double>() / largest;
                auto size = static_cast<std::size_t>(share * static_cast<double>(kBarWidth));
                if (size == 0 && value.get<double>() > 0) size = 1;
                std::string out;
                for (std::size_t i = 0; i < size; ++i) out += "█";
                return out;
            }};
}

Column step_column() {
    return {"price USD", true, [](const Row& row) {
                return with_separators(plain(member(row, "low"))) + " – " +
                       with_separators(plain(member(row, "high")));
            }};
}

void print_heat(std::ostream& out, const std::vector<Row>& rows, const Style& style) {
    double largest = 0;
    for (const Row& row : rows) {
        const Row debt = member(row, "debt_usd");
        if (debt.is_number()) largest = std::max(largest, debt.get<double>());
    }
    // From high to low, as prices are drawn; each protocol by itself.
    for (std::size_t begin = 0; begin < rows.size();) {
        std::size_t end = begin;
        const Row protocol = member(rows[begin], "protocol");
        while (end < rows.size() && member(rows[end], "protocol") == protocol) ++end;
        std::vector<Row> part(rows.begin() + static_cast<std::ptrdiff_t>(begin),
                              rows.begin() + static_cast<std::ptrdiff_t>(end));
        std::reverse(part.begin(), part.end());
        out << (begin == 0 ? "" : "\n") << plain(member(part[0], "collateral")) << " on "
            << plain(protocol) << ", in the price of "
            << fit_to_show(plain(member(part[0], "leader"))) << ", now "
            << with_separators(plain(member(part[0], "price"))) << " USD; coverage "
            << plain(member(part[0], "coverage")) << ", state " << plain(member(part[0], "state"))
            << ", not computable " << plain(member(part[0], "not_computable")) << "\n";
        print_table(out, part,
                    {step_column(), text("liquidates", "side"), number("positions", "positions"),
                     number("already", "liquidatable"), dollars("debt USD", "debt_usd"),
                     dollars("collateral USD", "collateral_usd"), bar(largest)},
                    style);
        begin = end;
    }
}

/// What of the flags makes no sense together; empty: it does.
std::string wrong_about_category(const Params& params) {
    const auto has = [&params](const char* name) { return !param(params, name).empty(); };
    if (!has("e_mode")) return "";
    if (has("collateral")) {
        return "--e-mode: the threshold of a category is that of all its assets; leave " +
               param(params, "collateral") +
               " out, or leave --e-mode out for the asset's own threshold";
    }
    if (!has("threshold")) {
        return "--e-mode goes with --threshold, the category's liquidation threshold in percent: "
               "--e-mode 1 --threshold 90; a price is an asset's";
    }
    return "";
}

struct ShockAnswer {
    ShockRows rows;
    std::string origin;
    std::vector<std::string> unknown;
};

Expected<ShockAnswer, QueryError> read_shock(const Reader& reader, const Options& options) {
    if (const std::string wrong = wrong_about_category(options.params); !wrong.empty()) {
        return Unexpected<QueryError>{QueryError{wrong, kExitUsage}};
    }
    Params params = options.params;
    params["limit"] = std::to_string(std::min<std::size_t>(options.limit, 1000));
    if (auto answer = reader.ask("/v1/what-if", params)) {
        const auto body = Reader::accept(std::move(*answer));
        if (!body) return Unexpected<QueryError>{body.error()};
        const Row summary = member(*body, "summary");
        const Row rows = member(*body, "rows");
        return ShockAnswer{{{summary.begin(), summary.end()}, {rows.begin(), rows.end()}},
                           origin_of(*body, options),
                           unknown_in(*body)};
    }
    if (!param(options.params, "threshold").empty()) {
        return Unexpected<QueryError>{QueryError{
            "what-if --threshold: only the running daemon can answer this; start it, or ask for "
            "--price or --change of an asset",
            kExitUnavailable}};
    }
    const auto stopped = read_stopped(reader, options);
    if (!stopped) return Unexpected<QueryError>{stopped.error()};
    auto rows =
        shock_from_positions(stopped->positions.rows, stopped->name, param(options.params, "price"),
                             param(options.params, "change"));
    if (!rows) return Unexpected<QueryError>{QueryError{rows.error(), kExitUsage}};
    if (rows->rows.size() > options.limit) rows->rows.resize(options.limit);
    return ShockAnswer{std::move(*rows), stopped->positions.origin, stopped->positions.unknown};
}

std::vector<Column> shock_columns(const Params& params) {
    const bool is_of_category = !param(params, "e_mode").empty();
    const bool is_threshold = !param(params, "threshold").empty();
    std::vector<Column> out{text("protocol", "protocol"), text("collateral", "collateral")};
    if (is_of_category) out.push_back(words("assets", "e_mode_assets"));
    out.push_back(is_threshold ? number("threshold bps", "liquidation_threshold")
                               : number("price USD", "price"));
    out.push_back(is_threshold ? number("then bps", "supposed_threshold")
                               : number("then USD", "shocked_price"));
    for (Column& column : std::vector<Column>{
             number("newly liquidatable", "positions"), dollars("debt USD", "debt_usd"),
             dollars("collateral USD", "collateral_usd"), number("already", "already"),
             number("relieved", "relieved"), number("not computable", "not_computable"), state()}) {
        out.push_back(std::move(column));
    }
    return out;
}

}  // namespace

int heatmap(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err) {
    const auto heat = read_heat(reader, options);
    if (!heat) return fail(err, heat.error());
    tell_unknown(err, heat->unknown);
    if (!options.is_for_people()) {
        print_rows(out, heat->rows, options.format);
        return 0;
    }
    err << "(" << heat->origin << ")\n";
    print_heat(out, heat->rows, options.style);
    return 0;
}

int what_if(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err) {
    const auto shock = read_shock(reader, options);
    if (!shock) return fail(err, shock.error());
    tell_unknown(err, shock->unknown);
    if (!options.is_for_people()) {
        std::vector<Row> rows;
        const auto add = [&rows](const std::vector<Row>& some, const char* kind) {
            for (const Row& row : some) rows.emplace_back(row)["row"] = kind;
        };
        add(shock->rows.summary, "summary");
        add(shock->rows.rows, "position");
        print_rows(out, rows, options.format);
        return 0;
    }
    err << "(" << shock->origin << ")\n";
    print_table(out, shock->rows.summary, shock_columns(options.params), options.style);
    if (shock->rows.rows.empty()) return 0;
    out << "\n";
    print_table(
        out, shock->rows.rows,
        {text("account", "account"), text("protocol", "protocol"), health("health factor now"),
         dollars("debt USD", "debt_usd"), dollars("collateral USD", "collateral_usd")},
        options.style);
    return 0;
}

}  // namespace plimsoll::query
