#include "daemon/app/daemon.hpp"

#include "daemon/app/backup.hpp"
#include "daemon/app/current.hpp"
#include "daemon/app/destinations.hpp"
#include "daemon/app/ending.hpp"
#include "daemon/app/logging.hpp"
#include "daemon/app/notify.hpp"
#include "daemon/app/reload.hpp"
#include "daemon/app/signals.hpp"
#include "daemon/app/sink_test.hpp"
#include "daemon/app/stages.hpp"
#include "daemon/app/state_lost.hpp"
#include "daemon/app/upkeep.hpp"
#include "daemon/app/wall_time.hpp"
#include "daemon/app/watchdog.hpp"
#include "daemon/http/names.hpp"
#include "daemon/http/server.hpp"
#include "daemon/metrics/metrics.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <optional>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <utility>

namespace plimsoll::app {
namespace {

using namespace std::chrono_literals;

/// A stop takes less than 10 s: deliveries under way get the first part of it, and what does not
/// end by the second is cut off.
constexpr auto kDeliveryGrace = 7s;
constexpr auto kStopWithin = 9s;
/// Deliveries under way at a reload; longer ones are made again.
constexpr auto kReloadGrace = 5s;
constexpr auto kFirstRetry = 1000ms;
constexpr auto kLastRetry = 30'000ms;

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

/// What the operator can do about a store that does not open.
std::string advice(store::StoreFault fault) {
    switch (fault) {
        case store::StoreFault::corrupt:
            return "; move the file away or restore a backup, or start without --strict-state: the "
                   "daemon then sets it aside and begins from the chain";
        case store::StoreFault::newer_schema:
            return "; run the newer version again, or restore a backup from before the upgrade";
        case store::StoreFault::read_only:
            return "; the daemon's user must own the state directory and be able to write there";
        case store::StoreFault::locked:
            return "; stop the other one, or give this one a state directory of its own";
        default:
            return "";
    }
}

Unexpected<StartError> cannot_start(int code, std::string message) {
    return Unexpected<StartError>{StartError{code, std::move(message)}};
}

/// The daemon's parts, in the order they are built; taken down in reverse.
class Daemon {
  public:
    Daemon(config::Settings settings, const RunOptions& options)
        : options_(options), settings_(settings.daemon), first_(std::move(settings)) {}

    int run() {
        if (const auto built = build(); !built) {
            print_error("plimsoll: " + built.error().message);
            return built.error().exit_code;
        }
        start();
        wait_for_the_end();
        stop();
        return kOk;
    }

  private:
    Expected<void, StartError> build() {
        metrics_.expect(first_);
        if (auto opened = open_store(); !opened) return opened;
        auto made = Stages::make(std::move(first_), foundation(), 0);
        if (!made) return Unexpected<StartError>{made.error()};
        if (auto told = tell_lost_state(**made); !told) return told;
        if (auto prepared = (*made)->prepare(); !prepared) {
            return cannot_start(exit_code(prepared.error().kind), prepared.error().message);
        }
        current_.set(std::move(*made));
        view::ConfigStatus config;
        config.loaded_at = unix_seconds();
        current_.set(config);
        metrics_.configuration_read(true, config.loaded_at);
        return open_listeners();
    }

    Expected<void, StartError> open_store() {
        store::Store::OpenOptions options;
        options.strict = options_.strict_state;
        options.observer = &metrics_.storage();
        auto opened = store::Store::open(settings_.state_dir, options);
        if (!opened) {
            const store::StoreError& error = opened.error();
            return cannot_start(exit_code(error.kind), error.message + advice(error.kind));
        }
        if (!opened->moved_aside.empty()) {
            spdlog::error(
                "the stored state was damaged ({}) and is set aside as {}; starting from the chain",
                opened->defect, opened->moved_aside);
        }
        store_ = std::move(opened->store);
        opened_ = std::move(*opened);
        return {};
    }

    /// Before anything else is stored: a start that fails after this has told it.
    Expected<void, StartError> tell_lost_state(Stages& stages) {
        if (opened_.moved_aside.empty()) return {};
        const auto told =
            stages.tell(state_lost(opened_, static_cast<std::uint64_t>(unix_seconds())));
        if (told) return {};
        return cannot_start(exit_code(told.error().kind), told.error().message);
    }

