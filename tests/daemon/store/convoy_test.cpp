#include "daemon/store/convoy.hpp"

#include "daemon/store/state_dir.hpp"
#include "tests/daemon/store/support.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

namespace plimsoll::store {
namespace {

class ConvoyTest : public ::testing::Test {
  protected:
    ConvoyTest() : db_(made(temp_.path() / "x.db")) {
        db_.script("CREATE TABLE t(i INTEGER PRIMARY KEY, s TEXT) STRICT");
    }
    static Database made(const std::filesystem::path& file) {
        make_empty_file(file);
        return Database(file);
    }

    struct Insert final : Convoy::Change {
        explicit Insert(int n) : number(n) {}
        void apply(Database& db) override {
            db.execute("INSERT INTO t(i, s) VALUES(-1 - ?1, 'half')", number);
            db.execute("INSERT INTO t(i, s) VALUES(?1, 'whole')", number);
        }
        int number;
    };

    /// `fails`: the disk refuses the commit.
    Expected<void, StoreError> commit(Convoy::Change& first, bool fails = false) {
        ++commits_;
        try {
            Transaction transaction(db_);
            Convoy::apply_all(db_, first);
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
            if (fails) return Unexpected<StoreError>(StoreError{StoreFault::full, "disk full"});
            transaction.commit();
            return {};
        } catch (const Failure& failure) {
            return Unexpected<StoreError>(failure.error());
        }
    }
    /// Until the disk takes it. `failed` counts how often it did not.
    std::optional<StoreError> insert(int number, std::atomic<int>& failed) {
        while (true) {
            Insert change(number);
            convoy_.carry(change,
                          [&](Convoy::Change& first) { return commit(first, commits_ % 7 == 6); });
            if (!change.error || change.error->kind != StoreFault::full) return change.error;
            ++failed;
        }
    }
    std::string numbers(const std::string& where) {
        return db_.scalar("SELECT count(*) FROM t WHERE " + where);
    }

    TempDir temp_;
    Database db_;
    Convoy convoy_;
    int commits_ = 0;  ///< one at a time
};

TEST_F(ConvoyTest, one_alone_is_a_transaction_of_its_own) {
    Insert one(1);
    convoy_.carry(one, [this](Convoy::Change& first) { return commit(first); });
    EXPECT_FALSE(one.error.has_value());
    Insert again(1);
    convoy_.carry(again, [this](Convoy::Change& first) { return commit(first); });
    ASSERT_TRUE(again.error.has_value());
    EXPECT_EQ(again.error->kind, StoreFault::misuse);
    EXPECT_EQ(numbers("1"), "2");
    EXPECT_EQ(commits_, 2);
}

TEST_F(ConvoyTest, each_learns_what_became_of_its_own_change) {
    constexpr int kThreads = 8;
    constexpr int kEach = 50;
    std::array<std::vector<int>, kThreads> done;
    std::array<std::vector<int>, kThreads> wrong;
    std::atomic<int> failed = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
            const auto at = static_cast<std::size_t>(t);
            for (int i = 0; i < kEach; ++i) {
                // the fifth is there already: it must not take its company with it
                const bool is_wrong = i % 5 == 4;
                const auto error = insert((is_wrong ? i - 1 : i) + t * kEach, failed);
                (error ? wrong : done)[at].push_back(i);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (std::size_t t = 0; t < kThreads; ++t) {
        EXPECT_EQ(done[t].size(), 40U);
        EXPECT_EQ(wrong[t].size(), 10U);
        for (const int i : wrong[t]) EXPECT_EQ(i % 5, 4);
    }
    EXPECT_GT(failed, 0);
    EXPECT_EQ(numbers("s = 'whole'"), "320");
    EXPECT_EQ(numbers("s = 'half'"), "320") << "what is wrong leaves nothing behind";
    EXPECT_LT(commits_, kThreads * kEach * 3 / 4) << "they go together";
}

TEST_F(ConvoyTest, who_came_together_is_waited_for) {
    constexpr int kEach = 5;
    constexpr std::chrono::milliseconds kSync{200};  // so half of this is waited
    constexpr std::chrono::milliseconds kWork{20};
    Convoy patient(kSync);
    const auto work = [&](int first_number) {
        for (int i = 0; i < kEach; ++i) {
            Insert change(first_number + i);
            patient.carry(change, [&](Convoy::Change& first) {
                std::this_thread::sleep_for(kSync);
                return commit(first);
            });
            std::this_thread::sleep_for(kWork);
        }
    };
    std::thread other(work, kEach);
    work(0);
    other.join();
    EXPECT_EQ(numbers("s = 'whole'"), "10");
    EXPECT_LT(commits_, 9) << "taking turns they would be 10";
}

}  // namespace
}  // namespace plimsoll::store
