#include "daemon/http/alert_filter.hpp"
#include "daemon/query/columns.hpp"
#include "daemon/query/commands.hpp"
#include "daemon/query/row_files.hpp"

#include <ostream>

namespace plimsoll::query {
namespace {

using view::Row;

http::AlertFilter filter_of(const Params& params) {
    return {param(params, "severity"), param(params, "type"),     param(params, "rule"),
            param(params, "chain"),    param(params, "protocol"), param(params, "subject")};
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
    const http::AlertFilter filter = filter_of(options.params);
    const auto rows =
        reader.alerts(options.since.value_or(0), options.until.value_or(UINT64_MAX), options.limit,
                      [&filter](const Row& alert) { return filter.wants(alert); });
    if (!rows) return fail(err, rows.error());
    if (options.json) {
        print_json_lines(out, rows->rows);
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
