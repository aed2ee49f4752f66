#include "daemon/outbox/outbox.hpp"

#include "daemon/outbox/pump.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace plimsoll::outbox {

Outbox::Outbox(store::Store& store, std::vector<std::unique_ptr<sinks::Sink>> sinks, Clock& clock,
               Options options)
    : store_(store), clock_(clock) {
    std::mt19937_64 seeds(options.seed ? *options.seed : std::random_device{}());
    Observer& observer = options.observer != nullptr ? *options.observer : silent_;
    for (auto& sink : sinks) {
        pumps_.push_back(std::make_unique<Pump>(store, std::move(sink), clock, observer, seeds(),
                                                options.pulses));
    }
}

Outbox::~Outbox() { stop(std::chrono::milliseconds{0}); }

void Outbox::start() {
    for (const auto& pump : pumps_) pump->start();
}

void Outbox::wake() {
    for (const auto& pump : pumps_) pump->wake();
}

bool Outbox::stop(std::chrono::milliseconds grace) {
    for (const auto& pump : pumps_) pump->begin_stop();
    const auto deadline = std::chrono::steady_clock::now() + grace;
    bool is_finished = true;
    for (const auto& pump : pumps_) is_finished = pump->await_attempts(deadline) && is_finished;
    for (const auto& pump : pumps_) pump->join();
    return is_finished;
}

std::vector<SinkStatus> Outbox::status() {
    const std::int64_t now_ms = clock_.now().wall_ms;
    const auto counts = store_.outbox_counts();
    std::vector<SinkStatus> out;
    for (const auto& pump : pumps_) {
        SinkStatus status = pump->status();
        for (const store::OutboxCounts& count :
             counts ? *counts : std::vector<store::OutboxCounts>{}) {
            if (count.sink != status.name) continue;
            status.queued = count.pending;
            if (count.oldest_pending_ms > 0) {
                status.oldest_age =
                    milliseconds{std::max<std::int64_t>(0, now_ms - count.oldest_pending_ms)};
            }
        }
        out.push_back(std::move(status));
    }
    return out;
}

std::vector<SinkStatus> Outbox::circuits() const {
    std::vector<SinkStatus> out;
    for (const auto& pump : pumps_) out.push_back(pump->status());
    return out;
}

void Outbox::hurry(std::string_view sink) {
    for (const auto& pump : pumps_) {
        if (sink.empty() || pump->name() == sink) pump->hurry();
    }
}

bool Outbox::enable(std::string_view sink) {
    const auto pump = std::find_if(pumps_.begin(), pumps_.end(),
                                   [&](const auto& p) { return p->name() == sink; });
    if (pump == pumps_.end()) return false;
    (*pump)->enable();
    return true;
}

bool Outbox::disable(std::string_view sink) {
    const auto pump = std::find_if(pumps_.begin(), pumps_.end(),
                                   [&](const auto& p) { return p->name() == sink; });
    if (pump == pumps_.end()) return false;
    (*pump)->disable();
    return true;
}

}  // namespace plimsoll::outbox
