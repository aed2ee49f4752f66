#include "daemon/app/stages.hpp"

#include "abi/address.hpp"
#include "daemon/app/daemon.hpp"
#include "daemon/app/retire.hpp"
#include "daemon/sinks/make.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <utility>

namespace plimsoll::app {

using store::StoreError;

Expected<std::unique_ptr<Stages>, StartError> Stages::make(config::Settings settings,
                                                           const Foundation& foundation,
                                                           std::int64_t last_snapshot) {
    std::unique_ptr<Stages> out(new Stages(std::move(settings), foundation, last_snapshot));
    const auto wrong = [](std::string message) {
        return Unexpected<StartError>{StartError{kConfig, std::move(message)}};
    };
    const config::SigningSettings& signing = out->settings_.signing;
    if (!signing.key.empty()) {
        auto signer = alerts::Signer::make(signing.key, signing.expect_address);
        if (!signer) return wrong("[signing]: " + signer.error().message);
        out->signer_.emplace(std::move(*signer));
    }
    for (const config::SinkSettings& sink : out->settings_.sinks) {
        auto made = sinks::make_sink(sink, out->settings_.daemon.state_dir);
        if (!made) return wrong(made.error().message);
        out->made_sinks_.push_back(std::move(*made));
    }
    return out;
}

Stages::Stages(config::Settings settings, const Foundation& foundation, std::int64_t last_snapshot)
    : settings_(std::move(settings)),
      foundation_(foundation),
      snapshotter_(std::make_unique<snapshots::Snapshotter>(snapshots::Snapshotter::Parts{
          settings_, *this, foundation.store, unix_seconds, &foundation.pulses, last_snapshot})) {}

Stages::~Stages() { stop(std::chrono::milliseconds{0}); }

rules::SignFunction Stages::signer() const {
    if (!signer_) return {};
    return [this](std::string_view body) {
        return rules::Signature{signer_->sign(body), to_checksum(signer_->address())};
    };
}

Expected<void, StoreError> Stages::prepare() {
    store::Store& store = foundation_.store;
    std::vector<std::string> names;
    for (const config::SinkSettings& sink : settings_.sinks) names.push_back(sink.name);
    if (auto retired = store.retire_sinks(names, unix_seconds() * 1000); !retired) return retired;
    auto rows = store.rule_states();
    if (!rows) return Unexpected<StoreError>{rows.error()};
    if (auto ended = retire_chains(store, settings_, *rows, signer()); !ended) return ended;
    outbox::Outbox::Options options;
    options.pulses = &foundation_.pulses;
    options.observer = &foundation_.metrics.delivery();
    outbox_ =
        std::make_unique<outbox::Outbox>(store, std::move(made_sinks_), foundation_.clock, options);
    const WorkerParts parts{settings_,
                            store,
                            foundation_.pulses,
                            stop_,
                            foundation_.metrics,
                            signer(),
                            [this] { outbox_->wake(); },
                            [this] { snapshotter_->wake(); }};
    for (const config::ChainSettings& chain : settings_.chains) {
        workers_.push_back(std::make_unique<ChainWorker>(chain, parts, *rows));
    }
    return {};
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
