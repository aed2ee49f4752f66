#include "daemon/app/ending.hpp"

#include "daemon/app/daemon.hpp"

#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdlib>

namespace plimsoll::app {
namespace {

constexpr std::chrono::milliseconds kLookForSignal{50};
constexpr int kSignalled = 128;  // as shells say it

}  // namespace

Ending::Ending(Signals& signals, std::chrono::milliseconds deadline)
    : thread_([this, &signals, until = std::chrono::steady_clock::now() + deadline] {
          watch(signals, until);
      }) {}

Ending::~Ending() {
    done_.request();
    thread_.join();
}

void Ending::watch(Signals& signals, std::chrono::steady_clock::time_point deadline) {
    while (!done_.requested()) {
        const auto signal = signals.wait(kLookForSignal);
        if (signal == SIGTERM || signal == SIGINT) {
            spdlog::warn("ending at once");
            std::_Exit(kSignalled + *signal);
        }
        if (std::chrono::steady_clock::now() < deadline || done_.requested()) continue;
        spdlog::warn("something does not end; the state is safe, so the process ends now");
        std::_Exit(kOk);
    }
}

}  // namespace plimsoll::app
