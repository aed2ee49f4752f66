#include "tests/daemon/store/fault_vfs.hpp"
#include "tests/daemon/store/scenario.hpp"
#include "tests/daemon/store/support.hpp"
#include "tests/support/effort.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace plimsoll::store {
namespace {

using testing::AnyOf;
using testing::Eq;

struct Fault {
    const char* name;
    unsigned calls;
    int code;
    bool lasting;
    StoreFault kind;
    int stride;  ///< 1: at every call; the kinds that resemble another one take every few
};

/// A disk that fails once, at every possible moment of a store's life.
class Faults : public testing::TestWithParam<Fault> {
  protected:
    /// The scenario with the `nth` call failing; false when no call failed.
    bool disturbed_at(int nth) {
        FaultVfs vfs;
        const TempDir temp;
        auto opened = Store::open(temp.path(), {});
        EXPECT_TRUE(opened.has_value());
        Store& store = *opened->store;
        vfs.fail(GetParam().calls, nth, GetParam().code, GetParam().lasting);
        for (std::size_t i = 0; i < steps_.size(); ++i) {
            if (const auto outcome = steps_[i].change(store); !outcome) {
                EXPECT_EQ(outcome.error().kind, GetParam().kind) << outcome.error().message;
                EXPECT_TRUE(outcome.error().retryable());
                EXPECT_FALSE(store.healthy());
                vfs.heal();
                recover(store, i);
            }
            EXPECT_TRUE(store.healthy());
        }
        vfs.heal();
        const bool failed = vfs.has_failed();
        EXPECT_EQ(describe(store), states_.back());
        opened->store.reset();
        check_file(temp.path());
        return failed;
    }

    /// The disk is well again: all or nothing of step `i` is there, and the rest can be made.
    void recover(Store& store, std::size_t i) {
        const std::string found = describe(store);
        EXPECT_THAT(found, AnyOf(Eq(states_[i]), Eq(states_[i + 1]))) << steps_[i].name;
        if (found != states_[i + 1]) {
            ok(steps_[i].change(store));
            EXPECT_EQ(describe(store), states_[i + 1]) << steps_[i].name;
        } else {
            ok(store.set_meta("probe", "1"));
        }
    }

    void check_file(const std::filesystem::path& dir) {
        auto opened = Store::open(dir, {.strict = true});
        ASSERT_TRUE(opened.has_value()) << opened.error().message;
        EXPECT_EQ(describe(*opened->store), states_.back());
    }

    void play(std::vector<Step> steps) {
        steps_ = std::move(steps);
        states_ = undisturbed_states(steps_);
    }

  private:
    std::vector<Step> steps_;
    std::vector<std::string> states_;
};

TEST_P(Faults, leave_nothing_half_done_at_any_call) {
    play(scenario());
    int nth = 1;
    while (disturbed_at(nth) && !HasFailure()) {
        nth += test::stride(GetParam().stride);
    }
    EXPECT_GT(nth, 10);
}

TEST_P(Faults, leave_nothing_half_done_while_the_log_is_folded_in) {
    play(large_scenario());
    // Most calls of a large round are alike: some of them stand for all.
    for (int nth = 1; disturbed_at(nth) && !HasFailure(); nth += test::stride(1) + nth / 3) {
    }
}

INSTANTIATE_TEST_SUITE_P(
    Disk, Faults,
    testing::Values(Fault{"full_once", kWrite, SQLITE_FULL, false, StoreFault::full, 5},
                    Fault{"full", kWrite, SQLITE_FULL, true, StoreFault::full, 1},
                    Fault{"write_error_once", kWrite, SQLITE_IOERR_WRITE, false, StoreFault::io, 5},
                    Fault{"write_error", kWrite, SQLITE_IOERR_WRITE, true, StoreFault::io, 3},
                    Fault{"sync_error_once", kSync, SQLITE_IOERR_FSYNC, false, StoreFault::io, 1},
                    Fault{"sync_error", kSync, SQLITE_IOERR_FSYNC, true, StoreFault::io, 1},
                    Fault{"everything", kChanging | kRead | kOpen, SQLITE_IOERR, true,
                          StoreFault::io, 1}),
    [](const auto& tested) { return std::string(tested.param.name); });

// ---- what else a disk can do

class Disk : public testing::Test {
  protected:
    Disk() {
        auto opened = Store::open(temp_.path(), {});
        EXPECT_TRUE(opened.has_value()) << opened.error().message;
        store_ = std::move(opened->store);
    }

