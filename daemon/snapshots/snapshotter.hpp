#pragma once

#include "daemon/pulse/pulses.hpp"
#include "daemon/snapshots/writer.hpp"
#include "daemon/store/store.hpp"
#include "daemon/view/view.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace plimsoll::snapshots {

/// The block that the liquidations of a run at `block` begin after. `previous` is what the last run
/// left in the store: the block it began after, '/', its own block. The same block again is the
/// same run again.
BlockNumber liquidations_after(const std::optional<std::string>& previous, BlockNumber block);

/// Takes a snapshot of every chain when one is due or asked for, in a thread of its own. Ledgers
/// are copied in a moment and turned into rows afterwards, so rounds do not wait.
class Snapshotter {
  public:
    struct Parts {
        const config::Settings& settings;
        view::Live& live;
        store::Store& store;
        std::function<std::int64_t()> unix_seconds;
        pulse::Pulses* pulses = nullptr;  ///< where the thread beats; must outlive this
        std::int64_t last_success = 0;  ///< of an earlier one; 0: the first snapshot is due at once
    };
    explicit Snapshotter(Parts parts);
    ~Snapshotter();

    void start();
    /// Ends the thread; a run under way is given up between two of its tables.
    void stop();
    /// A round finished: the first one is snapshot at once.
    void wake();
    /// Asks the thread for a snapshot now, due or not. Safe from any thread.
    void take_soon();
    /// Takes a snapshot of every chain now and waits for it. Safe from any thread.
    Expected<std::size_t, WriteError> take_now();

    /// Unix seconds of the last complete run; 0: none yet.
    std::int64_t last_success() const;

  private:
    void run();
    bool is_due() const;
    bool is_stopping() const;
    Expected<std::size_t, WriteError> take();
    Expected<Tables, WriteError> tables_of(const std::string& chain, const std::string& caip2);

    Parts parts_;
    std::mutex taking_;         ///< one run at a time
    mutable std::mutex mutex_;  ///< guards the rest
    std::condition_variable changed_;
    bool stopping_ = false;
    bool woken_ = false;
    bool asked_ = false;  ///< for a snapshot that is not due
    std::int64_t next_ = 0;
    std::int64_t last_success_ = 0;
    pulse::Pulse pulse_;
    std::thread thread_;
};

}  // namespace plimsoll::snapshots
