#include "daemon/store/schema.hpp"
#include "tests/daemon/store/support.hpp"

#include <gmock/gmock.h>

#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace plimsoll::store {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Open : public testing::Test {
  protected:
    std::filesystem::path dir() const { return temp_.path() / "a" / "state"; }
    std::filesystem::path file() const { return dir() / "state.db"; }

    std::unique_ptr<Store> open() {
        auto opened = Store::open(dir(), {});
        EXPECT_TRUE(opened.has_value()) << opened.error().message;
        return opened ? std::move(opened->store) : nullptr;
    }
    /// A store with 2,000 records, closed.
    void make_store() {
        const auto store = open();
        RoundCommit round;
        round.chain = "ethereum";
        round.tip = block_of(7);
        RoundCommit::ProtocolRecords records;
        records.protocol = "aave";
        for (int i = 0; i < 2'000; ++i) {
            records.records.push_back({"key" + std::to_string(i), std::string(50, 'v')});
        }
        round.records.push_back(std::move(records));
        ok(store->commit(round));
    }
    void overwrite(std::uint64_t offset, const std::string& bytes) {
        std::fstream stream(file(), std::ios::in | std::ios::out | std::ios::binary);
        stream.seekp(static_cast<std::streamoff>(offset));
        stream << bytes;
        ASSERT_TRUE(stream.flush());
    }
    static mode_t mode_of(const std::filesystem::path& path) {
        struct stat status {};
        EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
        return status.st_mode & 07777;
    }

    TempDir temp_;
};

TEST_F(Open, makes_directory_and_files_with_their_modes) {
    const mode_t before = ::umask(0077);
    const auto store = open();
    ok(store->set_meta("k", "v"));
    ::umask(before);
    EXPECT_EQ(mode_of(dir()), 0750U);
    EXPECT_EQ(mode_of(file()), 0640U);
    EXPECT_EQ(mode_of(dir() / "state.db-wal"), 0640U);
    EXPECT_EQ(mode_of(dir() / "state.lock"), 0640U);
    EXPECT_FALSE(std::filesystem::exists(dir() / "state.db-shm"));
}

TEST_F(Open, leaves_the_mode_of_a_directory_that_was_there) {
    std::filesystem::create_directories(dir());
    ASSERT_EQ(::chmod(dir().c_str(), 0700), 0);
    open();
    EXPECT_EQ(mode_of(dir()), 0700U);
}

TEST_F(Open, accepts_a_slash_at_the_end) {
    auto opened = Store::open(dir().string() + "/", {});
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    EXPECT_EQ(mode_of(dir()), 0750U);
}

TEST_F(Open, second_opener_is_told_who_runs) {
    const auto store = open();
    const auto second = Store::open(dir(), {});
    fails(second, StoreFault::locked);
    EXPECT_THAT(second.error().message,
                HasSubstr("state.lock: another plimsoll (process " + std::to_string(::getpid()) +
                          ") runs on this directory"));
}

TEST_F(Open, closed_store_can_be_opened_again) {
    make_store();
    const auto store = open();
    EXPECT_EQ(value(store->records("aave")).size(), 2'000U);
}

TEST_F(Open, without_create_a_missing_store_is_missing) {
    fails(Store::open(dir(), {.create = false}), StoreFault::missing);
    EXPECT_FALSE(std::filesystem::exists(dir()));
    make_store();
    EXPECT_TRUE(Store::open(dir(), {.create = false}).has_value());
}

TEST_F(Open, directory_that_cannot_be_made_is_io) {
    std::ofstream(temp_.path() / "a") << "a file";
    fails(Store::open(dir(), {}), StoreFault::io);
}

TEST_F(Open, newer_schema_is_refused_and_stays) {
    make_store();
    {
        Database db(file());
        db.script("UPDATE meta SET v = '999' WHERE k = 'schema_version'");
    }
    const auto opened = Store::open(dir(), {});
    fails(opened, StoreFault::newer_schema);
    EXPECT_THAT(opened.error().message, HasSubstr("999"));
    Database db(file());
    EXPECT_EQ(db.scalar("SELECT count(*) FROM record"), "2000");
}

struct Damage {
    const char* name;
    std::uint64_t offset;
    std::size_t size;
};

class OpenDamaged : public Open, public testing::WithParamInterface<Damage> {
  protected:
    void damage() {
        make_store();
        overwrite(GetParam().offset, std::string(GetParam().size, '\xa5'));
    }
};

TEST_P(OpenDamaged, moves_the_file_aside_and_starts_empty) {
    damage();
    std::ofstream(dir() / "state.db-wal") << "its log";
    auto opened = Store::open(dir(), {});
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    EXPECT_THAT(opened->moved_aside, StartsWith(file().string() + ".bad-2"));
    EXPECT_FALSE(opened->defect.empty());
    EXPECT_TRUE(std::filesystem::exists(opened->moved_aside));
    EXPECT_TRUE(std::filesystem::exists(opened->moved_aside + "-wal"));
    EXPECT_FALSE(value(opened->store->chain_state("ethereum")).tip.has_value());
    ok(opened->store->set_meta("k", "v"));
}

TEST_P(OpenDamaged, strict_is_an_error_and_leaves_the_file) {
    damage();
    const auto size = std::filesystem::file_size(file());
    fails(Store::open(dir(), {.strict = true}), StoreFault::corrupt);
    EXPECT_EQ(std::filesystem::file_size(file()), size);
}

INSTANTIATE_TEST_SUITE_P(Places, OpenDamaged,
                         testing::Values(Damage{"header", 0, 64}, Damage{"first_page", 100, 500},
                                         Damage{"tree", 4096 * 8, 4096}),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST_F(Open, two_bad_files_get_two_names) {
    std::vector<std::string> names;
    for (int i = 0; i < 2; ++i) {
        std::filesystem::create_directories(dir());
        std::ofstream(file()) << std::string(5'000, 'x');
        auto opened = Store::open(dir(), {});
        ASSERT_TRUE(opened.has_value()) << opened.error().message;
        names.push_back(opened->moved_aside);
    }
    EXPECT_NE(names[0], names[1]);
    EXPECT_TRUE(std::filesystem::exists(names[0]));
    EXPECT_TRUE(std::filesystem::exists(names[1]));
}

TEST_F(Open, tables_of_another_program_are_moved_aside) {
    std::filesystem::create_directories(dir());
    std::ofstream(file()).flush();
    Database(file()).script("CREATE TABLE other(x)");
    auto opened = Store::open(dir(), {});
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    EXPECT_FALSE(opened->moved_aside.empty());
}

TEST_F(Open, log_of_a_database_that_is_gone_is_not_applied) {
    make_store();
    {
        const auto store = open();
        ok(store->set_meta("k", "v"));
        std::filesystem::copy_file(dir() / "state.db-wal", temp_.path() / "wal");
    }
    std::filesystem::remove(file());
    std::filesystem::copy_file(temp_.path() / "wal", dir() / "state.db-wal");
    const auto store = open();
    EXPECT_FALSE(value(store->meta("k")).has_value());
}

TEST_F(Open, file_is_made_for_incremental_vacuum) {
    make_store();
    Database db(file());
    EXPECT_EQ(db.scalar("PRAGMA auto_vacuum"), "2");
    EXPECT_EQ(db.scalar("PRAGMA journal_mode"), "wal");
}

}  // namespace
}  // namespace plimsoll::store
