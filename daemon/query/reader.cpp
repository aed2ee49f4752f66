#include "daemon/query/reader.hpp"

#include "abi/hex.hpp"
#include "daemon/http/alert_filter.hpp"
#include "daemon/http/names.hpp"
#include "daemon/http/operations.hpp"
#include "daemon/http/params.hpp"
#include "daemon/query/row_files.hpp"
#include "daemon/query/table.hpp"

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
constexpr std::size_t kPage = 1000;

Unexpected<QueryError> fail(std::string message, int exit_code = kExitUnavailable) {
    return Unexpected<QueryError>{QueryError{std::move(message), exit_code}};
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

/// What the daemon said instead of an answer.
QueryError refusal(const Answer& answer) {
    const bool is_question_wrong = answer.status == 400 || answer.status == 404;
    const std::string said = text_of(answer.body, "error");
    return {said.empty() ? "the daemon refused with status " + std::to_string(answer.status) : said,
            is_question_wrong ? kExitUsage : kExitUnavailable};
}

bool is_paged(const std::string& table) { return table == "positions" || table == "liquidations"; }

Row stopped_chain(const std::string& name, const store::ChainState& state) {
    Row row;
    row["name"] = name;
    row["head"] = nullptr;
    row["processed"] = state.tip ? Row(state.tip->number) : Row(nullptr);
    row["hash"] = state.tip ? Row(to_hex(state.tip->hash)) : Row(nullptr);
    row["block_time"] = state.tip ? Row(state.tip->time) : Row(nullptr);
    row["final"] = state.final_block ? Row(state.final_block->number) : Row(nullptr);
    row["state"] = "unknown";
    row["reason"] = "the daemon is not running";
    row["endpoints"] = Row::array();
    return row;
}

/// By its name in the configuration, as the running daemon tells it; else what the row says.
Row named_chain(const Names& names, const Row& row) {
    Row chain = row.value("chain", Row());
    for (const Names::Chain& one : names.chains) {
        if (chain == one.caip2) return one.name;
    }
    return chain;
}

}  // namespace

std::string live_origin(const Row& body, const std::string& protocol) {
    const Row none = Row::array();
    const Row& blocks = body.contains("blocks") ? body["blocks"] : none;
    std::string out = "running daemon";
    if (blocks.size() == 1 || !protocol.empty()) {
        const Row block = body.value("block", Row());
        if (block.is_object()) out += ", block " + with_separators(block["number"].dump());
        return out;
    }
    for (const Row& block : blocks) {
        out +=
            ", " + text_of(block, "chain") + " at block " + with_separators(block["number"].dump());
    }
    return out;
}

std::vector<std::string> unknown_in(const Row& body) {
    std::vector<std::string> out;
    for (const Row& one : body.value("unknown", Row::array())) {
        out.push_back(text_of(one, "protocol") + ": " + text_of(one, "reason"));
    }
    return out;
}

std::optional<Answer> Reader::ask(const std::string& path, const Params& params) const {
    auto client = client_of(socket_);
    const auto answer = client.Get(with_params(path, params).c_str());
    if (!answer) return std::nullopt;
    Row body = Row::parse(answer->body, nullptr, false);
    if (body.is_discarded()) return std::nullopt;
    return Answer{answer->status, std::move(body)};
}

Expected<Row, QueryError> Reader::accept(Answer answer) {
    if (answer.status != 200) return Unexpected<QueryError>{refusal(answer)};
    return std::move(answer.body);
}

Expected<Row, QueryError> Reader::operate(const std::string& path, const Params& params,
                                          std::uint64_t now) const {
    if (is_running()) return command("/control/" + path, params);
    const auto store = open_store();
    if (!store) {
        return fail("no daemon answers on " + socket_.string() + " and there is no store under " +
                    state_dir_.string() + "; name its --config or --state-dir");
    }
    http::Request request{path, {}};
    for (const auto& [name, value] : params) {
        if (!value.empty()) request.query.emplace(name, value);
    }
    auto done =
        http::operate(*store, request, static_cast<std::int64_t>(now) * 1000, configured_.sinks);
    if (done) return std::move(*done);
    return fail(done.error().message, done.error().status < 500 ? kExitUsage : kExitUnavailable);
}

Expected<Row, QueryError> Reader::command(const std::string& path, const Params& params) const {
    auto client = client_of(socket_);
    const auto answer = client.Post(with_params(path, params).c_str());
    if (!answer) {
        return fail("no daemon answers on " + socket_.string() +
                    "; start it with `plimsoll run`, or name its --config or --state-dir");
    }
    Row body = Row::parse(answer->body, nullptr, false);
    if (answer->status != 200) return Unexpected<QueryError>{refusal({answer->status, body})};
    return body;
}

