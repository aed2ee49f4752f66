#include "daemon/http/alert_filter.hpp"
#include "daemon/http/names.hpp"
#include "daemon/query/columns.hpp"
#include "daemon/query/commands.hpp"

#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace plimsoll::query {
namespace {

using view::Row;

std::string time_text(const Row& row, const char* key) {
    const Row& value = member(row, key);
    return value.is_number_integer() ? utc_time(value.get<std::uint64_t>()) : "-";
}

Column time_column(std::string title, const char* key) {
    return {std::move(title), false, [key](const Row& row) { return time_text(row, key); }};
}

Column joined(std::string title, const char* key) {
    return {std::move(title), false, [key](const Row& row) {
                std::string out;
                for (const Row& one : member(row, key)) {
                    out += (out.empty() ? "" : " ") + plain(one);
                }
                return out;
            }};
}

std::vector<Column> outbox_columns() {
    return {text("sink", "sink"),
            text("id", "id"),
            text("type", "type"),
            text("severity", "severity"),
            text("state", "state"),
            number("attempts", "attempts"),
            time_column("committed", "created"),
            text("reason", "reason"),
            text("error", "error")};
}

/// Rows for people or for programs.
int show_rows(const Row& answer, const Options& options, const std::vector<Column>& columns,
              const char* none, std::ostream& out, std::ostream& err) {
    const Row found = member(answer, "rows");
    const std::vector<Row> rows(found.begin(), found.end());
    if (!options.is_for_people()) {
        print_rows(out, rows, options.format);
    } else if (rows.empty()) {
        err << none << "\n";
    } else {
        print_table(out, rows, columns, options.style);
    }
    return 0;
}

int usage(std::ostream& err, const std::string& message) {
    err << "plimsoll: " << message << "\n";
    return kExitUsage;
}

/// The one word that is needed; none after telling.
bool take_word(const Options& options, const char* name, Params& params, std::ostream& err) {
    if (options.words.size() > 1) {
        usage(err, "one " + std::string(name) + " at a time");
        return false;
    }
    if (!options.words.empty()) params[name] = options.words.front();
    return true;
}

std::optional<std::string> unknown_value(const std::string& label, const std::string& value,
                                         const Names& names) {
    if (value.find('*') != std::string::npos) return std::nullopt;
    if (label == "type") return http::unknown_type(value);
    if (label == "severity") {
        static const std::vector<std::string> kSeverities{"info", "warning", "critical"};
        return http::unknown_name(label, value, kSeverities);
    }
    if (label == "rule" && !names.rules.empty())
        return http::unknown_name(label, value, names.rules);
    if (label == "chain") return http::unknown_name(label, value, names.chain_names());
    if (label == "protocol") return http::unknown_name(label, value, names.protocols);
    return std::nullopt;
}

/// The matcher of a silence with a chain by its CAIP-2, as alerts name it. Says when it names what
/// is not known here: such a silence holds nothing back.
std::string matcher_of(const std::string& word, const Names& names, std::ostream& err) {
    const std::size_t equals = word.find('=');
    const bool is_not = equals != std::string::npos && equals > 0 && word[equals - 1] == '!';
    const std::string label = word.substr(0, is_not ? equals - 1 : equals);
    if (equals == std::string::npos) return word;
    const std::string value = word.substr(equals + 1);
    if (const auto wrong = unknown_value(label, value, names)) err << "note: " << *wrong << "\n";
    return word.substr(0, equals + 1) + (label == "chain" ? names.caip2_of(value) : value);
}

}  // namespace

int outbox(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err) {
    Params params = options.params;
    if (!take_word(options, "id", params, err)) return kExitUsage;
    if (options.since) params["since"] = std::to_string(*options.since);
    if (options.action == "list" || options.has_limit) {
        params["limit"] = std::to_string(options.limit);
    }
    if (options.action == "show") params = {{"id", params["id"]}};
    const auto done = reader.operate("outbox/" + options.action, params, options.now);
    if (!done) return fail(err, done.error());
    if (options.action == "list") {
        return show_rows(*done, options, outbox_columns(), "no messages", out, err);
    }
    if (!options.is_for_people()) {
        print_json_line(out, *done);
        return 0;
    }
    if (options.action != "show") {
        out << plain(member(*done, "changed")) << " message(s) "
            << (options.action == "retry" ? "wait again" : "dropped") << "\n";
        return 0;
    }
    Row alerts = member(*done, "alerts");
    if (!alerts.is_array()) alerts = Row::array({member(*done, "alert")});
    for (const Row& alert : alerts) {
        const Row& data = member(alert, "data");
        out << plain(member(data, "title")) << "\n" << plain(member(data, "text")) << "\n\n";
    }
    if (member(*done, "muted_by").is_string()) {
        out << "held back by " << plain(member(*done, "muted_by")) << "\n";
    }
    const Row told = member(*done, "sinks");
    const std::vector<Row> rows(told.begin(), told.end());
    print_table(out, rows, outbox_columns(), options.style);
    return 0;
}

int silence(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err) {
    Params params = options.params;
    if (options.action == "add") {
        const Names names = reader.names();
        for (const std::string& word : options.words) {
            params["matchers"] += matcher_of(word, names, err) + "\n";
        }
        const auto seconds = parse_duration(params["for"]);
        if (!seconds) return usage(err, "--for is needed: how long, such as 90s, 30m, 2h or 7d");
        params["for"] = std::to_string(*seconds);
    } else {
        params.clear();
        if (!take_word(options, "id", params, err)) return kExitUsage;
    }
    const auto done = reader.operate("silence/" + options.action, params, options.now);
    if (!done) return fail(err, done.error());
    if (options.action == "list") {
        return show_rows(*done, options,
                         {text("id", "id"), text("state", "state"), joined("matchers", "matchers"),
                          time_column("starts", "starts"), time_column("ends", "ends"),
                          text("by", "by"), text("why", "why")},
                         "no silences", out, err);
    }
    if (!options.is_for_people()) {
        print_json_line(out, *done);
    } else {
        out << plain(member(*done, "id")) << " "
            << (options.action == "add" ? "holds until " : "ended ") << time_text(*done, "ends")
            << " UTC\n";
    }
    return 0;
}

int sink(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err) {
    Params params;
    if (!take_word(options, "name", params, err)) return kExitUsage;
    if (params.empty()) return usage(err, "which sink? give its name");
    const bool is_test = options.action == "test";
    const auto done = is_test ? reader.command("/control/sink/test", params)
                              : reader.operate("sink/enable", params, options.now);
    if (!done) return fail(err, done.error());
    if (!options.is_for_people()) {
        print_json_line(out, *done);
    } else {
        out << params["name"] << (is_test ? " took the test message\n" : " is used again\n");
    }
    return 0;
}

}  // namespace plimsoll::query