    Foundation foundation() { return {*store_, pulses_, metrics_, clock_}; }

    std::string metrics_text() {
        const auto stages = current_.get();
        return metrics_.text({*stages, *store_, [&stages] { return stages->sinks(); },
                              [&stages] { return stages->snapshotter().last_success(); },
                              stages->settings().snapshots.tables});
    }

    Expected<void, StartError> open_listeners() {
        api_ = std::make_unique<http::Api>(http::Api::Parts{
            current_, *store_, [this](std::string& reason) { return is_healthy(reason); },
            [this] { return sinks_json(current_.get()->sinks()); },
            [this] { return metrics_text(); }});
        if (!settings_.http_listen.empty()) {
            auto server = http::Server::open(settings_.http_listen, *api_, pulses_);
            if (!server) {
                return cannot_start(kUnavailable,
                                    "[daemon] http_listen: " + server.error().message +
                                        "; stop what listens there, or choose another address");
            }
            server_ = std::move(*server);
            spdlog::info("listening on {}", server_->url());
        }
        const auto path = control_socket_path(current_.get()->settings());
        http::ControlActions actions{[this] { return snapshot_now(); },
                                     [this] { return back_up(*store_, settings_.state_dir); },
                                     [this](const http::Request& asked) { return operate(asked); }};
        auto control = http::ControlSocket::open(path, *api_, std::move(actions), pulses_);
        if (control) {
            control_ = std::move(*control);
        } else {
            // The daemon works without; only `plimsoll snapshot now` and live reading do not.
            spdlog::warn("{}", control.error().message);
        }
        return {};
    }

    bool is_healthy(std::string& reason) const {
        const auto stuck = pulses_.stuck();
        if (stuck.empty()) return true;
        reason = "stuck: " + pulse::joined(stuck);
        return false;
    }

    Expected<std::size_t, std::string> snapshot_now() {
        const auto stages = current_.get();
        auto taken = stages->snapshotter().take_now();
        if (!taken) return Unexpected<std::string>{taken.error().message};
        return *taken;
    }

    /// An operator's command.
    http::OperationResult operate(const http::Request& asked) {
        const auto stages = current_.get();
        const bool is_test = asked.path == "sink/test";
        if (is_test || asked.path == "sink/enable") {
            const auto name = asked.query.find("name");
            const std::string sink = name == asked.query.end() ? "" : name->second;
            if (auto wrong = http::unknown_name("sink", sink, sink_names(stages->settings()))) {
                return Unexpected<http::OperationError>{{404, std::move(*wrong)}};
            }
            if (is_test) return test_sink(*stages, sink);
            stages->enable_sink(sink);
        }
        auto done =
            http::operate(*store_, asked, unix_seconds() * 1000, destinations(stages->settings()));
        if (http::changes_outbox(asked.path)) {
            const auto sink = asked.query.find("sink");
            stages->hurry_outbox(sink == asked.query.end() ? std::string_view() : sink->second);
        }
        return done;
    }

    static http::OperationResult test_sink(Stages& stages, const std::string& sink) {
        const auto sent = stages.test_sink(sink);
        if (!sent) return Unexpected<http::OperationError>{{503, sent.error()}};
        view::Row out;
        out["sent"] = sink;
        return out;
    }

    void start() {
        current_.get()->start();
        watchdog_.start();
        upkeep_.start();
        notifier_.ready(status());
        spdlog::info("plimsoll " PLIMSOLL_VERSION " runs; state in {}",
                     settings_.state_dir.string());
    }

    std::string status() const {
        const auto stages = current_.get();
        std::uint64_t queued = 0;
        for (const outbox::SinkStatus& sink : stages->sinks()) queued += sink.queued;
        return status_line(stages->chains(), queued);
    }

    void wait_for_the_end() {
        for (;;) {
            const auto signal = signals_.wait(1h);
            if (!signal) continue;
            switch (*signal) {
                case SIGTERM:
                case SIGINT:
                    return;
                case SIGHUP:
                    upkeep_.reload_soon();
                    break;
                case SIGUSR1:
                    current_.get()->snapshotter().take_soon();
                    break;
                default:
                    break;
            }
        }
    }

    // ---- reload, in the thread of the upkeep

