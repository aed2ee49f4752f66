#include "daemon/store/convoy.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace plimsoll::store {
namespace {

/// A transaction that takes less is cheaper than any wait.
constexpr std::chrono::milliseconds kQuick{1};

StoreError copy_of(const StoreError& error) {
    try {
        return error;
    } catch (const std::bad_alloc&) {
        return out_of_memory();
    }
}

}  // namespace

Convoy::Change* Convoy::lead(Change& mine) {
    std::unique_lock lock(mutex_);
    (last_ == nullptr ? first_ : last_->next_) = &mine;
    last_ = &mine;
    ++waiting_;
    came_.notify_one();
    over_.wait(lock, [&] { return mine.is_over_ || !is_led_; });
    if (mine.is_over_) return nullptr;
    is_led_ = true;
    came_.wait_for(lock, patience_, [this] { return waiting_ >= expected_; });
    last_ = nullptr;
    waiting_ = 0;
    return std::exchange(first_, nullptr);
}

/// A change that is over may be gone as soon as its thread can see it.
void Convoy::finish(Change& first, const StoreError* error, Duration took) {
    const std::lock_guard lock(mutex_);
    patience_ = took < kQuick ? Duration{0} : std::min<Duration>(took / 2, most_patience_);
    expected_ = waiting_;
    for (Change* change = &first; change != nullptr; change = change->next_) {
        ++expected_;
        if (error != nullptr && !change->error) change->error = copy_of(*error);
        change->is_over_ = true;
    }
    is_led_ = false;
    over_.notify_all();
}

void Convoy::apply_all(Database& db, Change& first) {
    if (first.next_ == nullptr) return first.apply(db);
    for (Change* change = &first; change != nullptr; change = change->next_) {
        db.script("SAVEPOINT change");
        try {
            change->apply(db);
        } catch (const Failure& failure) {
            if (failure.error().kind != StoreFault::misuse || !db.in_transaction()) throw;
            change->error = failure.error();
            db.script("ROLLBACK TO change");
        }
        db.script("RELEASE change");
    }
}

}  // namespace plimsoll::store
