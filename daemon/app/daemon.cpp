#include "daemon/app/daemon.hpp"

#include "abi/address.hpp"
#include "daemon/alerts/sign.hpp"
#include "daemon/app/chain_worker.hpp"
#include "daemon/app/logging.hpp"
#include "daemon/app/notify.hpp"
#include "daemon/app/rotation.hpp"
#include "daemon/app/signals.hpp"
#include "daemon/app/stop.hpp"
#include "daemon/http/server.hpp"
#include "daemon/outbox/outbox.hpp"
#include "daemon/sinks/make.hpp"
#include "daemon/snapshots/snapshotter.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <utility>

namespace plimsoll::app {
namespace {

using namespace std::chrono_literals;

constexpr auto kDeliveryGrace = 10s;
/// A polling thread that gave no sign of life for so long hangs: every call of it is bounded below.
constexpr std::int64_t kMaxSilenceSeconds = 600;
/// Finished alerts and messages are kept for so long.
constexpr std::int64_t kKeepFinishedMs = 30LL * 24 * 3600 * 1000;
constexpr auto kUpkeepEvery = 10min;

int complain(int code, const std::string& message) {
    std::cerr << "plimsoll: " << message << "\n";
    return code;
}

int exit_code(store::StoreFault fault) {
    switch (fault) {
        case store::StoreFault::corrupt:
        case store::StoreFault::newer_schema:
            return kStateData;
        case store::StoreFault::read_only:
            return kPermission;
        case store::StoreFault::locked:
            return kUnavailable;
        default:
            return kIo;
    }
}

/// No core dumps and no reading of this process's memory by others of its user: it holds keys.
void guard_memory() {
    const rlimit none{0, 0};
    (void)::setrlimit(RLIMIT_CORE, &none);
    (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/// All chains together, for those who look.
class AllChains final : public view::Live {
  public:
    std::vector<view::ChainStatus> chains() const override {
        std::vector<view::ChainStatus> out;
        for (const auto& worker : workers) out.push_back(worker->follower().chain_status());
        return out;
    }
    std::vector<view::ProtocolStatus> protocols() const override {
        std::vector<view::ProtocolStatus> out;
        for (const auto& worker : workers) {
            auto statuses = worker->follower().protocol_statuses();
            std::move(statuses.begin(), statuses.end(), std::back_inserter(out));
        }
        return out;
    }
    void read(const Use& use) const override { read_from(0, {}, use); }

    std::vector<std::unique_ptr<ChainWorker>> workers;

  private:
    /// Holds every chain still at once, then hands all views over.
    void read_from(std::size_t index, std::vector<view::ProtocolView> gathered,
                   const Use& use) const {
        if (index == workers.size()) {
            use(gathered);
            return;
        }
        workers[index]->follower().read([&](std::span<const view::ProtocolView> views) {
            gathered.insert(gathered.end(), views.begin(), views.end());
            read_from(index + 1, std::move(gathered), use);
        });
    }
};

std::string sinks_json(outbox::Outbox& outbox) {
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    for (const outbox::SinkStatus& sink : outbox.status()) {
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

/// The daemon's parts, in the order they are built; taken down in reverse.
class Daemon {
  public:
    explicit Daemon(const config::Settings& settings) : settings_(settings) {}

    int run() {
        if (const int code = build(); code != kOk) return code;
        start();
        loop();
        stop();
        return kOk;
    }

  private:
    int build() {
        if (const int code = open_store(); code != kOk) return code;
        if (const int code = make_signer(); code != kOk) return code;
        if (const int code = make_outbox(); code != kOk) return code;
        if (const int code = make_workers(); code != kOk) return code;
        snapshotter_ = std::make_unique<snapshots::Snapshotter>(
            snapshots::Snapshotter::Parts{settings_, chains_, *store_, unix_seconds});
        return open_listeners();
    }

    int open_store() {
        auto opened = store::Store::open(settings_.daemon.state_dir, {});
        if (!opened) return complain(exit_code(opened.error().kind), opened.error().message);
        if (!opened->moved_aside.empty()) {
            spdlog::error(
                "the stored state was damaged and is set aside as {}; starting from the "
                "chain",
                opened->moved_aside);
        }
        store_ = std::move(opened->store);
        return kOk;
    }

    int make_signer() {
        if (settings_.signing.key.empty()) return kOk;
        auto signer = alerts::Signer::make(settings_.signing.key, settings_.signing.expect_address);
        if (!signer) return complain(kConfig, "[signing]: " + signer.error().message);
        signer_.emplace(std::move(*signer));
        spdlog::info("alerts are signed by {}", to_checksum(signer_->address()));
        return announce_previous();
    }

    /// Says which key signs from now on, where the settings name the one before.
    int announce_previous() {
        if (settings_.signing.previous.empty()) return kOk;
        const auto old = alerts::Signer::make(settings_.signing.previous, std::nullopt);
        if (!old) return complain(kConfig, "[signing] 'previous': " + old.error().message);
        if (old->address() == signer_->address()) {
            return complain(kConfig, "[signing]: 'previous' and 'key' are the same key");
        }
        const auto announced =
            announce_rotation(*store_, settings_, *old, *signer_, unix_seconds() * 1000);
        return announced ? kOk
                         : complain(exit_code(announced.error().kind), announced.error().message);
    }

    rules::Signature sign(std::string_view body) const {
        if (!signer_) return {};
        const auto typed = alerts::typed_alert(body);
        return {signer_->sign(body), to_checksum(signer_->address()),
                typed ? signer_->sign_typed(*typed) : std::string()};
    }

    int make_outbox() {
        std::vector<std::unique_ptr<sinks::Sink>> sinks;
        std::vector<std::string> names;
        for (const config::SinkSettings& sink : settings_.sinks) {
            auto made = sinks::make_sink(sink, settings_.daemon.state_dir);
            if (!made) return complain(kConfig, made.error().message);
            sinks.push_back(std::move(*made));
            names.push_back(sink.name);
        }
        if (const auto retired = store_->retire_sinks(names, unix_seconds() * 1000); !retired) {
            return complain(kIo, retired.error().message);
        }
        outbox_ = std::make_unique<outbox::Outbox>(*store_, std::move(sinks), outbox_clock_,
                                                   outbox::Outbox::Options{});
        return kOk;
    }

    int make_workers() {
        const auto rows = store_->rule_states();
        if (!rows) return complain(kIo, rows.error().message);
        const WorkerParts parts{settings_,
                                *store_,
                                stop_,
                                [this](std::string_view body) { return sign(body); },
                                [this] { outbox_->wake(); },
                                [this] { snapshotter_->wake(); }};
        for (const config::ChainSettings& chain : settings_.chains) {
            chains_.workers.push_back(std::make_unique<ChainWorker>(chain, parts, *rows));
        }
        return kOk;
    }

    int open_listeners() {
        api_ = std::make_unique<http::Api>(http::Api::Parts{
            chains_, *store_, [this](std::string& reason) { return is_healthy(reason); },
            [this] { return sinks_json(*outbox_); }});
        if (!settings_.daemon.http_listen.empty()) {
            auto server = http::Server::open(settings_.daemon.http_listen, *api_);
            if (!server) return complain(kUnavailable, "http_listen: " + server.error().message);
            server_ = std::move(*server);
            spdlog::info("listening on {}", server_->url());
        }
        const auto path = control_socket_path(settings_);
        auto control =
            http::ControlSocket::open(path, *api_, {[this]() -> Expected<std::size_t, std::string> {
                                          auto taken = snapshotter_->take_now();
                                          if (!taken)
                                              return Unexpected<std::string>{taken.error().message};
                                          return *taken;
                                      }});
        if (!control) {
            // The daemon works without; only `plimsoll snapshot now` and live reading do not.
            spdlog::warn("{}", control.error().message);
            return kOk;
        }
        control_ = std::move(*control);
        return kOk;
    }

    bool is_healthy(std::string& reason) const {
        const std::int64_t now = unix_seconds();
        for (const auto& worker : chains_.workers) {
            if (now - worker->last_beat() <= kMaxSilenceSeconds) continue;
            reason = worker->follower().chain_status().name + ": the polling thread hangs";
            return false;
        }
        return true;
    }

    void start() {
        outbox_->start();
        snapshotter_->start();
        for (const auto& worker : chains_.workers) worker->start();
        notify_systemd("READY=1");
        spdlog::info("plimsoll " PLIMSOLL_VERSION " runs; state in {}",
                     settings_.daemon.state_dir.string());
    }

    void loop() {
        auto next_upkeep = std::chrono::steady_clock::now() + kUpkeepEvery;
        for (;;) {
            const auto signal = signals_.wait(1s);
            if (signal == SIGTERM || signal == SIGINT) {
                spdlog::info("stopping");
                return;
            }
            if (signal == SIGHUP) {
                spdlog::warn("a changed configuration takes effect with the next start");
            }
            if (signal == SIGUSR1) {
                const auto taken = snapshotter_->take_now();
                if (!taken) spdlog::error("snapshot: {}", taken.error().message);
            }
            std::string reason;
            if (is_healthy(reason)) notify_systemd("WATCHDOG=1");
            notify_systemd("STATUS=" + status_line());
            if (std::chrono::steady_clock::now() >= next_upkeep) {
                next_upkeep += kUpkeepEvery;
                purge();
            }
        }
    }

    std::string status_line() const {
        std::string out;
        for (const auto& chain : chains_.chains()) {
            out += (out.empty() ? "" : ", ") + chain.name + " " +
                   std::to_string(chain.processed.number) + " (" +
                   std::string(view::to_string(chain.state)) + ")";
        }
        return out;
    }

    void purge() {
        const std::int64_t before = unix_seconds() * 1000 - kKeepFinishedMs;
        for (int step = 0; step < 20; ++step) {
            const auto more = store_->purge(before);
            if (!more || !*more) return;
        }
    }

    void stop() {
        notify_systemd("STOPPING=1");
        stop_.request();
        for (const auto& worker : chains_.workers) worker->cancel();
        chains_joined();
        snapshotter_->stop();
        if (!outbox_->stop(kDeliveryGrace)) {
            spdlog::warn("some messages were cut off; they are sent after the next start");
        }
        control_.reset();
        server_.reset();
        spdlog::info("stopped");
    }

    /// The listeners may still look at the followers, so only the threads end here.
    void chains_joined() {
        for (const auto& worker : chains_.workers) worker->join();
    }

    const config::Settings& settings_;
    Signals signals_;
    Stop stop_;
    std::unique_ptr<store::Store> store_;
    std::optional<alerts::Signer> signer_;
    outbox::SystemClock outbox_clock_;
    std::unique_ptr<outbox::Outbox> outbox_;
    AllChains chains_;
    std::unique_ptr<snapshots::Snapshotter> snapshotter_;
    std::unique_ptr<http::Api> api_;
    std::unique_ptr<http::Server> server_;
    std::unique_ptr<http::ControlSocket> control_;
};

}  // namespace

int run_daemon(const config::Settings& settings) {
    guard_memory();
    set_up_logging(settings.daemon.log_level);
    return Daemon(settings).run();
}

std::filesystem::path control_socket_path(const config::Settings& settings) {
    if (!settings.daemon.control_socket.empty()) return settings.daemon.control_socket;
    return settings.daemon.state_dir / "control.sock";
}

}  // namespace plimsoll::app
