#include "daemon/app/retire.hpp"

#include "daemon/app/chain_worker.hpp"
#include "daemon/app/wall_time.hpp"
#include "daemon/rules/row.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <set>
#include <string>
#include <utility>

namespace plimsoll::app {
namespace {

using store::StoreError;

std::string text_at(const nlohmann::json& object, const char* name) {
    if (!object.is_object()) return {};
    const auto found = object.find(name);
    return found == object.end() || !found->is_string() ? "" : found->get<std::string>();
}

/// The configured name of the chain a rule state is about, as `rules::encode` writes it.
std::string chain_of(const store::RuleStateRow& row) {
    return text_at(nlohmann::json::parse(row.value, nullptr, false), "chain");
}

/// How the chain's alerts call it, which the configuration cannot tell any more: the second part of
/// every alert key, where nothing is escaped.
std::string caip2_of(std::span<const store::RuleStateRow> rows, const std::string& chain) {
    for (const store::RuleStateRow& row : rows) {
        if (row.state == rules::kSeenState || chain_of(row) != chain) continue;
        const std::size_t begin = row.subject.find('/');
        if (begin == std::string::npos) continue;
        return row.subject.substr(begin + 1, row.subject.find('/', begin + 1) - begin - 1);
    }
    return {};
}

Expected<void, StoreError> retire(store::Store& store, const config::Settings& settings,
                                  const std::string& chain,
                                  std::span<const store::RuleStateRow> rows,
                                  const rules::SignFunction& sign,
                                  const routing::RouteFunction& route) {
    const auto state = store.chain_state(chain);
    if (!state) return Unexpected<StoreError>{state.error()};
    rules::EngineSettings about = engine_settings(settings, chain, caip2_of(rows, chain), sign);
    about.rules.clear();
    rules::RuleEngine engine(std::move(about), rows);
    rules::RoundFacts facts;
    facts.block = state->tip.value_or(BlockRef{});
    facts.finalized = facts.block.number;
    facts.safe = facts.block.number;
    facts.now = static_cast<std::uint64_t>(unix_seconds());
    rules::Outcome outcome = engine.evaluate(facts);
    if (outcome.rows.empty()) return {};
    spdlog::info("{}: configured no longer; {} open alert(s) end", chain, outcome.alerts.size());
    store::RoundCommit commit;
    commit.chain = chain;
    commit.now_ms = unix_seconds() * 1000;
    commit.rule_states = std::move(outcome.rows);
    commit.alerts = std::move(outcome.alerts);
    route(commit);
    return store.commit(commit);
}

}  // namespace

Expected<void, StoreError> retire_chains(store::Store& store, const config::Settings& settings,
                                         std::span<const store::RuleStateRow> rows,
                                         const rules::SignFunction& sign,
                                         const routing::RouteFunction& route) {
    std::set<std::string> left;
    for (const store::RuleStateRow& row : rows) left.insert(chain_of(row));
    for (const config::ChainSettings& chain : settings.chains) left.erase(chain.name);
    left.erase("");
    for (const std::string& chain : left) {
        if (auto done = retire(store, settings, chain, rows, sign, route); !done) return done;
    }
    return {};
}

}  // namespace plimsoll::app
