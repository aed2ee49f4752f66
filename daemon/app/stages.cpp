#include "daemon/app/stages.hpp"

#include "abi/address.hpp"
#include "daemon/app/daemon.hpp"
#include "daemon/app/destinations.hpp"
#include "daemon/app/retire.hpp"
#include "daemon/app/rotation.hpp"
#include "daemon/app/sink_test.hpp"
#include "daemon/app/stored_form.hpp"
#include "daemon/app/tasks.hpp"
#include "daemon/app/wall_time.hpp"
#include "daemon/sinks/make.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <utility>

namespace plimsoll::app {

namespace {

Unexpected<StartError> wrong_configuration(std::string message) {
    return Unexpected<StartError>{StartError{kConfig, std::move(message)}};
}

}  // namespace

using store::StoreError;

Expected<std::unique_ptr<Stages>, StartError> Stages::make(config::Settings settings,
                                                           const Foundation& foundation,
                                                           std::int64_t last_snapshot) {
    if (const auto why = too_many_tasks(tasks_needed(settings), tasks_allowed()); !why.empty()) {
        return wrong_configuration(why);
    }
    std::unique_ptr<Stages> out(new Stages(std::move(settings), foundation, last_snapshot));
    if (auto signers = out->make_signers(); !signers) {
        return Unexpected<StartError>{signers.error()};
    }
    for (const config::SinkSettings& sink : out->settings_.sinks) {
        auto made = sinks::make_sink(sink, out->settings_.daemon.state_dir);
        if (!made) return wrong_configuration(made.error().message);
        out->made_sinks_.push_back(std::move(*made));
    }
    return out;
}

Stages::Stages(config::Settings settings, const Foundation& foundation, std::int64_t last_snapshot)
    : settings_(std::move(settings)),
      foundation_(foundation),
      router_(foundation.store, settings_),
      snapshotter_(std::make_unique<snapshots::Snapshotter>(snapshots::Snapshotter::Parts{
          settings_, *this, foundation.store, unix_seconds, &foundation.pulses, last_snapshot})) {}

Stages::~Stages() { stop(std::chrono::milliseconds{0}); }

Expected<void, StartError> Stages::make_signers() {
    const config::SigningSettings& signing = settings_.signing;
    if (signing.key.empty()) return {};
    auto signer = alerts::Signer::make(signing.key, signing.expect_address);
    if (!signer) return wrong_configuration("[signing]: " + signer.error().message);
    signer_.emplace(std::move(*signer));
    if (signing.previous.empty()) return {};
    auto previous = alerts::Signer::make(signing.previous, std::nullopt);
    if (!previous) {
        return wrong_configuration("[signing] 'previous': " + previous.error().message);
    }
    if (previous->address() == signer_->address()) {
        return wrong_configuration("[signing]: 'previous' and 'key' are the same key");
    }
    previous_signer_.emplace(std::move(*previous));
    return {};
}

rules::SignFunction Stages::signer() const {
    return signer_ ? signed_by(*signer_) : rules::SignFunction{};
}

Expected<void, StoreError> Stages::prepare() {
    store::Store& store = foundation_.store;
    std::vector<std::string> names;
    for (const config::SinkSettings& sink : settings_.sinks) names.push_back(sink.name);
    if (auto retired = store.retire_sinks(names, unix_seconds() * 1000); !retired) return retired;
    auto rows = store.rule_states();
    if (!rows) return Unexpected<StoreError>{rows.error()};
    const auto route = [this](store::RoundCommit& round) { router_.route(round); };
    if (auto ended = retire_chains(store, settings_, *rows, signer(), route); !ended) return ended;
    const auto sink_states = store.sink_states();
    if (!sink_states) return Unexpected<StoreError>{sink_states.error()};
    if (auto loaded = router_.load(); !loaded) return loaded;
    if (previous_signer_) {
        auto announced = announce_rotation(store, settings_, *previous_signer_, *signer_,
                                           unix_seconds() * 1000, route);
        if (!announced) return announced;
    }
    outbox::Outbox::Options options;
    options.pulses = &foundation_.pulses;
    options.observer = &foundation_.metrics.delivery();
    outbox_ =
        std::make_unique<outbox::Outbox>(store, std::move(made_sinks_), foundation_.clock, options);
    notices_ = std::make_unique<Notices>(Notices::Parts{settings_, store, *outbox_, signer(), route,
                                                        [this] { return firing(); },
                                                        [this] { return clock_off(); }});
    notices_->restore(*sink_states);
    const WorkerParts parts{settings_,
                            store,
                            foundation_.pulses,
                            stop_,
                            foundation_.metrics,
                            signer(),
                            [this] { outbox_->wake(); },
                            [this] { snapshotter_->wake(); },
                            router_};
    for (const config::ChainSettings& chain : settings_.chains) {
        workers_.push_back(std::make_unique<ChainWorker>(chain, parts, *rows));
    }
    return {};
}

Expected<void, StoreError> Stages::tell(const alerts::Alert& alert) {
    store::RoundCommit round;
    round.now_ms = unix_seconds() * 1000;
    round.alerts.push_back(
        stored_form(alert, settings_.daemon.instance, signer(), destinations(settings_)));
    router_.route(round);
    return foundation_.store.commit(round);
}

void Stages::start() {
    if (signer_) spdlog::info("alerts are signed by {}", to_checksum(signer_->address()));
    outbox_->start();
    snapshotter_->start();
    for (const auto& worker : workers_) worker->start();
}

bool Stages::stop(std::chrono::milliseconds grace) {
    const auto deadline = std::chrono::steady_clock::now() + grace;
    stop_.request();
    for (const auto& worker : workers_) worker->cancel();
    for (const auto& worker : workers_) worker->join();
    snapshotter_->stop();
    if (!outbox_) return true;
    const auto left = deadline - std::chrono::steady_clock::now();
    return outbox_->stop(std::max(std::chrono::milliseconds{0},
                                  std::chrono::duration_cast<std::chrono::milliseconds>(left)));
}

std::uint64_t Stages::firing() const {
    std::uint64_t out = 0;
    for (const view::ChainStatus& chain : chains()) {
        for (const auto& [rule, count] : chain.firing) out += count;
    }
    return out;
}

std::uint64_t Stages::clock_off() const {
    const std::int64_t now = unix_seconds();
    std::optional<std::uint64_t> out;
    for (const view::ChainStatus& chain : chains()) {
        if (chain.processed.number == 0) continue;
        const std::int64_t off = now - static_cast<std::int64_t>(chain.processed.time);
        const auto size = static_cast<std::uint64_t>(off < 0 ? -off : off);
        out = std::min(out.value_or(size), size);
    }
    return out.value_or(0);
}

void Stages::tell_idle_bands() {
    if (are_bands_looked_at_) return;
    std::set<std::string> held;
    std::size_t known = 0;
    read([&](std::span<const view::ProtocolView> views) {
        known = views.size();
        for (const auto& view : views) {
            for (const auto& band : view.bands) held.insert(band.band);
        }
    });
    if (known < settings_.protocols.size()) return;
    are_bands_looked_at_ = true;
    for (const auto& band : settings_.bands) {
        if (held.contains(band.name)) continue;
        spdlog::warn("[bands.{}]: no protocol that is watched lists '{}', so nothing is in it",
                     band.name, band.collateral);
    }
}

void Stages::look_after_delivery() { notices_->look(unix_seconds() * 1000); }

Expected<void, std::string> Stages::test_sink(const std::string& name) {
    return send_test(settings_, name, signer());
}

bool Stages::enable_sink(const std::string& name) { return outbox_->enable(name); }

void Stages::hurry_outbox(std::string_view sink) { outbox_->hurry(sink); }

std::vector<outbox::SinkStatus> Stages::sinks() const {
    return outbox_ ? outbox_->status() : std::vector<outbox::SinkStatus>{};
}

std::vector<view::ChainStatus> Stages::chains() const {
    std::vector<view::ChainStatus> out;
    for (const auto& worker : workers_) out.push_back(worker->follower().chain_status());
    return out;
}

std::vector<view::ProtocolStatus> Stages::protocols() const {
    std::vector<view::ProtocolStatus> out;
    for (const auto& worker : workers_) {
        auto statuses = worker->follower().protocol_statuses();
        std::move(statuses.begin(), statuses.end(), std::back_inserter(out));
    }
    return out;
}

void Stages::read(const Use& use) const { read_from(0, {}, use); }

/// Holds every chain still at once, then hands all views over.
void Stages::read_from(std::size_t index, std::vector<view::ProtocolView> gathered,
                       const Use& use) const {
    if (index == workers_.size()) {
        use(gathered);
        return;
    }
    workers_[index]->follower().read([&](std::span<const view::ProtocolView> views) {
        gathered.insert(gathered.end(), views.begin(), views.end());
        read_from(index + 1, std::move(gathered), use);
    });
}

std::string sinks_json(const std::vector<outbox::SinkStatus>& sinks) {
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    for (const outbox::SinkStatus& sink : sinks) {
        nlohmann::ordered_json row;
        row["name"] = sink.name;
        row["queued"] = sink.queued;
        row["oldest_age_seconds"] = sink.oldest_age.count() / 1000;
        row["in_flight"] = sink.in_flight;
        row["circuit"] = outbox::to_string(sink.circuit);
        row["delivered"] = sink.delivered;
        row["dead"] = sink.dead;
        row["last_error"] = sink.last_error.empty() ? nlohmann::ordered_json(nullptr)
                                                    : nlohmann::ordered_json(sink.last_error);
        rows.push_back(std::move(row));
    }
    return rows.dump();
}

}  // namespace plimsoll::app