Expected<RowSet, QueryError> Reader::table(const std::string& table, const Params& params,
                                           std::size_t limit) const {
    RowSet out;
    Params page = params;
    if (is_paged(table)) page["limit"] = std::to_string(std::clamp<std::size_t>(limit, 1, kPage));
    auto answer = ask("/v1/" + table, page);
    if (!answer && table == "liquidations") return stopped_liquidations(params, limit);
    if (!answer) return from_files(table, params, limit);
    for (;;) {
        if (answer->status != 200) return Unexpected<QueryError>{refusal(*answer)};
        for (auto& row : answer->body["rows"]) out.rows.push_back(std::move(row));
        const Row& next = answer->body["next"];
        out.more = next.is_string();
        if (!out.more || out.rows.size() >= limit) break;
        page["cursor"] = next.get<std::string>();
        answer = ask("/v1/" + table, page);
        if (!answer) return fail("the daemon stopped answering");
    }
    if (out.rows.size() > limit) {
        out.rows.resize(limit);
        out.more = true;
    }
    out.unknown = unknown_in(answer->body);
    out.live = true;
    out.origin = live_origin(answer->body, param(params, "protocol"));
    return out;
}

Expected<Row, QueryError> Reader::latest() const {
    const fs::path file = state_dir_ / "snapshots" / "latest.json";
    std::ifstream in(file);
    if (!in) {
        if (errno == EACCES) return fail(file.string() + ": not readable for you", kExitPermission);
        return fail("no daemon answers on " + socket_.string() +
                    " and there is no snapshot yet under " + file.parent_path().string() +
                    "; start one with `plimsoll run`, or name its --config or --state-dir");
    }
    Row out = Row::parse(in, nullptr, false);
    if (!out.is_object() || !out.contains("chains") || !out["chains"].is_object()) {
        return fail(file.string() + ": not what the daemon writes", kExitData);
    }
    return out;
}

/// Configured protocols of which the newest snapshot tells nothing, of all or of the one that is
/// wanted. That is an error where it leaves nobody.
Expected<std::vector<std::string>, QueryError> Reader::missing_in(const Row& runs,
                                                                  const std::string& wanted) const {
    RowSet told;
    const auto everything = RowFilter::make({});
    // Both have rows of every protocol that is known; which tables are written is configured.
    const auto is_written = [&runs](const char* table) {
        return std::ranges::any_of(runs["chains"], [table](const Row& run) {
            return run.contains("files") && run["files"].contains(table);
        });
    };
    const char* table = is_written("tvl") ? "tvl" : "markets";
    if (!is_written(table)) return std::vector<std::string>{};
    for (const auto& [chain, run] : runs["chains"].items()) {
        if (!run.contains("files") || !run["files"].contains(table)) continue;
        for (const auto& path : run["files"][table]) {
            if (!path.is_string()) continue;
            const auto file = state_dir_ / "snapshots" / path.get<std::string>();
            const auto read = add_rows(file, *everything, told.rows);
            if (!read) return Unexpected<QueryError>{read.error()};
        }
    }
    std::vector<std::string> out;
    std::size_t asked = 0;
    for (const std::string& protocol : configured_.protocols) {
        if (!wanted.empty() && protocol != wanted) continue;
        ++asked;
        const bool is_told = std::ranges::any_of(
            told.rows, [&](const Row& row) { return text_of(row, "protocol") == protocol; });
        if (!is_told) out.push_back(protocol + ": the newest snapshot tells nothing of it");
    }
    if (asked == 0 || out.size() < asked) return out;
    std::string all;
    for (const std::string& one : out) all += (all.empty() ? "" : "; ") + one;
    return fail("nothing is known just now of " + all);
}

