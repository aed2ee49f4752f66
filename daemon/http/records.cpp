#include "abi/address.hpp"
#include "abi/hex.hpp"
#include "daemon/http/alert_filter.hpp"
#include "daemon/http/api.hpp"
#include "daemon/http/envelope.hpp"
#include "daemon/http/names.hpp"
#include "daemon/http/params.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace plimsoll::http {
namespace {

using view::Row;

constexpr std::size_t kDefaultRecords = 100;
constexpr std::size_t kMaxRecords = 1000;
/// Rows looked at for one answer; where filters leave little of them the next page goes on.
constexpr std::size_t kMostScanned = 20'000;
constexpr std::uint64_t kEnd = std::numeric_limits<std::int64_t>::max();

std::optional<std::uint64_t> number(const std::string& text) {
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value);
    if (result.ec != std::errc{} || result.ptr != end || value > kEnd) return std::nullopt;
    return value;
}

std::string text_of(const Row& row, const char* key) {
    const auto found = row.find(key);
    return found != row.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Reads rows in pages whose order is by time: `read(since, limit)` gives the first `limit` from a
/// second on. One second may hold more rows than a page, so the page grows until it reaches beyond
/// what `is_behind` says was seen.
template <class Read, class IsBehind>
auto read_behind(std::uint64_t since, Read&& read, IsBehind&& is_behind) -> decltype(read(0, 0)) {
    for (std::size_t limit = kMaxRecords + 1;; limit *= 4) {
        auto rows = read(since, limit);
        if (!rows) return rows;
        const bool is_all = rows->size() < limit;
        std::erase_if(*rows, [&](const auto& row) { return !is_behind(row); });
        if (is_all || rows->size() > kMaxRecords / 2) return rows;
    }
}

// ---- liquidations ------------------------------------------------------------------------------

/// The place of a row among all: chains in the order of the configuration, in each by time, block
/// and log index.
struct EventPlace {
    std::string chain;
    std::uint64_t time = 0;
    std::uint64_t block = 0;
    std::uint64_t log_index = 0;

    bool is_before(const store::LiquidationRow& row) const {
        const std::array<std::uint64_t, 3> here{time, block, log_index};
        return here < std::array<std::uint64_t, 3>{row.time, row.block, row.log_index};
    }
    std::string to_cursor() const {
        return chain + ":" + std::to_string(time) + ":" + std::to_string(block) + ":" +
               std::to_string(log_index);
    }
};

std::optional<EventPlace> event_place(const std::string& cursor) {
    const auto fields = split_cursor(cursor);
    if (fields.size() != 4) return std::nullopt;
    const auto time = number(fields[1]);
    const auto block = number(fields[2]);
    const auto index = number(fields[3]);
    if (!time || !block || !index) return std::nullopt;
    return EventPlace{fields[0], *time, *block, *index};
}

struct EventFilter {
    std::uint64_t since = 0;
    std::uint64_t until = kEnd;  ///< excluded
    std::string protocol;
    std::optional<Address> account;
    std::size_t limit = kDefaultRecords;
    std::optional<EventPlace> after;

    bool wants(const Row& row) const {
        return (protocol.empty() || text_of(row, "protocol") == protocol) &&
               (!account || parse_any_address(text_of(row, "account")) == *account);
    }
};

EventFilter event_filter(Params& params, const view::Live& live) {
    EventFilter out;
    out.since = params.number("since", 0, 0, kEnd);
    out.until = params.number("until", kEnd, 0, kEnd);
    out.protocol = params.one_of("protocol", protocol_names(live));
    out.account = params.address("account");
    out.limit = params.limit(kMaxRecords, kMaxRecords);
    if (const std::string cursor = params.text("cursor"); !cursor.empty()) {
        const auto names = chain_names(live);
        out.after = event_place(cursor);
        const bool is_known =
            out.after && std::find(names.begin(), names.end(), out.after->chain) != names.end();
        if (!is_known) params.fail("cursor", "not one of this server's");
    }
    return out;
}

/// Adds the rows of one chain; false when the page is full, with `next` set. Errors: the store's.
Expected<bool, store::StoreError> add_events(store::Store& store, const view::ChainStatus& chain,
                                             const EventFilter& filter, bool is_cursor_chain,
                                             Row& body) {
    EventPlace last{chain.name, filter.since, 0, 0};
    bool is_first = true;
    if (is_cursor_chain && filter.after->time >= filter.since) {
        last = *filter.after;
        is_first = false;
    }
    for (std::size_t scanned = 0;;) {
        const auto rows = read_behind(
            last.time,
            [&](std::uint64_t since, std::size_t limit) {
                return store.liquidations(chain.name, since, limit);
            },
            [&](const auto& row) { return is_first || last.is_before(row); });
        if (!rows) return Unexpected<store::StoreError>{rows.error()};
        if (rows->empty()) return true;
        for (const auto& row : *rows) {
            if (row.time >= filter.until) return true;
            Row one = Row::parse(row.row, nullptr, false);
            const bool is_wanted = one.is_object() && filter.wants(one);
            if (++scanned > kMostScanned || (is_wanted && body["rows"].size() == filter.limit)) {
                body["next"] = last.to_cursor();
                return false;
            }
            last = {chain.name, row.time, row.block, row.log_index};
            is_first = false;
            if (!is_wanted) continue;
            if (chain.final_block && row.block <= chain.final_block->number) {
                one["finality"] = "finalized";
            }
            body["rows"].push_back(std::move(one));
        }
    }
}

// ---- alerts ------------------------------------------------------------------------------------

/// CAIP-2 of a chain that is called so; what is no chain's name stays as it is.
std::string caip2_of(const view::Live& live, const std::string& chain) {
    for (const view::ChainStatus& one : live.chains()) {
        if (one.name == chain) return one.caip2;
    }
    return chain;
}

/// A type that there is not, or a protocol or chain that is not watched. They may have been once,
/// so that alerts name them.
std::optional<std::string> strange_name(const AlertFilter& filter, const view::Live& live) {
    std::vector<std::string> chains;
    for (const view::ChainStatus& one : live.chains()) {
        chains.push_back(one.name);
        chains.push_back(one.caip2);
    }
    if (auto wrong = unknown_type(filter.type)) return wrong;
    auto wrong = filter.chain.empty() ? std::nullopt : unknown_name("chain", filter.chain, chains);
    if (wrong || filter.protocol.empty()) return wrong;
    return unknown_name("protocol", filter.protocol, protocol_names(live));
}

/// What `/v1/alerts` is asked for. Alerts are ordered by second and, in it, as they arose.
struct AlertQuestion {
    std::uint64_t since = 0;
    std::uint64_t until = kEnd;  ///< excluded
    AlertFilter filter;
    std::size_t limit = kDefaultRecords;
    std::uint64_t after_time = 0;
    std::string after_id;  ///< empty: from the beginning
};

AlertQuestion alert_question(Params& params, const view::Live& live) {
    static const std::vector<std::string> kSeverities{"info", "warning", "critical"};
    AlertQuestion out;
    out.since = params.number("since", 0, 0, kEnd);
    out.until = params.number("until", kEnd, 0, kEnd);
    out.filter = {params.one_of("severity", kSeverities),
                  params.text("type"),
                  params.text("rule"),
                  caip2_of(live, params.text("chain")),
                  params.text("protocol"),
                  params.name_or_address("subject")};
    out.limit = params.limit(kDefaultRecords, kMaxRecords);
    if (const std::string cursor = params.text("cursor"); !cursor.empty()) {
        const auto fields = split_cursor(cursor);
        const auto time = fields.size() == 2 ? number(fields[0]) : std::nullopt;
        if (!time) params.fail("cursor", "not one of this server's");
        if (time) {
            out.after_time = *time;
            out.after_id = fields[1];
        }
    }
    return out;
}

/// The alerts from a second on that lie behind the one with this id in that second. An id that is
/// gone stands for the end of its second.
Expected<std::vector<store::StoredAlert>, store::StoreError> alerts_behind(store::Store& store,
                                                                           std::uint64_t since,
                                                                           const std::string& id) {
    bool is_past = id.empty();
    return read_behind(
        since,
        [&](std::uint64_t from, std::size_t limit) {
            is_past = id.empty();
            return store.alerts_since(from, limit);
        },
        [&](const store::StoredAlert& alert) {
            const bool is_behind = is_past || alert.at > since;
            is_past = is_past || alert.id == id;
            return is_behind;
        });
}

}  // namespace