    FaultVfs vfs_;
    TempDir temp_;
    std::unique_ptr<Store> store_;
};

TEST_F(Disk, every_change_is_synced_before_it_returns) {
    for (const Step& step : scenario()) {
        const long before = vfs_.count(kSync);
        ok(step.change(*store_));
        EXPECT_GT(vfs_.count(kSync), before) << step.name;
    }
}

TEST_F(Disk, what_was_sent_and_what_is_sent_next_are_noted_with_one_sync) {
    ok(scenario()[0].change(*store_));
    ASSERT_TRUE(value(store_->mark_attempt("hook", "msg_10", kNow)));
    const long before = vfs_.count(kSync);
    EXPECT_TRUE(
        value(store_->mark_done_and_attempt("hook", {"msg_10"}, kNow, "msg_u10", kNow + 1)));
    EXPECT_EQ(vfs_.count(kSync), before + 1);
    auto due = value(store_->due("hook", kNow, 10));
    ASSERT_EQ(due.size(), 1U);
    EXPECT_EQ(due[0].alert.id, "msg_u10");
    EXPECT_EQ(due[0].attempts, 1U);
    // All or nothing.
    fails(store_->mark_done_and_attempt("hook", {"msg_10", "msg_of_nobody"}, kNow, "msg_u10", kNow),
          StoreFault::misuse);
    EXPECT_EQ(value(store_->due("hook", kNow, 10))[0].attempts, 1U);
}

TEST_F(Disk, questions_write_nothing) {
    ok(scenario()[0].change(*store_));
    const long before = vfs_.count(kWrite);
    describe(*store_);
    EXPECT_EQ(vfs_.count(kWrite), before);
}

TEST_F(Disk, failing_for_long_is_told_each_time_until_it_is_well) {
    vfs_.fail(kChanging, 1, SQLITE_IOERR_FSYNC, true);
    for (int i = 0; i < 5; ++i) {
        fails(store_->set_meta("k", "v"), StoreFault::io);
        EXPECT_FALSE(store_->healthy());
    }
    vfs_.heal();
    ok(store_->set_meta("k", "v"));
    EXPECT_TRUE(store_->healthy());
    EXPECT_EQ(value(store_->meta("k")), "v");
}

TEST_F(Disk, full_one_still_answers_and_lets_a_store_open) {
    ok(store_->set_meta("k", "v"));
    vfs_.fail(kWrite, 1, SQLITE_FULL, true);
    fails(store_->set_meta("k", "w"), StoreFault::full);
    EXPECT_EQ(value(store_->meta("k")), "v");
    store_.reset();
    auto opened = Store::open(temp_.path(), {});
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    EXPECT_EQ(opened->moved_aside, "");
    EXPECT_EQ(value(opened->store->meta("k")), "v");
    fails(opened->store->set_meta("k", "w"), StoreFault::full);
    vfs_.heal();
    ok(opened->store->set_meta("k", "w"));
}

TEST_F(Disk, full_one_gets_back_what_the_log_takes_up) {
    const auto log = temp_.path() / "state.db-wal";
    for (int i = 0; i < 50; ++i) ok(store_->set_meta("k" + std::to_string(i), "v"));
    ASSERT_GT(std::filesystem::file_size(log), 100'000U);
    vfs_.fail(kWrite, 1, SQLITE_FULL, false);
    fails(store_->set_meta("k", "w"), StoreFault::full);
    EXPECT_EQ(value(store_->meta("k49")), "v");
    EXPECT_EQ(std::filesystem::file_size(log), 0U);
    ok(store_->set_meta("k", "w"));
}

TEST_F(Disk, full_even_for_the_log_is_tried_again_before_more_is_appended) {
    const auto log = temp_.path() / "state.db-wal";
    for (int i = 0; i < 50; ++i) ok(store_->set_meta("k" + std::to_string(i), "v"));
    vfs_.fail(kWrite, 1, SQLITE_FULL, true);
    const auto before = std::filesystem::file_size(log);
    for (int i = 0; i < 5; ++i) fails(store_->set_meta("k", "w"), StoreFault::full);
    EXPECT_LE(std::filesystem::file_size(log), before + 10'000);
    vfs_.heal();
    ok(store_->set_meta("k", "w"));
    EXPECT_LT(std::filesystem::file_size(log), before);
}

TEST_F(Disk, failing_while_opening_is_not_taken_for_a_bad_file) {
    ok(scenario()[0].change(*store_));
    const std::string state = describe(*store_);
    store_.reset();
    int failures = 0;
    for (int nth = 1;; ++nth) {
        vfs_.fail(kRead | kChanging | kOpen, nth, SQLITE_IOERR, false);
        auto opened = Store::open(temp_.path(), {});
        vfs_.heal();
        if (!vfs_.has_failed()) {
            break;
        }
        if (opened) {
            EXPECT_EQ(opened->moved_aside, "") << nth;
            opened->store.reset();
        } else {
            EXPECT_EQ(opened.error().kind, StoreFault::io) << opened.error().message;
            ++failures;
        }
        opened = Store::open(temp_.path(), {.strict = true});
        ASSERT_TRUE(opened.has_value()) << opened.error().message;
        EXPECT_EQ(describe(*opened->store), state) << nth;
    }
    EXPECT_GE(failures, 3);
}

TEST_F(Disk, failing_backup_leaves_the_last_one) {
    ok(store_->set_meta("k", "old"));
    const auto copy = temp_.path() / "copy.db";
    ok(store_->backup(copy));
    ok(store_->set_meta("k", "new"));
    vfs_.fail(kWrite, 2, SQLITE_FULL, true);
    fails(store_->backup(copy), StoreFault::full);
    vfs_.heal();
    EXPECT_EQ(Database(copy).scalar("SELECT v FROM meta WHERE k = 'k'"), "old");
    EXPECT_EQ(value(store_->meta("k")), "new");
    ok(store_->backup(copy));
    EXPECT_EQ(Database(copy).scalar("SELECT v FROM meta WHERE k = 'k'"), "new");
}

}  // namespace
}  // namespace plimsoll::store