Expected<RowSet, QueryError> Reader::from_files(const std::string& table, const Params& params,
                                                std::size_t limit) const {
    const fs::path folder = state_dir_ / "snapshots";
    const auto runs = latest();
    if (!runs) return Unexpected<QueryError>{runs.error()};
    const auto filter = RowFilter::make(params);
    if (!filter) return fail(filter.error(), kExitUsage);
    RowSet out;
    out.origin = "the daemon is not running; newest snapshot";
    const char* separator = ": ";
    for (const auto& [chain, run] : (*runs)["chains"].items()) {
        out.origin += std::exchange(separator, ", ") + chain + " at block " +
                      with_separators(run.value("block", Row(0)).dump());
        if (!run.contains("files") || !run["files"].contains(table)) continue;
        for (const auto& path : run["files"][table]) {
            if (!path.is_string())
                return fail("latest.json: not what the daemon writes", kExitData);
            const auto read = add_rows(folder / path.get<std::string>(), *filter, out.rows);
            if (!read) return Unexpected<QueryError>{read.error()};
        }
    }
    if (auto unknown = missing_in(*runs, param(params, "protocol"))) {
        out.unknown = std::move(*unknown);
    } else {
        return Unexpected<QueryError>{unknown.error()};
    }
    for (Row& row : out.rows) let_age(row, configured_.stale_after(text_of(row, "chain")), now_);
    // In the order in which the daemon tells them.
    const auto& order = configured_.protocols;
    std::ranges::stable_sort(out.rows, {}, [&order](const Row& row) {
        return std::ranges::find(order, text_of(row, "protocol")) - order.begin();
    });
    return first_of(std::move(out), params, limit);
}

/// From the store, which has them all; where it cannot be opened from the snapshots' files.
Expected<RowSet, QueryError> Reader::stopped_liquidations(const Params& params,
                                                          std::size_t limit) const {
    const auto filter = RowFilter::make(params);
    if (!filter) return fail(filter.error(), kExitUsage);
    RowSet out;
    if (const auto store = open_store()) {
        out.origin = "the daemon is not running; its store";
        for (const std::string& chain : chain_names()) {
            const auto rows = store->liquidations(chain, 0, kAllRows);
            if (!rows) return fail(rows.error().message, kExitIo);
            const auto state = store->chain_state(chain);
            const bool has_final = state && state->final_block;
            for (const auto& row : *rows) {
                Row one = Row::parse(row.row, nullptr, false);
                if (!one.is_object() || !filter->wants(one)) continue;
                if (has_final && row.block <= state->final_block->number) {
                    one["finality"] = "finalized";
                }
                out.rows.push_back(std::move(one));
            }
        }
    } else {
        if (const auto runs = latest(); !runs) return Unexpected<QueryError>{runs.error()};
        out.origin = "the daemon is not running; files of its snapshots";
        for (const auto& path : files_under(state_dir_ / "snapshots" / "table=liquidations")) {
            const auto read = add_rows(path, *filter, out.rows);
            if (!read) return Unexpected<QueryError>{read.error()};
        }
    }
    if (const auto runs = latest()) {
        auto unknown = missing_in(*runs, param(params, "protocol"));
        if (unknown) {
            out.unknown = std::move(*unknown);
        } else if (out.rows.empty()) {
            return Unexpected<QueryError>{unknown.error()};
        }
    }
    return first_of(std::move(out), params, limit);
}

/// The first `limit` rows. No rows of a protocol that nobody knows are an error.
Expected<RowSet, QueryError> Reader::first_of(RowSet all, const Params& params,
                                              std::size_t limit) const {
    if (const std::string protocol = param(params, "protocol");
        all.rows.empty() && !protocol.empty()) {
        const auto wrong = http::unknown_name("protocol", protocol, names().protocols);
        if (wrong) return fail(*wrong, kExitUsage);
    }
    all.more = all.rows.size() > limit;
    if (all.more) all.rows.resize(limit);
    return all;
}

Expected<RowSet, QueryError> Reader::alerts(std::uint64_t since, std::uint64_t until) const {
    RowSet out;
    const auto keep = [&](Row row) {
        const std::uint64_t at = time_of_alert(row);
        if (row.is_object() && at >= since && at < until) out.rows.push_back(std::move(row));
    };
    const fs::path folder = state_dir_ / "alerts";
    std::error_code error;
    if (fs::exists(folder, error)) {
        out.origin = folder.string();
        for (const auto& path : files_under(folder)) {
            if (is_day_before(path, since)) continue;
            const auto read = for_each_line(path, keep);
            if (!read) return Unexpected<QueryError>{read.error()};
        }
        return out;
    }
    Params page{{"since", std::to_string(since)}, {"limit", std::to_string(kPage)}};
    for (auto answer = ask("/v1/alerts", page); answer; answer = ask("/v1/alerts", page)) {
        if (answer->status != 200) return Unexpected<QueryError>{refusal(*answer)};
        out.live = true;
        out.origin = "running daemon";
        for (auto& row : answer->body["rows"]) keep(std::move(row));
        if (!answer->body["next"].is_string()) return out;
        page["cursor"] = answer->body["next"].get<std::string>();
    }
    const auto store = open_store();
    if (!store) {
        return fail("no alerts: there is no archive under " + folder.string() +
                    ", and no daemon and no store answer");
    }
    out.origin = "the daemon is not running; its store";
    const auto stored = store->alerts_since(since, kAllRows);
    if (!stored) return fail(stored.error().message, kExitIo);
    for (const auto& alert : *stored) keep(http::archive_row(alert));
    return out;
}

