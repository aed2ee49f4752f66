#pragma once

#include "daemon/store/sqlite.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>

namespace plimsoll::store {

/// Makes one transaction of the changes that several threads ask for at the same time: a sync costs
/// the same for one as for twenty. Who comes while a transaction is on its way waits for the next
/// one, which takes all that have come by then, and waits a moment for those that came along last
/// time: threads that were released together are back together, and would else take turns, each
/// waiting for the syncs of two transactions. Allocates nothing. Members are safe from any thread.
class Convoy {
  public:
    /// One change. It lives on the stack of the thread that waits for it.
    class Change {
      public:
        Change() = default;
        Change(const Change&) = delete;
        Change& operator=(const Change&) = delete;
        virtual ~Change() = default;

        virtual void apply(Database& db) = 0;
        /// None: it is durable.
        std::optional<StoreError> error;

      private:
        friend class Convoy;
        Change* next_ = nullptr;
        bool is_over_ = false;
    };

    /// However long transactions take, nobody waits longer than `most_patience` for company.
    explicit Convoy(std::chrono::milliseconds most_patience = std::chrono::milliseconds{5})
        : most_patience_(most_patience) {}

    /// Returns when `mine` is over. `commit` is `Expected<void, StoreError>(Change&)`: calls
    /// `apply_all` in a transaction; it throws nothing.
    template <class Commit>
    void carry(Change& mine, const Commit& commit) {
        Change* const first = lead(mine);
        if (first == nullptr) return;
        const auto begin = std::chrono::steady_clock::now();
        const Expected<void, StoreError> done = commit(*first);
        finish(*first, done ? nullptr : &done.error(), std::chrono::steady_clock::now() - begin);
    }

    /// Applies it and all that came after it. One that contradicts what is stored is left out and
    /// holds the error; every other failure is thrown and is that of all.
    static void apply_all(Database& db, Change& first);

  private:
    using Duration = std::chrono::steady_clock::duration;

    /// The changes to be made by this thread; none: another one made `mine`.
    Change* lead(Change& mine);
    void finish(Change& first, const StoreError* error, Duration took);

    const Duration most_patience_;
    std::mutex mutex_;  // guards the members below
    std::condition_variable over_;
    std::condition_variable came_;
    Change* first_ = nullptr;  ///< those that wait, in their order
    Change* last_ = nullptr;
    std::size_t waiting_ = 0;   ///< how many they are
    std::size_t expected_ = 0;  ///< how many are worth waiting for
    Duration patience_{0};      ///< for how long
    bool is_led_ = false;       ///< a transaction is on its way
};

}  // namespace plimsoll::store