    void reload() {
        spdlog::info("reloading the configuration");
        notifier_.reloading();
        view::ConfigStatus outcome = current_.config();
        ++outcome.reloads;
        outcome.problem = replace();
        outcome.last_reload_successful = outcome.problem.empty();
        if (outcome.problem.empty()) {
            outcome.loaded_at = unix_seconds();
            spdlog::info("the configuration was reloaded");
        } else {
            spdlog::error("the configuration was not reloaded, the one in use stays: {}",
                          outcome.problem);
        }
        current_.set(outcome);
        metrics_.configuration_read(outcome.last_reload_successful, unix_seconds());
        notifier_.ready(
            outcome.problem.empty() ? status() : "the changed configuration is wrong, see the log");
    }

    /// Why the configuration stays the old one; empty when it was replaced.
    std::string replace() {
        auto loaded = options_.load();
        if (!loaded) {
            for (const auto& error : loaded.error()) spdlog::error("{}", to_string(error));
            return to_string(loaded.error().front());
        }
        for (const auto& warning : loaded->warnings) spdlog::warn("{}", to_string(warning));
        for (const auto& kept : keep_fixed(loaded->daemon, settings_)) spdlog::warn("{}", kept);
        const auto old = current_.get();
        auto made =
            Stages::make(std::move(*loaded), foundation(), old->snapshotter().last_success());
        if (!made) return made.error().message;

        if (!old->stop(kReloadGrace)) {
            spdlog::warn("some deliveries took too long and are made again");
        }
        if (!prepare(**made)) return "the daemon is stopping";
        set_log_level((*made)->settings().daemon.log_level);
        const std::shared_ptr<Stages> next = std::move(*made);
        metrics_.expect(next->settings());
        current_.set(next);
        next->start();
        return {};
    }

    /// The old stages have stopped, so there is no way back: tries until the store answers. False
    /// when the daemon stops before.
    bool prepare(Stages& stages) {
        for (auto pause = kFirstRetry; !upkeep_.stopping();
             pause = std::min(2 * pause, kLastRetry)) {
            const auto prepared = stages.prepare();
            if (prepared) return true;
            spdlog::error("reload: store: {}; trying again", prepared.error().message);
            upkeep_.wait(pause);
        }
        return false;
    }

    void stop() {
        spdlog::info("stopping");
        ending_.emplace(signals_, kStopWithin);
        notifier_.stopping();
        watchdog_.stop();
        upkeep_.stop();
        if (!current_.get()->stop(kDeliveryGrace)) {
            spdlog::warn("some deliveries were cut off; they are made again after the next start");
        }
        control_.reset();
        server_.reset();
        spdlog::info("stopped");
    }

    const RunOptions& options_;
    const config::DaemonSettings settings_;  ///< what no reload changes is true for good
    config::Settings first_;                 ///< until the first stages have it
    Signals signals_;
    std::optional<Ending> ending_;  ///< lives until everything below is gone
    const Notifier notifier_;
    pulse::Pulses pulses_;
    metrics::Metrics metrics_;
    store::Store::Opened opened_;  ///< what was said about the state; the store itself is `store_`
    std::unique_ptr<store::Store> store_;
    outbox::SystemClock clock_;
    Current current_;
    std::unique_ptr<http::Api> api_;
    std::unique_ptr<http::Server> server_;
    std::unique_ptr<http::ControlSocket> control_;
    Watchdog watchdog_{notifier_, pulses_, watchdog_interval()};
    Upkeep upkeep_{pulses_,
                   {[this] { reload(); }, [this] { return purge_step(*store_); },
                    [this] {
                        notifier_.status(status());
                        current_.get()->tell_idle_bands();
                    },
                    [this] { current_.get()->look_after_delivery(); }}};
};

}  // namespace

void guard_memory() {
    const rlimit none{0, 0};
    (void)::setrlimit(RLIMIT_CORE, &none);
    (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int run_daemon(config::Settings settings, const RunOptions& options) {
    set_log_level(settings.daemon.log_level);
    return Daemon(std::move(settings), options).run();
}

std::filesystem::path control_socket_path(const config::Settings& settings) {
    if (!settings.daemon.control_socket.empty()) return settings.daemon.control_socket;
    return settings.daemon.state_dir / "control.sock";
}

}  // namespace plimsoll::app
