#include "daemon/app/chain_worker.hpp"

#include "daemon/app/destinations.hpp"
#include "daemon/app/protocols.hpp"
#include "daemon/chain/evm_source.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace plimsoll::app {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kMaxPause = 10s;

std::unique_ptr<chain::Source> make_source(const config::ChainSettings& chain) {
    chain::EvmSourceSettings settings;
    settings.name = chain.name;
    settings.chain_id = chain.chain_id;
    settings.block_time = chain.poll_every;
    settings.stale_after = chain.stale_after;
    if (chain.multicall) settings.multicall = *chain.multicall;
    for (const config::EndpointSettings& endpoint : chain.endpoints) {
        rpc::EndpointSettings one;
        one.url = endpoint.url;
        one.alias = endpoint.alias;
        one.headers = endpoint.headers;
        one.max_rps = endpoint.max_rps;
        one.max_block_range = endpoint.max_block_range;
        one.ca_file = endpoint.ca_file;
        settings.endpoints.push_back(std::move(one));
    }
    return chain::make_evm_source(std::move(settings));
}

rules::EngineSettings engine_settings(const config::ChainSettings& chain,
                                      const WorkerParts& parts) {
    rules::EngineSettings out;
    out.instance = parts.settings.daemon.instance;
    out.chain = chain.name;
    out.caip2 = chain.caip2();
    out.rules = parts.settings.rules;
    out.watches = parts.settings.watches;
    out.sinks = destinations(parts.settings);
    for (const store::Destination& sink : out.sinks) {
        if (sink.keeps_all) out.archive_sinks.push_back(sink.sink);
    }
    out.sign = parts.sign;
    out.target_health_factor = parts.settings.daemon.target_health_factor;
    return out;
}

std::vector<follow::Followed> followed_on(const config::ChainSettings& chain,
                                          const config::Settings& settings) {
    std::vector<follow::Followed> out;
    for (const config::ProtocolSettings& protocol : settings.protocols) {
        if (protocol.chain != chain.name) continue;
        follow::Followed one;
        one.settings = protocol;
        one.make = ledger_maker(protocol);
        out.push_back(std::move(one));
    }
    return out;
}

}  // namespace

std::int64_t unix_seconds() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

ChainWorker::ChainWorker(const config::ChainSettings& chain, const WorkerParts& parts,
                         std::span<const store::RuleStateRow> rule_rows)
    : chain_(chain),
      stop_(parts.stop),
      source_(make_source(chain)),
      rules_(std::make_unique<rules::RuleEngine>(engine_settings(chain, parts), rule_rows)),
      follower_(std::make_unique<follow::Follower>(follow::FollowerParts{
          parts.settings, chain, *source_, parts.store, *rules_, followed_on(chain, parts.settings),
          [this] {
              const std::int64_t now = unix_seconds();
              beat_.store(now);
              return now;
          },
          [&stop = parts.stop](std::chrono::milliseconds pause) { stop.wait(pause); },
          [&stop = parts.stop] { return stop.requested(); }, parts.on_commit, parts.on_round})) {}

ChainWorker::~ChainWorker() {
    cancel();
    join();
}

void ChainWorker::start() {
    beat_.store(unix_seconds());
    thread_ = std::thread([this] { run(); });
}

void ChainWorker::cancel() { source_->cancel(); }

void ChainWorker::join() {
    if (thread_.joinable()) thread_.join();
}

void ChainWorker::run() {
    std::string told;
    std::chrono::milliseconds pause = chain_.poll_every;
    while (!stop_.requested()) {
        const auto polled = follower_->poll();
        beat_.store(unix_seconds());
        if (polled) {
            if (!told.empty()) spdlog::info("{}: reading again", chain_.name);
            told.clear();
            pause = chain_.poll_every;
        } else if (polled.error().kind != chain::FaultKind::cancelled) {
            if (polled.error().message != told) {
                told = polled.error().message;
                spdlog::warn("{}: {}", chain_.name, told);
            }
            // A failing node is asked less often, but a fork or a lag clears up within a poll.
            if (polled.error().kind != chain::FaultKind::lag_or_reorg) {
                pause = std::max(chain_.poll_every, std::min(2 * pause, kMaxPause));
            }
        }
        stop_.wait(pause);
    }
}

}  // namespace plimsoll::app
