#include "daemon/http/operations.hpp"

#include "daemon/alerts/alert.hpp"
#include "daemon/http/names.hpp"
#include "daemon/http/params.hpp"
#include "daemon/routing/silence.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace plimsoll::http {
namespace {

using routing::Silence;
using view::Row;
using Sinks = std::span<const store::Destination>;

constexpr std::size_t kMostRows = 10'000;
const std::vector<std::string> kStates{"pending", "done", "dead", "superseded"};

Unexpected<OperationError> refuse(int status, std::string message) {
    return Unexpected<OperationError>{OperationError{status, std::move(message)}};
}

Unexpected<OperationError> broken(const store::StoreError& error) {
    return refuse(503, error.message);
}

/// Unix seconds; null where there is no such time.
Row time_row(std::int64_t wall_ms) { return wall_ms == 0 ? Row(nullptr) : Row(wall_ms / 1000); }

Row text_row(const std::string& text) { return text.empty() ? Row(nullptr) : Row(text); }

Row row_of(const store::OutboxRow& message) {
    Row out;
    out["sink"] = message.sink;
    out["id"] = message.id;
    out["alert_key"] = message.alert_key;
    out["type"] = message.type;
    out["severity"] = alerts::to_string(static_cast<alerts::Severity>(message.severity));
    out["state"] = message.state;
    out["attempts"] = message.attempts;
    out["created"] = time_row(message.created_ms);
    out["not_before"] = time_row(message.not_before_ms);
    out["expires"] = time_row(message.expires_ms);
    out["first_try"] = time_row(message.first_try_ms);
    out["last_try"] = time_row(message.last_try_ms);
    out["finished"] = time_row(message.finished_ms);
    out["reason"] = text_row(message.dead_reason);
    out["error"] = text_row(message.last_error);
    out["group"] = text_row(message.group);
    out["sent_as"] = text_row(message.bundle);
    return out;
}

Row row_of(const Silence& silence, std::int64_t now) {
    Row out;
    out["id"] = silence.id;
    out["state"] = silence.holds_at(now) ? "active" : "expired";
    out["matchers"] = Row::array();
    for (const auto& matcher : silence.matchers) {
        out["matchers"].push_back(routing::to_string(matcher));
    }
    out["starts"] = silence.starts;
    out["ends"] = silence.ends;
    out["by"] = silence.author;
    out["why"] = silence.why;
    return out;
}

Row rows_of(std::vector<Row> rows) {
    Row out;
    out["rows"] = Row::array();
    for (Row& row : rows) out["rows"].push_back(std::move(row));
    return out;
}

/// Refuses a sink that is neither configured nor known to the store, which keeps messages of sinks
/// that are no longer configured.
Expected<void, OperationError> check_sink(store::Store& store, Sinks configured,
                                          const std::string& name) {
    if (std::ranges::find(configured, name, &store::Destination::sink) != configured.end()) {
        return {};
    }
    const auto counts = store.outbox_counts();
    if (!counts) return broken(counts.error());
    const auto states = store.sink_states();
    if (!states) return broken(states.error());
    std::vector<std::string> known;
    for (const store::Destination& one : configured) known.push_back(one.sink);
    const auto add = [&known](const std::string& sink) {
        if (std::ranges::find(known, sink) == known.end()) known.push_back(sink);
    };
    for (const store::OutboxCounts& one : *counts) add(one.sink);
    for (const store::SinkState& one : *states) add(one.sink);
    if (const auto wrong = unknown_name("sink", name, known)) return refuse(404, *wrong);
    return {};
}

/// The filters of the outbox commands.
Expected<store::OutboxQuery, OperationError> query_of(store::Store& store, Params& params,
                                                      std::size_t fallback, Sinks sinks) {
    store::OutboxQuery out;
    out.sink = params.text("sink");
    out.id = params.text("id");
    out.state = params.one_of("state", kStates);
    constexpr std::uint64_t kLatest = 9'007'199'254'740;
    out.since_ms =
        static_cast<std::int64_t>(params.number("since", 0, 0, kLatest)) * std::int64_t{1000};
    out.limit = params.limit(fallback, kMostRows);
    if (!params.ok()) return refuse(400, params.problem());
    if (out.sink.empty()) return out;
    if (const auto known = check_sink(store, sinks, out.sink); !known) {
        return Unexpected<OperationError>{known.error()};
    }
    return out;
}

Unexpected<OperationError> no_message(const std::string& id, const std::string& sink) {
    const std::string where = sink.empty() ? "" : " at sink " + sink;
    return refuse(404, "there is no message " + id + where + "; `outbox list` shows them");
}

/// Completes an id of which only the beginning is given, as messages to people show it. One of a
/// message of several alerts moves to `bundle`.
Expected<void, OperationError> complete_id(store::Store& store, store::OutboxQuery& query) {
    if (query.id.empty()) return {};
    const auto ids = store.ids_beginning_with(query.id);
    if (!ids) return broken(ids.error());
    if (ids->count == 0) return no_message(query.id, query.sink);
    // The least of all that begin with a text is that text, where it is one of them.
    if (ids->count > 1 && ids->first != query.id) {
        return refuse(400, std::to_string(ids->count) + " messages begin with " + query.id +
                               "; give more of the id");
    }
    query.id = ids->first;
    const auto alert = store.alert(query.id);
    if (!alert) return broken(alert.error());
    if (!*alert) query.bundle = std::exchange(query.id, {});
    return {};
}

/// What people see as one message: an alert, or several that were told together.
OperationResult show_message(store::Store& store, const Request& request) {
    Params params(request, {"id"});
    store::OutboxQuery query;
    query.id = params.text("id");
    query.limit = kMostRows;
    if (!params.ok() || query.id.empty()) return refuse(400, "which message? give its id");
    if (const auto known = complete_id(store, query); !known) {
        return Unexpected<OperationError>{known.error()};
    }
    const auto found = store.outbox_rows(query);
    if (!found) return broken(found.error());
    Row out;
    out["sinks"] = Row::array();
    for (const store::OutboxRow& one : *found) out["sinks"].push_back(row_of(one));
    if (query.bundle.empty()) {
        const auto alert = store.alert(query.id);
        if (!alert) return broken(alert.error());
        if (!*alert) return no_message(query.id, {});
        out["id"] = query.id;
        out["alert"] = Row::parse((*alert)->body, nullptr, false);
        out["muted_by"] = text_row((*alert)->muted_by);
        return out;
    }
    out["id"] = query.bundle;
    out["alerts"] = Row::array();
    for (auto row = found->rbegin(); row != found->rend(); ++row) {
        const auto alert = store.alert(row->id);
        if (!alert) return broken(alert.error());
        if (*alert) out["alerts"].push_back(Row::parse((*alert)->body, nullptr, false));
    }
    return out;
}

/// Refuses an id that no sink has, or not the one that is named.
Expected<void, OperationError> check_message(store::Store& store, store::OutboxQuery& query) {
    if (query.id.empty()) return {};
    const std::string asked = query.id;
    if (auto known = complete_id(store, query); !known) return known;
    const auto found = store.outbox_rows(
        {.sink = query.sink, .state = {}, .id = query.id, .bundle = query.bundle});
    if (!found) return broken(found.error());
    if (!found->empty()) return {};
    return no_message(asked, query.sink);
}

OperationResult list_outbox(store::Store& store, const Request& request, Sinks sinks) {
    Params params(request, {"sink", "state", "since", "limit", "id"});
    auto query = query_of(store, params, 100, sinks);
    if (!query) return Unexpected<OperationError>{query.error()};
    if (const auto known = check_message(store, *query); !known) {
        return Unexpected<OperationError>{known.error()};
    }
    const auto found = store.outbox_rows(*query);
    if (!found) return broken(found.error());
    std::vector<Row> rows;
    for (const store::OutboxRow& one : *found) rows.push_back(row_of(one));
    return rows_of(std::move(rows));
}

/// Retry or drop; never everything at once by mistake.
OperationResult change_outbox(store::Store& store, const Request& request, std::int64_t now_ms,
                              Sinks sinks) {
    Params params(request, {"sink", "state", "since", "limit", "id"});
    auto query = query_of(store, params, kMostRows, sinks);
    if (!query) return Unexpected<OperationError>{query.error()};
    if (query->id.empty() && query->sink.empty()) {
        return refuse(400, "which messages? give an id, or --sink");
    }
    if (const auto there = check_message(store, *query); !there) {
        return Unexpected<OperationError>{there.error()};
    }
    const bool is_retry = request.path == "outbox/retry";
    const auto changed = is_retry ? store.retry_messages(*query, now_ms, sinks)
                                  : store.drop_messages(*query, now_ms);
    if (!changed) return broken(changed.error());
    Row out;
    out["changed"] = *changed;
    return out;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        if (end > at) out.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

OperationResult add_silence(store::Store& store, const Request& request, std::int64_t now) {
    Params params(request, {"matchers", "for", "by", "why"});
    routing::SilenceRequest wish;
    wish.matchers = lines_of(params.text("matchers"));
    wish.seconds = static_cast<std::int64_t>(params.number("for", 0, 0, 1'000'000'000));
    wish.author = params.text("by");
    wish.why = params.text("why");
    if (!params.ok()) return refuse(400, params.problem());
    const auto silence = routing::make_silence(wish, now);
    if (!silence) return refuse(400, silence.error().message);
    if (const auto stored = store.put_silence(routing::to_row(*silence)); !stored) {
        return broken(stored.error());
    }
    return row_of(*silence, now);
}

Expected<std::vector<Silence>, OperationError> silences_of(store::Store& store) {
    const auto rows = store.silences();
    if (!rows) return broken(rows.error());
    std::vector<Silence> out;
    for (const store::SilenceRow& row : *rows) {
        if (auto silence = routing::from_row(row)) out.push_back(std::move(*silence));
    }
    return out;
}

OperationResult list_silences(store::Store& store, std::int64_t now) {
    const auto found = silences_of(store);
    if (!found) return Unexpected<OperationError>{found.error()};
    std::vector<Row> rows;
    for (const Silence& silence : *found) rows.push_back(row_of(silence, now));
    return rows_of(std::move(rows));
}

OperationResult expire_silence(store::Store& store, const Request& request, std::int64_t now) {
    Params params(request, {"id"});
    const std::string id = params.text("id");
    if (!params.ok() || id.empty()) return refuse(400, "which silence? give its id");
    const auto found = silences_of(store);
    if (!found) return Unexpected<OperationError>{found.error()};
    const auto silence = std::find_if(found->begin(), found->end(),
                                      [&](const Silence& one) { return one.id == id; });
    if (silence == found->end()) {
        return refuse(404, "there is no silence " + id + "; `silence list` shows them");
    }
    Silence ended = *silence;
    ended.ends = std::min(ended.ends, now);
    if (const auto stored = store.put_silence(routing::to_row(ended)); !stored) {
        return broken(stored.error());
    }
    return row_of(ended, now);
}

/// The running daemon's circuit is its own to close.
OperationResult enable_sink(store::Store& store, const Request& request, Sinks sinks) {
    Params params(request, {"name"});
    const std::string name = params.text("name");
    if (!params.ok() || name.empty()) return refuse(400, "which sink? give its name");
    if (const auto known = check_sink(store, sinks, name); !known) {
        return Unexpected<OperationError>{known.error()};
    }
    const auto states = store.sink_states();
    if (!states) return broken(states.error());
    for (store::SinkState state : *states) {
        if (state.sink != name) continue;
        state.disabled_why.clear();
        state.circuit_open = false;
        if (const auto stored = store.set_sink_state(state); !stored) return broken(stored.error());
    }
    Row out;
    out["enabled"] = name;
    return out;
}

}  // namespace

bool changes_outbox(const std::string& path) {
    return path == "outbox/retry" || path == "outbox/drop";
}

OperationResult operate(store::Store& store, const Request& request, std::int64_t now_ms,
                        Sinks sinks) {
    const std::string& path = request.path;
    const std::int64_t now = now_ms / 1000;
    if (path == "outbox/list") return list_outbox(store, request, sinks);
    if (path == "outbox/show") return show_message(store, request);
    if (changes_outbox(path)) return change_outbox(store, request, now_ms, sinks);
    if (path == "silence/add") return add_silence(store, request, now);
    if (path == "silence/list") return list_silences(store, now);
    if (path == "silence/expire") return expire_silence(store, request, now);
    if (path == "sink/enable") return enable_sink(store, request, sinks);
    return refuse(404, "there is no command " + path);
}

}  // namespace plimsoll::http