Response Api::liquidations(const Request& request) const {
    Params params(request, {"since", "until", "protocol", "account", "limit", "cursor"});
    const EventFilter filter = event_filter(params, parts_.live);
    if (!params.ok()) return params.refusal();
    Row body = envelope(parts_.live, filter.protocol);
    bool reached = !filter.after;
    for (const auto& chain : parts_.live.chains()) {
        const bool is_cursor_chain = filter.after && filter.after->chain == chain.name;
        reached = reached || is_cursor_chain;
        if (!reached) continue;
        const auto more = add_events(parts_.store, chain, filter, is_cursor_chain, body);
        if (!more) return error_response(503, "the store does not answer: " + more.error().message);
        if (!*more) break;
    }
    // What was recorded stands, whoever is followed just now; of one that is asked for by name and
    // is not, no rows would mean nothing.
    const auto protocols = parts_.live.protocols();
    std::optional<Response> blind;
    parts_.live.read([&](std::span<const view::ProtocolView> views) {
        blind = note_unknown(body, protocols, views, filter.protocol);
    });
    if (blind && body["rows"].empty() && !filter.protocol.empty()) return *blind;
    body.erase("error");
    return json_response(body);
}

Response Api::alerts(const Request& request) const {
    Params params(request, {"since", "until", "type", "severity", "rule", "chain", "protocol",
                            "subject", "limit", "cursor"});
    const AlertQuestion asked = alert_question(params, parts_.live);
    if (!params.ok()) return params.refusal();
    const auto strange = strange_name(asked.filter, parts_.live);
    Row body = envelope(parts_.live, asked.filter.protocol);
    const auto all_told = [&] {
        const bool is_nothing = body["rows"].empty() && !params.has("cursor");
        return strange && is_nothing ? error_response(400, *strange) : json_response(body);
    };
    std::uint64_t time = std::max(asked.since, asked.after_time);
    std::string id = asked.after_time >= asked.since ? asked.after_id : std::string();
    for (std::size_t scanned = 0;;) {
        const auto alerts = alerts_behind(parts_.store, time, id);
        if (!alerts) {
            return error_response(503, "the store does not answer: " + alerts.error().message);
        }
        if (alerts->empty()) return all_told();
        for (const auto& alert : *alerts) {
            if (alert.at >= asked.until) return all_told();
            Row row = archive_row(alert);
            const bool is_wanted = asked.filter.wants(row);
            if (++scanned > kMostScanned || (is_wanted && body["rows"].size() == asked.limit)) {
                body["next"] = std::to_string(time) + ":" + id;
                return json_response(body);
            }
            time = alert.at;
            id = alert.id;
            if (is_wanted) body["rows"].push_back(std::move(row));
        }
    }
}

}  // namespace plimsoll::http
