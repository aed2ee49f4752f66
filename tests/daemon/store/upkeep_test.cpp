#include "tests/daemon/store/support.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <sys/stat.h>

namespace plimsoll::store {
namespace {

using testing::ElementsAre;

class Upkeep : public StoreTest {
  protected:
    void queue_many(int from, int to) {
        std::vector<NewAlert> alerts;
        for (int i = from; i < to; ++i) {
            alerts.push_back(alert_of("msg_" + std::to_string(i), "k" + std::to_string(i)));
        }
        queue(std::move(alerts));
    }
    std::size_t alerts() { return value(store().alerts_since(0, 100'000)).size(); }
};

TEST_F(Upkeep, purge_works_in_steps_of_500) {
    queue_many(0, 1'100);
    ok(store().retire_sinks({}, kNow));
    EXPECT_TRUE(value(store().purge(kNow + 1)));
    EXPECT_EQ(counts("hook").dead, 600U);
    EXPECT_EQ(alerts(), 600U);
    EXPECT_TRUE(value(store().purge(kNow + 1)));
    EXPECT_FALSE(value(store().purge(kNow + 1)));
    EXPECT_EQ(alerts(), 0U);
    EXPECT_FALSE(value(store().purge(kNow + 1)));
}

TEST_F(Upkeep, purge_spares_what_is_pending_or_young) {
    NewAlert both = alert_of("msg_both", "k1");
    both.sinks = {Destination{"hook"}, Destination{"chat"}};
    queue({both, alert_of("msg_done", "k2"), alert_of("msg_late", "k3")});
    deliver("hook", "msg_both");
    deliver("hook", "msg_done", kNow + 10);
    deliver("hook", "msg_late", kNow + 11);
    EXPECT_FALSE(value(store().purge(kNow + 11)));
    EXPECT_EQ(counts("hook").done, 1U);
    EXPECT_EQ(alerts(), 2U);
    EXPECT_THAT(due("chat"), ElementsAre("msg_both"));
}

TEST_F(Upkeep, purge_reaches_past_alerts_that_must_stay) {
    queue_many(0, 600);
    NewAlert loose = alert_of("msg_loose", "loose");
    loose.sinks.clear();
    queue({loose});
    EXPECT_FALSE(value(store().purge(kNow + 1)));
    EXPECT_EQ(alerts(), 600U);
}

TEST_F(Upkeep, purge_gives_space_back) {
    queue_many(0, 2'000);
    ok(store().retire_sinks({}, kNow));
    reopen();
    const auto before = std::filesystem::file_size(dir() / "state.db");
    while (value(store().purge(kNow + 1))) {
    }
    reopen();
    EXPECT_LT(std::filesystem::file_size(dir() / "state.db"), before / 4);
}

TEST_F(Upkeep, backup_is_a_store_of_its_own) {
    queue_many(0, 10);
    ok(store().set_meta("k", "v"));
    const std::string original = describe(store());
    const auto copy = dir().parent_path() / "copy";
    std::filesystem::create_directories(copy);
    std::ofstream(copy / "state.db") << "an older one";
    ok(store().backup(copy / "state.db"));
    struct stat status {};
    ASSERT_EQ(::stat((copy / "state.db").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0640U);
    EXPECT_FALSE(std::filesystem::exists(copy / "state.db.tmp"));
    queue_many(10, 11);

    auto opened = Store::open(copy, {});
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    EXPECT_EQ(opened->moved_aside, "");
    EXPECT_EQ(describe(*opened->store), original);
}

TEST_F(Upkeep, backup_into_no_directory_fails_and_harms_nothing) {
    EXPECT_FALSE(store().backup(dir() / "none" / "state.db").has_value());
    ok(store().set_meta("k", "v"));
    EXPECT_TRUE(store().healthy());
}

}  // namespace
}  // namespace plimsoll::store
