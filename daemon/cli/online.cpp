#include "daemon/cli/online.hpp"

#include "daemon/alerts/sign.hpp"
#include "daemon/app/daemon.hpp"
#include "daemon/app/make_source.hpp"
#include "daemon/app/protocols.hpp"
#include "daemon/query/columns.hpp"
#include "daemon/query/table.hpp"
#include "daemon/sinks/make.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <future>
#include <ostream>
#include <unistd.h>
#include <utility>

namespace plimsoll::cli {
namespace {

using namespace std::chrono_literals;
using Verdict = OnlineCheck::Verdict;

/// Whether the fault says that the configuration is wrong, rather than that nobody answers.
Verdict verdict_of(chain::FaultKind kind) {
    switch (kind) {
        case chain::FaultKind::wrong_chain:
        case chain::FaultKind::auth:
        case chain::FaultKind::unsupported:
        case chain::FaultKind::bad_request:
        case chain::FaultKind::malformed:
        case chain::FaultKind::execution:
            return Verdict::wrong;
        default:
            return Verdict::unreachable;
    }
}

std::unique_ptr<chain::Source> source_of(const config::ChainSettings& chain,
                                         const config::EndpointSettings& endpoint) {
    config::ChainSettings alone = chain;
    alone.endpoints = {endpoint};
    return app::make_source(alone, {nullptr, 5s, 8s});
}

std::string age_of(const BlockRef& head) {
    const std::int64_t now = std::time(nullptr);
    const std::int64_t age = now - static_cast<std::int64_t>(head.time);
    const auto in = [age](std::int64_t seconds, const char* unit) {
        return std::to_string(age / seconds) + " " + unit + " old";
    };
    if (age < 600) return in(1, "s");
    if (age < 2 * 86'400) return in(60, "min");
    return in(86'400, "days");
}

std::vector<const config::ProtocolSettings*> protocols_of(const config::ChainSettings& chain,
                                                          const config::Settings& settings) {
    std::vector<const config::ProtocolSettings*> out;
    for (const auto& protocol : settings.protocols) {
        if (protocol.chain == chain.name) out.push_back(&protocol);
    }
    return out;
}

/// Whether the contract's first answers are those of the configured kind.
OnlineCheck check_kind(const config::ProtocolSettings& protocol, const config::ChainSettings& chain,
                       const config::Settings& settings, chain::Source& source,
                       const BlockRef& head) {
    const auto ledger = app::ledger_maker(protocol, chain, settings.watches)();
    const auto calls = ledger->reads(source.read_limit());
    const auto results = source.read(calls, head);
    OnlineCheck out{"kind", chain.name, protocol.name, Verdict::ok, "answers as " + protocol.kind};
    if (!results) {
        out.verdict = verdict_of(results.error().kind);
        out.detail = "could not be asked: " + results.error().message;
    } else if (const auto accepted = ledger->accept_reads(*results, head); !accepted) {
        out.verdict = Verdict::wrong;
        out.detail = "does not answer as " + protocol.kind + ": " + accepted.error().message;
    }
    return out;
}

/// The endpoint that failed, and the chain's protocols, of which it tells nothing.
std::vector<OnlineCheck> failed_endpoint(const config::ChainSettings& chain,
                                         const config::Settings& settings, OnlineCheck endpoint,
                                         const chain::Fault& fault) {
    endpoint.verdict = verdict_of(fault.kind);
    endpoint.detail = fault.message;
    std::vector<OnlineCheck> out{endpoint};
    for (const auto* protocol : protocols_of(chain, settings)) {
        out.push_back({"code", chain.name, protocol->name, Verdict::unreachable,
                       "could not be asked: " + endpoint.name + " failed"});
    }
    return out;
}

/// The endpoint, and code at the chain's protocols as it sees them.
std::vector<OnlineCheck> check_endpoint(const config::ChainSettings& chain,
                                        const config::EndpointSettings& endpoint,
                                        const config::Settings& settings) {
    const auto source = source_of(chain, endpoint);
    OnlineCheck one{"endpoint", chain.name, endpoint.alias, Verdict::ok, {}};
    if (const auto connected = source->connect(); !connected) {
        return failed_endpoint(chain, settings, std::move(one), connected.error());
    }
    const auto head = source->head();
    if (!head) return failed_endpoint(chain, settings, std::move(one), head.error());
    one.detail = "chain id " + std::to_string(chain.chain_id) + ", block " +
                 query::with_separators(std::to_string(head->number)) + ", " + age_of(*head);
    const auto protocols = protocols_of(chain, settings);
    if (!protocols.empty()) {
        const auto ledger = app::ledger_maker(*protocols.front(), chain, settings.watches)();
        const auto logs = source->logs_in(head->number, head->number, ledger->log_filter(), false);
        if (!logs) return failed_endpoint(chain, settings, std::move(one), logs.error());
    }
    const auto endpoints = source->endpoints();
    if (!endpoints.empty() && !endpoints.front().offers.empty()) {
        one.detail += ", offers " + endpoints.front().offers;
    }
    std::vector<OnlineCheck> out{one};
    std::vector<Address> addresses;
    addresses.reserve(protocols.size());
    for (const auto* protocol : protocols) addresses.push_back(protocol->address);
    if (addresses.empty()) return out;
    const auto has_code = source->has_code(addresses, *head);
    for (std::size_t i = 0; i < protocols.size(); ++i) {
        OnlineCheck code{"code", chain.name, protocols[i]->name, Verdict::ok, {}};
        const std::string where =
            to_text(addresses[i], chain.address_style()) + " by " + endpoint.alias;
        if (!has_code) {
            code.verdict = verdict_of(has_code.error().kind);
            code.detail = has_code.error().message;
        } else {
            code.verdict = (*has_code)[i] ? Verdict::ok : Verdict::wrong;
            code.detail = ((*has_code)[i] ? "code at " : "no code at ") + where;
        }
        const bool is_there = code.verdict == Verdict::ok;
        out.push_back(std::move(code));
        if (!is_there) continue;
        out.push_back(check_kind(*protocols[i], chain, settings, *source, *head));
    }
    return out;
}

/// What the chain's endpoints say together: one that answers is enough to follow it.
OnlineCheck check_chain(const config::ChainSettings& chain,
                        const std::vector<OnlineCheck>& checks) {
    OnlineCheck out{"chain", chain.name, chain.name, Verdict::ok, {}};
    std::size_t fine = 0;
    for (const OnlineCheck& one : checks) {
        if (one.what != "endpoint") continue;
        if (one.verdict == Verdict::ok) {
            ++fine;
        } else if (out.verdict != Verdict::wrong) {
            out.verdict = one.verdict;
        }
    }
    if (fine > 0) out.verdict = Verdict::ok;
    out.detail = chain.caip2() + ", " + std::to_string(fine) + " of " +
                 std::to_string(chain.endpoints.size()) + " endpoints can be used";
    return out;
}

void check_signing(const config::Settings& settings, std::vector<OnlineCheck>& out) {
    if (settings.signing.key.empty()) return;
    OnlineCheck one{"signing", "", "key", Verdict::ok, {}};
    const auto signer = alerts::Signer::make(settings.signing.key, settings.signing.expect_address);
    if (signer) {
        one.detail = to_checksum(signer->address());
    } else {
        one.verdict = Verdict::wrong;
        one.detail = signer.error().message;
    }
    out.push_back(std::move(one));
}

void check_sinks(const config::Settings& settings, std::vector<OnlineCheck>& out) {
    for (const auto& sink : settings.sinks) {
        OnlineCheck one{"sink", "", sink.name, Verdict::ok, sink.kind + ", nothing was sent"};
        if (sink.kind == "jsonl") {
            const auto& folder = settings.daemon.state_dir;
            std::error_code error;
            const bool is_there = std::filesystem::is_directory(folder, error);
            one.detail = "files under " + (folder / sink.path).string();
            if (is_there && ::access(folder.c_str(), W_OK) != 0) {
                one.detail += ": not writable for this user";
            }
        } else if (const auto made = sinks::make_sink(sink, settings.daemon.state_dir); !made) {
            one.verdict = Verdict::wrong;
            one.detail = made.error().message;
        }
        out.push_back(std::move(one));
    }
}

const char* text_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::ok:
            return "ok";
        case Verdict::unreachable:
            return "unreachable";
        case Verdict::wrong:
            break;
    }
    return "wrong";
}

}  // namespace

std::vector<OnlineCheck> check_online(const config::Settings& settings) {
    spdlog::set_level(spdlog::level::off);  // everything it would tell stands in the answer
    std::vector<std::future<std::vector<OnlineCheck>>> pending;
    for (const auto& chain : settings.chains) {
        for (const auto& endpoint : chain.endpoints) {
            pending.push_back(std::async(std::launch::async, [&chain, &endpoint, &settings] {
                return check_endpoint(chain, endpoint, settings);
            }));
        }
    }
    std::vector<OnlineCheck> out;
    auto next = pending.begin();
    for (const auto& chain : settings.chains) {
        std::vector<OnlineCheck> found;
        for (std::size_t i = 0; i < chain.endpoints.size(); ++i) {
            for (auto& check : (next++)->get()) found.push_back(std::move(check));
        }
        out.push_back(check_chain(chain, found));
        for (auto& check : found) out.push_back(std::move(check));
    }
    check_signing(settings, out);
    check_sinks(settings, out);
    return out;
}

int report(const std::vector<OnlineCheck>& checks, bool json, std::ostream& out) {
    std::vector<view::Row> rows;
    int code = app::kOk;
    for (const OnlineCheck& check : checks) {
        view::Row row;
        row["check"] = check.what;
        row["chain"] = check.where.empty() ? view::Row(nullptr) : view::Row(check.where);
        row["name"] = check.name;
        row["state"] = text_of(check.verdict);
        row["detail"] = check.detail;
        rows.push_back(std::move(row));
        if (check.verdict == Verdict::wrong) code = app::kConfig;
        if (check.verdict == Verdict::unreachable && code == app::kOk) code = app::kUnavailable;
    }
    if (json) {
        query::print_rows(out, rows, query::Format::json);
    } else {
        query::print_table(
            out, rows,
            {query::text("check", "check"), query::text("chain", "chain"),
             query::text("name", "name"), query::state(), query::text("detail", "detail")},
            query::style_of(STDOUT_FILENO));
    }
    return code;
}

}  // namespace plimsoll::cli
