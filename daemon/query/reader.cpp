#include "daemon/query/reader.hpp"

#include "abi/address.hpp"
#include "daemon/http/query.hpp"

#include <httplib.h>

#include <algorithm>
#include <fstream>
#include <utility>

namespace plimsoll::query {
namespace {

namespace fs = std::filesystem;
using view::Row;

constexpr time_t kConnectSeconds = 2;
constexpr time_t kReadSeconds = 60;

Unexpected<QueryError> fail(std::string message) {
    return Unexpected<QueryError>{QueryError{std::move(message)}};
}

httplib::Client client_of(const fs::path& socket) {
    httplib::Client client(socket.string(), 80);
    client.set_address_family(AF_UNIX);
    client.set_connection_timeout(kConnectSeconds);
    client.set_read_timeout(kReadSeconds);
    return client;
}

std::string with_params(const std::string& path, const Params& params) {
    std::string out = path;
    char separator = '?';
    for (const auto& [name, value] : params) {
        if (value.empty()) continue;
        out += separator + name + "=" + httplib::detail::encode_query_param(value);
        separator = '&';
    }
    return out;
}

std::string text_of(const Row& row, const char* key) {
    const auto found = row.find(key);
    return found != row.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The filters of `/v1/positions` and the tables, on rows read from files.
class FileFilter {
  public:
    explicit FileFilter(const Params& params) : params_(params) {
        if (const auto text = param("max_health_factor"); !text.empty()) {
            if (const auto value = http::parse_fixed(text, 18)) below_ = *value;
        }
        if (param("at_risk") == "true") below_ = view::at_risk_below().raw();
        if (const auto address = parse_address(param("account"))) account_ = to_checksum(*address);
        if (const auto since = param("since"); !since.empty()) since_ = std::stoull(since);
    }
    bool wants(const Row& row) const {
        if (!param("protocol").empty() && text_of(row, "protocol") != param("protocol"))
            return false;
        if (!account_.empty() && text_of(row, "account") != account_) return false;
        if (since_ != 0 && row.value("block_time", std::uint64_t{0}) < since_) return false;
        if (!below_) return true;
        if (row.contains("computable") && row["computable"] == false) return true;
        const auto health = parse_decimal(text_of(row, "health_factor"));
        return health && *health <= *below_;
    }

  private:
    std::string param(const char* name) const {
        const auto found = params_.find(name);
        return found == params_.end() ? std::string() : found->second;
    }
    const Params& params_;
    std::optional<U256> below_;
    std::string account_;
    std::uint64_t since_ = 0;
};

bool add_lines(const fs::path& path, const FileFilter& filter, std::vector<Row>& rows) {
    std::ifstream in(path);
    if (!in) return false;
    for (std::string line; std::getline(in, line);) {
        Row row = Row::parse(line, nullptr, false);
        if (row.is_object() && filter.wants(row)) rows.push_back(std::move(row));
    }
    return true;
}

/// Every file of the table, oldest first: rows of events are spread over all runs.
std::vector<fs::path> all_files(const fs::path& folder) {
    std::vector<fs::path> out;
    std::error_code error;
    for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
        const auto& path = entry.path();
        if (path.extension() == ".jsonl" && path.filename().string().front() != '.') {
            out.push_back(path);
        }
    }
    std::sort(out.begin(), out.end());
    return out;
}

}  // namespace

std::optional<Row> Reader::ask(const std::string& path, const Params& params) const {
    auto client = client_of(socket_);
    const auto answer = client.Get(with_params(path, params).c_str());
    if (!answer) return std::nullopt;
    Row body = Row::parse(answer->body, nullptr, false);
    if (body.is_discarded()) return std::nullopt;
    return body;
}

Expected<Row, QueryError> Reader::command(const std::string& path) const {
    auto client = client_of(socket_);
    const auto answer = client.Post(path.c_str());
    if (!answer) {
        return fail("no daemon answers on " + socket_.string() +
                    "; start it with `plimsoll run`, or name its --config or --state-dir");
    }
    Row body = Row::parse(answer->body, nullptr, false);
    if (answer->status != 200) {
        return fail(body.is_object() ? text_of(body, "error") : "the daemon refused");
    }
    return body;
}

Expected<RowSet, QueryError> Reader::table(const std::string& table, const Params& params,
                                           std::size_t limit) const {
    RowSet out;
    Params page = params;
    if (table == "positions" || table == "liquidations") {
        page["limit"] = std::to_string(std::min<std::size_t>(limit, 1000));
    }
    auto body = ask("/v1/" + table, page);
    if (!body) return from_files(table, params, limit);
    for (;;) {
        if (body->contains("error")) return fail(text_of(*body, "error"));
        for (auto& row : (*body)["rows"]) out.rows.push_back(std::move(row));
        const auto& next = (*body)["next"];
        if (!next.is_string() || out.rows.size() >= limit) break;
        page["cursor"] = next.get<std::string>();
        body = ask("/v1/" + table, page);
        if (!body) return fail("the daemon stopped answering");
    }
    if (out.rows.size() > limit) out.rows.resize(limit);
    out.live = true;
    out.origin = "running daemon";
    if ((*body)["block"].is_object()) {
        out.origin += ", block " + std::to_string((*body)["block"]["number"].get<std::uint64_t>());
    }
    return out;
}

Expected<RowSet, QueryError> Reader::from_files(const std::string& table, const Params& params,
                                                std::size_t limit) const {
    const fs::path folder = state_dir_ / "snapshots";
    std::ifstream in(folder / "latest.json");
    const Row latest = Row::parse(in, nullptr, false);
    if (latest.is_discarded() || !latest.contains("chains")) {
        return fail("no daemon answers and there is no snapshot yet under " + folder.string() +
                    "; start one with `plimsoll run`");
    }
    const FileFilter filter(params);
    RowSet out;
    out.origin = "the daemon is not running; newest snapshot:";
    for (const auto& [chain, run] : latest["chains"].items()) {
        out.origin +=
            " " + chain + " at block " + std::to_string(run.value("block", std::uint64_t{0}));
        if (table == "liquidations") continue;
        if (!run.contains("files") || !run["files"].contains(table)) continue;
        for (const auto& path : run["files"][table]) {
            if (!path.is_string() ||
                !add_lines(folder / path.get<std::string>(), filter, out.rows)) {
                return fail("a file named in " + (folder / "latest.json").string() + " is missing");
            }
        }
    }
    if (table == "liquidations") {
        for (const auto& path : all_files(folder / "table=liquidations")) {
            add_lines(path, filter, out.rows);
        }
    }
    if (out.rows.size() > limit) out.rows.resize(limit);
    return out;
}

Expected<RowSet, QueryError> Reader::alerts(std::uint64_t since, std::size_t limit) const {
    RowSet out;
    const fs::path folder = state_dir_ / "alerts";
    if (!fs::exists(folder)) return fail("no alerts yet under " + folder.string());
    const Params none;
    const FileFilter all(none);
    for (const auto& path : all_files(folder)) add_lines(path, all, out.rows);
    std::erase_if(out.rows, [since](const Row& row) {
        return row.contains("data") &&
               row["data"].value("/block/time"_json_pointer, std::uint64_t{0}) < since;
    });
    if (out.rows.size() > limit) {
        out.rows.erase(out.rows.begin(), out.rows.end() - static_cast<std::ptrdiff_t>(limit));
    }
    out.origin = folder.string();
    return out;
}

}  // namespace plimsoll::query
