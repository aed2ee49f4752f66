#include "daemon/metrics/gathered.hpp"

#include "daemon/metrics/family.hpp"

#include <array>
#include <map>

namespace plimsoll::metrics {
namespace {

using view::State;

constexpr std::array kStates{State::live, State::stale, State::unverified, State::unknown};

double number(std::uint64_t value) { return static_cast<double>(value); }

/// One of the states is 1, the others 0.
void add_states(Family& family, const std::string& label, const std::string& name, State state) {
    for (const State one : kStates) {
        family.add(one == state ? 1 : 0,
                   {{label, name}, {"state", std::string(view::to_string(one))}});
    }
}

void gather_chains(const view::Live& live, std::vector<prometheus::MetricFamily>& out) {
    Family head = gauge("plimsoll_chain_head_block", "Newest block seen.");
    Family processed = gauge("plimsoll_chain_processed_block", "Block of the last finished round.");
    Family age = gauge("plimsoll_chain_head_age_seconds", "Age of the newest block.");
    Family gap = gauge("plimsoll_chain_gap_blocks", "Blocks known whose round is still owed.");
    Family state = gauge("plimsoll_chain_state", "1 for the state the chain is in.");
    Family reorgs = counter("plimsoll_chain_reorgs_total", "Reorganisations followed.");
    Family up = gauge("plimsoll_rpc_endpoint_up", "Whether the endpoint is in use.");
    for (const view::ChainStatus& chain : live.chains()) {
        const Labels name{{"chain", chain.name}};
        head.add(number(chain.head), name);
        processed.add(number(chain.processed.number), name);
        age.add(number(chain.age_seconds), name);
        gap.add(number(chain.gap_blocks), name);
        reorgs.add(number(chain.reorgs), name);
        add_states(state, "chain", chain.name, chain.state);
        for (const auto& endpoint : chain.endpoints) {
            up.add(endpoint.up ? 1 : 0, {{"chain", chain.name}, {"endpoint", endpoint.alias}});
        }
    }
    for (Family* family : {&head, &processed, &age, &gap, &state, &reorgs, &up}) {
        out.push_back(family->take());
    }
}

void gather_protocols(const view::Live& live, std::vector<prometheus::MetricFamily>& out) {
    Family positions = gauge("plimsoll_positions", "Positions followed.");
    Family coverage =
        gauge("plimsoll_protocol_coverage_ratio", "Debt known over the protocol's own total.");
    Family state = gauge("plimsoll_protocol_state", "1 for the state the protocol is in.");
    Family checked = counter("plimsoll_audit_checks_total", "Accounts compared with the contract.");
    Family mismatched =
        counter("plimsoll_audit_mismatches_total", "Accounts that differed from the contract.");
    for (const view::ProtocolStatus& one : live.protocols()) {
        const Labels name{{"protocol", one.name}};
        positions.add(number(one.positions), name);
        if (one.coverage_ppm) coverage.add(number(*one.coverage_ppm) / 1e6, name);
        add_states(state, "protocol", one.name, one.state);
        checked.add(number(one.audit.checked), name);
        mismatched.add(number(one.audit.mismatched), name);
    }
    for (Family* family : {&positions, &coverage, &state, &checked, &mismatched}) {
        out.push_back(family->take());
    }
}

/// A state row fires from its first message until it is resolved.
void gather_rules(store::Store& store, const std::vector<std::string>& rules,
                  std::vector<prometheus::MetricFamily>& out) {
    const auto rows = store.rule_states();
    if (!rows) return;
    std::map<std::string, double> firing;
    for (const std::string& rule : rules) firing[rule] = 0;
    for (const store::RuleStateRow& row : *rows) {
        firing[row.rule] += row.state == "firing" || row.state == "resolving" ? 1 : 0;
    }
    Family family = gauge("plimsoll_alerts_firing", "Alerts that fire just now.");
    for (const auto& [rule, count] : firing) family.add(count, {{"rule", rule}});
    out.push_back(family.take());
}

void gather_sinks(const Sources& sources, std::vector<prometheus::MetricFamily>& out) {
    Family oldest = gauge("plimsoll_outbox_oldest_age_seconds",
                          "Time since the oldest message that waits was committed.");
    Family circuit =
        gauge("plimsoll_sink_circuit_open", "Whether the sink gets only probes, or nothing.");
    for (const outbox::SinkStatus& sink : sources.sinks()) {
        const Labels name{{"sink", sink.name}};
        oldest.add(static_cast<double>(sink.oldest_age.count()) / 1000, name);
        circuit.add(sink.circuit == outbox::Circuit::State::closed ? 0 : 1, name);
    }
    out.push_back(oldest.take());
    out.push_back(circuit.take());
    const auto counts = sources.store.outbox_counts();
    if (!counts) return;
    Family messages = gauge("plimsoll_outbox_messages", "Messages kept, by what became of them.");
    for (const store::OutboxCounts& sink : *counts) {
        const auto add = [&](const char* state, std::uint64_t count) {
            messages.add(number(count), {{"sink", sink.sink}, {"state", state}});
        };
        add("pending", sink.pending);
        add("done", sink.done);
        add("dead", sink.dead);
        add("superseded", sink.superseded);
    }
    out.push_back(messages.take());
}

}  // namespace

std::vector<prometheus::MetricFamily> gather(const Sources& sources,
                                             const std::vector<std::string>& rules) {
    std::vector<prometheus::MetricFamily> out;
    out.push_back(gauge("plimsoll_build_info", "The program's version.")
                      .add(1, {{"version", PLIMSOLL_VERSION}})
                      .take());
    gather_chains(sources.live, out);
    gather_protocols(sources.live, out);
    gather_rules(sources.store, rules, out);
    gather_sinks(sources, out);
    out.push_back(gauge("plimsoll_store_healthy", "Whether the disk took the last change.")
                      .add(sources.store.healthy() ? 1 : 0)
                      .take());
    Family snapshot = gauge("plimsoll_snapshot_last_success_timestamp_seconds",
                            "Unix seconds of the last complete snapshot; 0: none yet.");
    const auto last = static_cast<double>(sources.last_snapshot());
    for (const std::string& table : sources.snapshot_tables) snapshot.add(last, {{"table", table}});
    if (!sources.snapshot_tables.empty()) out.push_back(snapshot.take());
    return out;
}

}  // namespace plimsoll::metrics
