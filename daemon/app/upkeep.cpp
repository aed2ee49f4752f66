#include "daemon/app/upkeep.hpp"

#include "daemon/app/chain_worker.hpp"
#include "daemon/app/logging.hpp"
#include "daemon/app/wall_time.hpp"

#include <utility>

namespace plimsoll::app {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookForWork = 100ms;
constexpr auto kStatusEvery = 10s;
constexpr auto kPurgeEvery = 10min;
constexpr auto kRepeatsEvery = 1s;
constexpr auto kDeliveryEvery = 1s;
/// A reload waits for deliveries under way, and for a store that is busy.
constexpr std::chrono::milliseconds kLongestTask = 5min;
/// Finished alerts and messages are kept for so long.
constexpr std::int64_t kKeepFinishedMs = 30LL * 24 * 3600 * 1000;

/// Comes round after `every`.
class Turn {
  public:
    using Clock = std::chrono::steady_clock;

    explicit Turn(Clock::duration every) : every_(every), next_(Clock::now() + every) {}
    bool is_due(Clock::time_point now) {
        if (now < next_) return false;
        next_ = now + every_;
        return true;
    }
    void again(Clock::time_point now) { next_ = now; }

  private:
    Clock::duration every_;
    Clock::time_point next_;
};

}  // namespace

Upkeep::Upkeep(pulse::Pulses& pulses, Tasks tasks) : pulses_(pulses), tasks_(std::move(tasks)) {}

Upkeep::~Upkeep() { stop(); }

void Upkeep::start() {
    pulse_ = pulses_.begin("upkeep", kLongestTask);
    thread_ = std::thread([this] { run(); });
}

void Upkeep::stop() {
    stop_.request();
    if (thread_.joinable()) thread_.join();
}

void Upkeep::reload_soon() { reload_asked_ = true; }

void Upkeep::wait(std::chrono::milliseconds pause) {
    pulse_.beat_before(pause);
    stop_.wait(pause);
}

void Upkeep::run() {
    Turn status(kStatusEvery);
    Turn purge(kPurgeEvery);
    Turn repeats(kRepeatsEvery);
    Turn delivery(kDeliveryEvery);
    while (!stop_.requested()) {
        pulse_.beat();
        if (reload_asked_.exchange(false)) tasks_.reload();
        const auto now = std::chrono::steady_clock::now();
        if (repeats.is_due(now)) tell_repeats();
        if (status.is_due(now)) tasks_.tell_status();
        if (delivery.is_due(now)) tasks_.look_after_delivery();
        if (purge.is_due(now) && tasks_.purge()) purge.again(now);
        wait(kLookForWork);
    }
}

bool purge_step(store::Store& store) {
    const auto more = store.purge(unix_seconds() * 1000 - kKeepFinishedMs);
    return more && *more;
}

}  // namespace plimsoll::app
