#include "daemon/store/schema.hpp"

#include "daemon/store/state_dir.hpp"
#include "tests/daemon/store/support.hpp"

#include <array>

namespace plimsoll::store {
namespace {

constexpr std::string_view kFirst =
    "CREATE TABLE meta(k TEXT PRIMARY KEY NOT NULL, v TEXT NOT NULL);"
    "CREATE TABLE a(x INTEGER); INSERT INTO a VALUES(1);";
constexpr std::string_view kSecond = "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1;";
constexpr std::string_view kBroken = "CREATE TABLE b(x INTEGER); INSERT INTO absent VALUES(1);";

class Upgrade : public testing::Test {
  protected:
    Upgrade() : db_(made(temp_.path() / "x.db")) {}
    static Database made(const std::filesystem::path& file) {
        make_empty_file(file);
        return Database(file);
    }
    template <std::size_t N>
    void upgrade_to(const std::array<std::string_view, N>& steps) {
        upgrade(db_, steps);
    }
    template <std::size_t N>
    StoreFault refusal_of(const std::array<std::string_view, N>& steps) {
        try {
            upgrade(db_, steps);
        } catch (const Failure& failure) {
            return failure.error().kind;
        }
        ADD_FAILURE() << "the upgrade went through";
        return StoreFault::io;
    }
    std::string version() { return db_.scalar("SELECT v FROM meta WHERE k = 'schema_version'"); }

    TempDir temp_;
    Database db_;
};

TEST_F(Upgrade, empty_file_gets_every_step) {
    upgrade_to(std::array{kFirst, kSecond});
    EXPECT_EQ(version(), "2");
    EXPECT_EQ(db_.scalar("SELECT y FROM a"), "2");
}

TEST_F(Upgrade, older_file_gets_the_missing_steps) {
    upgrade_to(std::array{kFirst});
    EXPECT_EQ(version(), "1");
    upgrade_to(std::array{kFirst, kSecond});
    EXPECT_EQ(version(), "2");
    EXPECT_EQ(db_.scalar("SELECT y FROM a"), "2");
}

TEST_F(Upgrade, present_file_is_left_alone) {
    upgrade_to(std::array{kFirst});
    upgrade_to(std::array{kFirst});
    EXPECT_EQ(db_.scalar("SELECT count(*) FROM a"), "1");
}

TEST_F(Upgrade, failing_step_changes_nothing) {
    upgrade_to(std::array{kFirst});
    EXPECT_EQ(refusal_of(std::array{kFirst, kSecond, kBroken}), StoreFault::misuse);
    EXPECT_EQ(version(), "1");
    EXPECT_EQ(db_.scalar("SELECT count(*) FROM sqlite_schema WHERE name = 'b'"), "0");
    EXPECT_EQ(db_.scalar("SELECT count(*) FROM pragma_table_info('a')"), "1");
}

TEST_F(Upgrade, newer_file_is_refused) {
    upgrade_to(std::array{kFirst, kSecond});
    EXPECT_EQ(refusal_of(std::array{kFirst}), StoreFault::newer_schema);
    EXPECT_EQ(version(), "2");
}

TEST_F(Upgrade, tables_of_another_program_are_corrupt) {
    db_.script("CREATE TABLE other(x)");
    EXPECT_EQ(refusal_of(std::array{kFirst}), StoreFault::corrupt);
}

TEST_F(Upgrade, version_that_is_no_number_is_corrupt) {
    upgrade_to(std::array{kFirst});
    for (const char* text : {"", "x", "1x", "-1", "0"}) {
        db_.execute("UPDATE meta SET v = ?1", text);
        EXPECT_EQ(refusal_of(std::array{kFirst}), StoreFault::corrupt) << text;
    }
}

TEST_F(Upgrade, every_table_of_the_store_is_strict) {
    upgrade(db_, schema_steps());
    EXPECT_EQ(db_.scalar("SELECT group_concat(name) FROM pragma_table_list"
                         " WHERE schema = 'main' AND name NOT LIKE 'sqlite_%' AND strict = 0"),
              "");
}

}  // namespace
}  // namespace plimsoll::store
