#include "daemon/metrics/metrics.hpp"

#include "config/metrics.hpp"
#include "daemon/metrics/gathered.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

namespace plimsoll::metrics {
namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;
using Seconds = std::chrono::duration<double>;

const Buckets& network_buckets() {
    static const Buckets value{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
    return value;
}
const Buckets& poll_buckets() {
    static const Buckets value{0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300};
    return value;
}
const Buckets& commit_buckets() {
    static const Buckets value{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5};
    return value;
}

const Buckets& latency_buckets() {
    static const Buckets value{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300, 3600, 86'400};
    return value;
}

constexpr std::array<std::string_view, 6> kAlertStates{"firing",   "repeated",  "updated",
                                                       "resolved", "retracted", "fired"};
constexpr std::array<std::string_view, 6> kOutcomes{"ok",      "retry",         "throttled",
                                                    "refused", "misconfigured", "gone"};
constexpr std::array<std::string_view, 3> kDeaths{"poison", "expired", "gone"};
constexpr std::array kStoreFaults{store::StoreFault::io,      store::StoreFault::full,
                                  store::StoreFault::corrupt, store::StoreFault::read_only,
                                  store::StoreFault::locked,  store::StoreFault::newer_schema,
                                  store::StoreFault::missing, store::StoreFault::misuse};

std::string name_of(store::StoreFault fault) {
    switch (fault) {
        case store::StoreFault::io:
            return "io";
        case store::StoreFault::full:
            return "full";
        case store::StoreFault::corrupt:
            return "corrupt";
        case store::StoreFault::read_only:
            return "read_only";
        case store::StoreFault::locked:
            return "locked";
        case store::StoreFault::newer_schema:
            return "newer_schema";
        case store::StoreFault::missing:
            return "missing";
        case store::StoreFault::misuse:
            break;
    }
    return "misuse";
}

std::string name_of(sinks::Outcome::Kind kind) { return std::string(sinks::to_string(kind)); }

/// The last part of `position.liquidatable.firing`.
std::string state_of(const std::string& type) {
    const std::string last = type.substr(type.rfind('.') + 1);
    const bool is_known =
        std::find(kAlertStates.begin(), kAlertStates.end(), last) != kAlertStates.end();
    return is_known ? last : "other";
}

}  // namespace

namespace {

/// When messages were committed, so that their acknowledgement can be timed. Bounded: the oldest
/// are forgotten, and so is everything at a restart; those are not timed.
class Committed {
  public:
    using Time = std::chrono::steady_clock::time_point;

    void add(const std::string& sink, const std::string& id, Time now) {
        const std::scoped_lock lock(mutex_);
        const auto [place, is_new] = waiting_.emplace(std::pair(sink, id), Entry{now, added_});
        if (!is_new) return;
        order_.emplace(added_++, place);
        if (order_.size() <= kMost) return;
        waiting_.erase(order_.begin()->second);
        order_.erase(order_.begin());
    }
    std::optional<Time> take(const std::string& sink, const std::string& id) {
        const std::scoped_lock lock(mutex_);
        const auto found = waiting_.find(std::pair(sink, id));
        if (found == waiting_.end()) return std::nullopt;
        const Time out = found->second.at;
        order_.erase(found->second.number);
        waiting_.erase(found);
        return out;
    }

  private:
    static constexpr std::size_t kMost = 10'000;
    struct Entry {
        Time at;
        std::uint64_t number = 0;  ///< in the order of adding
    };
    using Waiting = std::map<std::pair<std::string, std::string>, Entry>;

    std::mutex mutex_;  ///< guards those below
    Waiting waiting_;   ///< by sink and id
    std::map<std::uint64_t, Waiting::iterator> order_;
    std::uint64_t added_ = 0;
};

}  // namespace

/// What is counted as it happens.
struct Metrics::Counted final : outbox::Observer, store::StoreObserver {
    template <class T>
    using Family = prometheus::Family<T>;

    prometheus::Registry registry;
    Family<prometheus::Gauge>& reload_ok =
        prometheus::BuildGauge()
            .Name("plimsoll_config_last_reload_successful")
            .Help("Whether the last configuration that was read could be used.")
            .Register(registry);
    Family<prometheus::Gauge>& reload_at =
        prometheus::BuildGauge()
            .Name("plimsoll_config_last_reload_success_timestamp_seconds")
            .Help("Unix seconds at which the configuration in use was read.")
            .Register(registry);
    Family<prometheus::Counter>& rpc_requests =
        prometheus::BuildCounter()
            .Name("plimsoll_rpc_requests_total")
            .Help("JSON-RPC requests, members of a batch counted each.")
            .Register(registry);
    Family<prometheus::Histogram>& rpc_duration =
        prometheus::BuildHistogram()
            .Name("plimsoll_rpc_request_duration_seconds")
            .Help("How long exchanges with an endpoint took.")
            .Register(registry);
    Family<prometheus::Histogram>& poll_duration = prometheus::BuildHistogram()
                                                       .Name("plimsoll_poll_duration_seconds")
                                                       .Help("How long polls of a chain took.")
                                                       .Register(registry);
    Family<prometheus::Counter>& alerts = prometheus::BuildCounter()
                                              .Name("plimsoll_alerts_total")
                                              .Help("Alerts stored, by the state they tell of.")
                                              .Register(registry);
    Family<prometheus::Counter>& muted = prometheus::BuildCounter()
                                             .Name("plimsoll_alerts_muted_total")
                                             .Help("Alerts that were held back at some sink.")
                                             .Register(registry);
    Family<prometheus::Counter>& attempts = prometheus::BuildCounter()
                                                .Name("plimsoll_delivery_attempts_total")
                                                .Help("Attempts to deliver a message.")
                                                .Register(registry);
    Family<prometheus::Histogram>& delivery_duration =
        prometheus::BuildHistogram()
            .Name("plimsoll_delivery_duration_seconds")
            .Help("How long attempts to deliver took.")
            .Register(registry);
    Family<prometheus::Histogram>& delivery_latency =
        prometheus::BuildHistogram()
            .Name("plimsoll_delivery_latency_seconds")
            .Help("Time from the commit of a message to its acknowledgement.")
            .Register(registry);
    Family<prometheus::Counter>& dead_letters = prometheus::BuildCounter()
                                                    .Name("plimsoll_dead_letters_total")
                                                    .Help("Messages given up.")
                                                    .Register(registry);
    Family<prometheus::Histogram>& commit_duration =
        prometheus::BuildHistogram()
            .Name("plimsoll_store_commit_duration_seconds")
            .Help("How long storing a round took.")
            .Register(registry);
    Family<prometheus::Counter>& store_errors = prometheus::BuildCounter()
                                                    .Name("plimsoll_store_errors_total")
                                                    .Help("Changes that the store refused.")
                                                    .Register(registry);
    prometheus::Histogram& commits = commit_duration.Add({}, commit_buckets());

    Committed waiting;

    std::mutex mutex;  ///< guards the two below
    std::vector<std::string> rules;
    std::map<std::string, std::unique_ptr<rpc::RequestObserver>> observers;

    // ---- outbox::Observer
    void attempted(const std::string& sink, const sinks::Message& message,
                   const sinks::Outcome& outcome, outbox::milliseconds took) override {
        told_again(sink, outcome, took);
        if (outcome.kind != sinks::Outcome::Kind::ok) return;
        const auto since = waiting.take(sink, message.id);
        if (!since) return;
        const Seconds latency = std::chrono::steady_clock::now() - *since;
        delivery_latency.Add({{"sink", sink}}, latency_buckets()).Observe(latency.count());
    }
    void told_again(const std::string& sink, const sinks::Outcome& outcome,
                    outbox::milliseconds took) override {
        attempts.Add({{"sink", sink}, {"result", name_of(outcome.kind)}}).Increment();
        delivery_duration.Add({{"sink", sink}}, network_buckets()).Observe(Seconds(took).count());
    }
    void died(const std::string& sink, const std::string& /*id*/, const std::string& reason,
              const std::string& /*error*/) override {
        dead_letters.Add({{"sink", sink}, {"reason", reason}}).Increment();
    }

    // ---- store::StoreObserver
    void committed(const store::RoundCommit& round, Seconds took) override {
        commits.Observe(took.count());
        const auto now = std::chrono::steady_clock::now();
        for (const store::NewAlert& alert : round.alerts) {
            const std::string rule = alert.alert_key.substr(0, alert.alert_key.find('/'));
            alerts.Add({{"rule", rule}, {"state", state_of(alert.type)}}).Increment();
            if (!alert.muted_by.empty()) {
                const std::string by = alert.muted_by.substr(0, alert.muted_by.find(':'));
                muted.Add({{"by", by}}).Increment();
            }
            for (const auto& to : alert.sinks) waiting.add(to.sink, alert.id, now);
        }
    }
    void failed(const store::StoreError& error) override {
        store_errors.Add({{"kind", name_of(error.kind)}}).Increment();
    }
};

namespace {

class ChainRequests final : public rpc::RequestObserver {
  public:
    ChainRequests(std::string chain, prometheus::Family<prometheus::Counter>& requests,
                  prometheus::Family<prometheus::Histogram>& duration)
        : chain_(std::move(chain)), requests_(requests), duration_(duration) {}
    void exchanged(const std::string& endpoint, Seconds took) override {
        duration_.Add({{"chain", chain_}, {"endpoint", endpoint}}, network_buckets())
            .Observe(took.count());
    }
    void finished(const std::string& endpoint, std::string_view result) override {
        requests_.Add({{"chain", chain_}, {"endpoint", endpoint}, {"result", std::string(result)}})
            .Increment();
    }

  private:
    std::string chain_;
    prometheus::Family<prometheus::Counter>& requests_;
    prometheus::Family<prometheus::Histogram>& duration_;
};

}  // namespace

Metrics::Metrics() : counted_(std::make_unique<Counted>()) {
    for (const auto fault : kStoreFaults) counted_->store_errors.Add({{"kind", name_of(fault)}});
}

Metrics::~Metrics() = default;

void Metrics::expect(const config::Settings& settings) {
    for (const auto& chain : settings.chains) {
        counted_->poll_duration.Add({{"chain", chain.name}}, poll_buckets());
        for (const auto& endpoint : chain.endpoints) {
            const std::map<std::string, std::string> labels{{"chain", chain.name},
                                                            {"endpoint", endpoint.alias}};
            counted_->rpc_duration.Add(labels, network_buckets());
            auto with_result = labels;
            with_result["result"] = "ok";
            counted_->rpc_requests.Add(with_result);
        }
    }
    for (const char* by : {"inhibit", "silence"}) counted_->muted.Add({{"by", by}});
    std::vector<std::string> rules;
    for (const auto& rule : settings.rules) {
        rules.push_back(rule.name);
        const bool is_event = config::is_event(rule.when.front().metric);
        counted_->alerts.Add({{"rule", rule.name}, {"state", is_event ? "fired" : "firing"}});
        if (!is_event) counted_->alerts.Add({{"rule", rule.name}, {"state", "resolved"}});
    }
    {
        const std::scoped_lock lock(counted_->mutex);
        counted_->rules = std::move(rules);
    }
    for (const auto& sink : settings.sinks) {
        counted_->delivery_duration.Add({{"sink", sink.name}}, network_buckets());
        counted_->delivery_latency.Add({{"sink", sink.name}}, latency_buckets());
        for (const auto outcome : kOutcomes) {
            counted_->attempts.Add({{"sink", sink.name}, {"result", std::string(outcome)}});
        }
        for (const auto reason : kDeaths) {
            counted_->dead_letters.Add({{"sink", sink.name}, {"reason", std::string(reason)}});
        }
    }
}

void Metrics::configuration_read(bool is_taken, std::int64_t unix_seconds) {
    counted_->reload_ok.Add({}).Set(is_taken ? 1 : 0);
    if (is_taken) counted_->reload_at.Add({}).Set(static_cast<double>(unix_seconds));
}

outbox::Observer& Metrics::delivery() { return *counted_; }

store::StoreObserver& Metrics::storage() { return *counted_; }

rpc::RequestObserver& Metrics::requests(const std::string& chain) {
    const std::scoped_lock lock(counted_->mutex);
    auto& observer = counted_->observers[chain];
    if (!observer) {
        observer =
            std::make_unique<ChainRequests>(chain, counted_->rpc_requests, counted_->rpc_duration);
    }
    return *observer;
}

void Metrics::polled(const std::string& chain, Seconds took) {
    counted_->poll_duration.Add({{"chain", chain}}, poll_buckets()).Observe(took.count());
}

std::string Metrics::text(const Sources& sources) const {
    std::vector<std::string> rules;
    {
        const std::scoped_lock lock(counted_->mutex);
        rules = counted_->rules;
    }
    std::vector<prometheus::MetricFamily> families = counted_->registry.Collect();
    for (auto&& more : {gather(sources, rules), gather_process()}) {
        families.insert(families.end(), more.begin(), more.end());
    }
    std::erase_if(families, [](const auto& family) { return family.metric.empty(); });
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, families);
    return out.str();
}

}  // namespace plimsoll::metrics
