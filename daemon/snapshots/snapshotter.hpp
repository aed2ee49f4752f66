#pragma once

#include "daemon/snapshots/writer.hpp"
#include "daemon/store/store.hpp"
#include "daemon/view/view.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace plimsoll::snapshots {

/// Takes a snapshot of every chain when one is due or asked for, in a thread of its own. Ledgers
/// are copied in a moment and turned into rows afterwards, so rounds do not wait.
class Snapshotter {
  public:
    struct Parts {
        const config::Settings& settings;
        view::Live& live;
        store::Store& store;
        std::function<std::int64_t()> unix_seconds;
    };
    explicit Snapshotter(Parts parts);
    ~Snapshotter();

    void start();
    void stop();
    /// A round finished: the first one is snapshot at once.
    void wake();
    /// Takes a snapshot of every chain now and waits for it. Safe from any thread.
    Expected<std::size_t, WriteError> take_now();

    /// Unix seconds of the last complete run; 0: none yet.
    std::int64_t last_success() const;

  private:
    void run();
    bool is_due() const;
    Expected<std::size_t, WriteError> take();
    Expected<Tables, WriteError> tables_of(const std::string& chain, const std::string& caip2);

    Parts parts_;
    std::mutex taking_;         ///< one run at a time
    mutable std::mutex mutex_;  ///< guards the rest
    std::condition_variable changed_;
    bool stopping_ = false;
    bool woken_ = false;
    std::int64_t next_ = 0;
    std::int64_t last_success_ = 0;
    std::thread thread_;
};

}  // namespace plimsoll::snapshots
