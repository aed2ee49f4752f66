#include "abi/address.hpp"
#include "daemon/http/alert_filter.hpp"
#include "daemon/http/names.hpp"
#include "daemon/query/columns.hpp"
#include "daemon/query/commands.hpp"
#include "daemon/query/row_files.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <ostream>
#include <set>
#include <utility>

namespace plimsoll::query {
namespace {

using view::Row;

constexpr std::array kNamed{"protocol", "chain", "rule"};

http::AlertFilter filter_of(const Params& params, const Names& names) {
    return {param(params, "severity"), param(params, "type"),
            param(params, "rule"),     names.caip2_of(param(params, "chain")),
            param(params, "protocol"), param(params, "subject")};
}

bool is_about_names(const Params& params) {
    return std::any_of(kNamed.begin(), kNamed.end(),
                       [&](const char* key) { return !param(params, key).empty(); });
}

/// What was named and is neither known nor `seen` in an alert: those of a protocol that is no
/// longer watched stay in the archive.
std::optional<std::string> wrong_name(const Params& params, const Names& names,
                                      const std::set<std::string>& seen) {
    for (const std::string key : kNamed) {
        const std::string given = param(params, key.c_str());
        if (given.empty() || seen.contains(key)) continue;
        const auto known = key == "protocol" ? names.protocols
                           : key == "chain"  ? names.chain_names()
                                             : names.rules;
        if (key == "rule" && known.empty()) continue;  // no configuration was read
        if (auto wrong = http::unknown_name(key, given, known)) return wrong;
    }
    return std::nullopt;
}

Tone tone_of(const Row& alert) {
    const std::string type = text_of(alert, "type");
    if (type.ends_with(".resolved") || type.ends_with(".retracted")) return Tone::faint;
    const std::string severity = text_of(member(alert, "data"), "severity");
    if (severity == "critical") return Tone::bad;
    return severity == "warning" ? Tone::warning : Tone::plain;
}

Column data(std::string title, const char* key) {
    return {std::move(title), false,
            [key](const Row& row) { return plain(member(member(row, "data"), key)); }};
}

}  // namespace

int alerts(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err) {
    const Names names = is_about_names(options.params) ? reader.names() : Names{};
    const http::AlertFilter filter = filter_of(options.params, names);
    if (has_address_form(filter.subject)) {
        const auto address = parse_any_address(filter.subject);
        if (!address) return fail(err, {"--subject: " + address.error().message, kExitUsage});
    }
    std::set<std::string> seen;
    const std::array<std::pair<const char*, std::string>, 3> named{
        {{"protocol", filter.protocol}, {"chain", filter.chain}, {"rule", filter.rule}}};
    const auto wants = [&](const Row& alert) {
        for (const auto& [key, wanted] : named) {
            if (text_of(member(alert, "data"), key) == wanted) seen.insert(key);
        }
        return filter.wants(alert);
    };
    const auto rows = reader.alerts(options.since.value_or(0), options.until.value_or(UINT64_MAX),
                                    options.limit, wants);
    if (!rows) return fail(err, rows.error());
    auto wrong = wrong_name(options.params, names, seen);
    if (!wrong && rows->rows.empty()) wrong = http::unknown_type(filter.type);
    if (wrong) return fail(err, {*wrong, kExitUsage});
    if (rows->rows.empty()) {
        tell_late(err, begins_too_late(options.since.value_or(0), options.now,
                                       options.newest_block.has_value(), options.zone));
    }
    if (!options.is_for_people()) {
        print_rows(out, rows->rows, options.format);
        return 0;
    }
    err << "(" << rows->origin << ")\n";
    if (rows->rows.empty()) {
        err << "no alerts\n";
        return 0;
    }
    Column severity = data("severity", "severity");
    severity.tone = tone_of;
    print_table(out, rows->rows,
                {text("time", "timestamp"), severity, text("type", "type"),
                 data("protocol", "protocol"), data("title", "title")},
                options.style);
    if (rows->more) err << "these are the newest; --limit says how many are shown\n";
    return 0;
}

}  // namespace plimsoll::query