Expected<Row, QueryError> Reader::last_status() const {
    const auto store = open_store();
    std::error_code error;
    if (!store && !fs::exists(state_dir_ / "snapshots" / "latest.json", error)) {
        return fail("no daemon answers on " + socket_.string() + " and there is no state under " +
                    state_dir_.string() +
                    "; start it with `plimsoll run`, or name its --config or --state-dir");
    }
    Row body;
    body["version"] = PLIMSOLL_VERSION;
    body["running"] = false;
    body["chains"] = Row::array();
    body["protocols"] = Row::array();
    body["sinks"] = Row::array();
    if (store) {
        for (const std::string& chain : chain_names()) {
            const auto state = store->chain_state(chain);
            body["chains"].push_back(stopped_chain(chain, state ? *state : store::ChainState{}));
        }
        if (const auto counts = store->outbox_counts()) {
            for (const auto& sink : *counts) {
                Row row;
                row["name"] = sink.sink;
                row["queued"] = sink.pending;
                row["delivered"] = sink.done;
                row["dead"] = sink.dead;
                body["sinks"].push_back(std::move(row));
            }
        }
    }
    std::vector<Row> last;
    if (auto rows = from_files("tvl", {}, kAllRows)) last = std::move(rows->rows);
    for (const std::string& protocol : configured_.protocols) {
        const bool is_told = std::ranges::any_of(
            last, [&](const Row& row) { return text_of(row, "protocol") == protocol; });
        if (!is_told) last.push_back({{"protocol", protocol}});
    }
    for (const Row& tvl : last) {
        Row row;
        row["name"] = tvl.value("protocol", Row());
        row["kind"] = tvl.value("kind", Row());
        row["chain"] = named_chain(configured_, tvl);
        row["state"] = "unknown";
        row["reason"] = tvl.contains("block") ? "the daemon is not running"
                                              : "the daemon is not running, and the newest "
                                                "snapshot tells nothing of it";
        row["coverage"] = tvl.value("coverage", Row());
        row["positions"] = tvl.value("borrowers", Row());
        row["block"] = tvl.value("block", Row());
        row["block_hash"] = tvl.value("block_hash", Row());
        body["protocols"].push_back(std::move(row));
    }
    return body;
}

std::optional<std::uint64_t> Reader::newest_block_time() const {
    Row body;
    if (const auto answer = ask("/status", {}); answer && answer->status == 200) {
        body = answer->body;
    } else if (const auto last = last_status()) {
        body = *last;
    }
    std::optional<std::uint64_t> newest;
    if (!body.contains("chains")) return newest;
    for (const Row& chain : body["chains"]) {
        const auto time = chain.find("block_time");
        if (time == chain.end() || !time->is_number_unsigned() || *time == 0) continue;
        newest = std::max(newest.value_or(0), time->get<std::uint64_t>());
    }
    return newest;
}

std::map<std::string, std::uint64_t> Reader::recorded_since() const {
    std::map<std::string, std::uint64_t> out;
    std::error_code error;
    const fs::path folder = state_dir_ / "snapshots" / "table=tvl";
    for (const auto& chain : fs::directory_iterator(folder, error)) {
        const auto files = files_under(chain.path());
        if (files.empty()) continue;
        std::optional<std::uint64_t> first;
        (void)for_each_line(files.front(), [&first](const Row& row) {
            if (!first) first = row.value("block_time", std::uint64_t{0});
        });
        const std::string name = chain.path().filename().string();
        if (first) out[name.substr(name.find('=') + 1)] = *first;
    }
    return out;
}

/// The configured names, else those that the last snapshot names.
std::vector<std::string> Reader::chain_names() const {
    std::vector<std::string> out;
    for (const Names::Chain& chain : configured_.chains) out.push_back(chain.name);
    if (!out.empty()) return out;
    if (const auto runs = latest()) {
        for (const auto& [chain, run] : (*runs)["chains"].items()) out.push_back(chain);
    }
    return out;
}

std::unique_ptr<store::Store> Reader::open_store() const {
    std::error_code error;
    if (!fs::exists(state_dir_ / "state.db", error)) return nullptr;
    store::Store::OpenOptions options;
    options.strict = true;
    options.create = false;
    auto opened = store::Store::open(state_dir_, options);
    return opened ? std::move(opened->store) : nullptr;
}

}  // namespace plimsoll::query
