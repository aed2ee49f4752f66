#include "daemon/app/chain_worker.hpp"

#include "daemon/app/beating_source.hpp"
#include "daemon/app/destinations.hpp"
#include "daemon/app/make_source.hpp"
#include "daemon/app/protocols.hpp"
#include "daemon/app/wall_time.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace plimsoll::app {
namespace {

using namespace std::chrono_literals;

/// Between two beats lies at most one call of the source, which bounds itself, or the arithmetic of
/// one round.
constexpr std::chrono::milliseconds kLongestRound = 10min;

std::vector<follow::Followed> followed_on(const config::ChainSettings& chain,
                                          const config::Settings& settings) {
    std::vector<follow::Followed> out;
    for (const config::ProtocolSettings& protocol : settings.protocols) {
        if (protocol.chain != chain.name) continue;
        follow::Followed one;
        one.settings = protocol;
        one.make = ledger_maker(protocol, chain, settings.watches);
        one.addresses = chain.address_style();
        out.push_back(std::move(one));
    }
    return out;
}

/// What is left of the interval after a poll, and a fifth of it at least: nobody is asked without a
/// break.
std::chrono::milliseconds rest_of(std::chrono::milliseconds interval,
                                  std::chrono::steady_clock::duration took) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(interval - took);
    return std::max(left, interval / 5);
}

}  // namespace

rules::EngineSettings engine_settings(const config::Settings& settings, const std::string& chain,
                                      const std::string& caip2, rules::SignFunction sign) {
    rules::EngineSettings out;
    out.instance = settings.daemon.instance;
    out.chain = chain;
    out.caip2 = caip2;
    out.rules = settings.rules;
    out.watches = settings.watches;
    out.sinks = destinations(settings);
    for (const store::Destination& sink : out.sinks) {
        if (sink.keeps_all) out.archive_sinks.push_back(sink.sink);
    }
    out.sign = std::move(sign);
    out.target_health_factor = settings.daemon.target_health_factor;
    return out;
}

ChainWorker::ChainWorker(const config::ChainSettings& chain, const WorkerParts& parts,
                         std::span<const store::RuleStateRow> rule_rows)
    : chain_(chain),
      stop_(parts.stop),
      metrics_(parts.metrics),
      pulse_(parts.pulses.begin("chain " + chain.name, kLongestRound)),
      source_(with_pulse(
          make_source(chain, {&parts.metrics.requests(chain.name), std::nullopt, std::nullopt}),
          pulse_)),
      rules_(std::make_unique<rules::RuleEngine>(
          engine_settings(parts.settings, chain.name, chain.caip2(), parts.sign), rule_rows)),
      follower_(std::make_unique<follow::Follower>(follow::FollowerParts{
          parts.settings, chain, *source_, parts.store, *rules_, followed_on(chain, parts.settings),
          [this] {
              pulse_.beat();
              return unix_seconds();
          },
          unix_seconds, [this] { return stop_.requested(); }, parts.on_commit, parts.on_round,
          [&router = parts.router](store::RoundCommit& round) { router.route(round); },
          [&router = parts.router] { return router.unmuted(unix_seconds()); }})) {}

ChainWorker::~ChainWorker() {
    cancel();
    join();
}

void ChainWorker::start() {
    pulse_.beat();
    thread_ = std::thread([this] { run(); });
}

void ChainWorker::cancel() { source_->cancel(); }

void ChainWorker::join() {
    if (thread_.joinable()) thread_.join();
    pulse_.rest();
}

void ChainWorker::run() {
    std::string told;
    while (!stop_.requested()) {
        const auto begin = std::chrono::steady_clock::now();
        const auto polled = follower_->poll();
        const auto took = std::chrono::steady_clock::now() - begin;
        metrics_.polled(chain_.name, took);
        if (polled) {
            if (!told.empty()) spdlog::info("{}: reading again", chain_.name);
            told.clear();
        } else if (polled.error().kind != chain::FaultKind::cancelled) {
            if (polled.error().message != told) {
                told = polled.error().message;
                spdlog::warn("{}: {}", chain_.name, told);
            }
        }
        if (follower_->is_busy()) continue;
        // Whoever has to be asked less often for a while is spared by the source.
        const auto pause =
            polled.has_value() ? rest_of(chain_.poll_every, took) : chain_.poll_every;
        pulse_.beat_before(pause);
        stop_.wait(pause);
    }
}

}  // namespace plimsoll::app
