#include "daemon/store/sqlite.hpp"

#include "daemon/store/state_dir.hpp"
#include "tests/daemon/store/support.hpp"

#include <gmock/gmock.h>

#include <limits>

namespace plimsoll::store {
namespace {

using testing::HasSubstr;

class SqliteTest : public testing::Test {
  protected:
    SqliteTest() : db_(made(temp_.path() / "x.db")) {
        db_.script("CREATE TABLE t(i INTEGER, s TEXT, b BLOB) STRICT");
    }
    static Database made(const std::filesystem::path& file) {
        make_empty_file(file);
        return Database(file);
    }
    /// The fault of what `work` throws.
    template <class Work>
    StoreError failure_of(Work&& work) {
        try {
            work();
        } catch (const Failure& failure) {
            return failure.error();
        }
        ADD_FAILURE() << "nothing was thrown";
        return {};
    }

    TempDir temp_;
    Database db_;
};

using Integers = SqliteTest;

TEST_F(Integers, whole_range_returns) {
    const std::int64_t least = std::numeric_limits<std::int64_t>::min();
    const std::uint64_t most = 9'223'372'036'854'775'807U;
    Statement insert = db_.prepare("INSERT INTO t(i) VALUES(?1)");
    insert.execute(least);
    insert.execute(std::uint64_t{0});
    insert.execute(most);
    Statement query = db_.prepare("SELECT i FROM t ORDER BY i");
    ASSERT_TRUE(query.start().next());
    EXPECT_EQ(query.i64(0), least);
    ASSERT_TRUE(query.next());
    EXPECT_EQ(query.u64(0), 0U);
    ASSERT_TRUE(query.next());
    EXPECT_EQ(query.u64(0), most);
    EXPECT_FALSE(query.next());
}

TEST_F(Integers, above_63_bits_is_misuse) {
    const StoreError error = failure_of([&] {
        db_.execute("INSERT INTO t(i) VALUES(?1)", std::uint64_t{9'223'372'036'854'775'808U});
    });
    EXPECT_EQ(error.kind, StoreFault::misuse);
    EXPECT_THAT(error.message, HasSubstr("9223372036854775808"));
    EXPECT_EQ(db_.scalar("SELECT count(*) FROM t"), "0");
}

TEST_F(Integers, negative_where_none_can_be_is_corrupt) {
    db_.script("INSERT INTO t(i) VALUES(-1)");
    Statement query = db_.prepare("SELECT i FROM t");
    ASSERT_TRUE(query.start().next());
    EXPECT_EQ(failure_of([&] { (void)query.u64(0); }).kind, StoreFault::corrupt);
}

TEST_F(Integers, beyond_32_bits_is_corrupt) {
    db_.script("INSERT INTO t(i) VALUES(4294967295), (4294967296)");
    Statement query = db_.prepare("SELECT i FROM t ORDER BY i");
    ASSERT_TRUE(query.start().next());
    EXPECT_EQ(query.u32(0), 4'294'967'295U);
    ASSERT_TRUE(query.next());
    EXPECT_EQ(failure_of([&] { (void)query.u32(0); }).kind, StoreFault::corrupt);
}

using ByteValues = SqliteTest;

TEST_F(ByteValues, text_and_blob_keep_every_byte) {
    const std::string bytes("a\0'\xff\n", 5);
    db_.execute("INSERT INTO t(s, b) VALUES(?1, ?2)", bytes, Blob{bytes});
    db_.execute("INSERT INTO t(s, b) VALUES(?1, ?2)", "", Blob{""});
    Statement query = db_.prepare("SELECT s, b, typeof(s), typeof(b) FROM t ORDER BY rowid");
    ASSERT_TRUE(query.start().next());
    EXPECT_EQ(query.text(0), bytes);
    EXPECT_EQ(query.text(1), bytes);
    ASSERT_TRUE(query.next());
    EXPECT_EQ(query.text(0), "");
    EXPECT_EQ(query.text(2), "text");
    EXPECT_EQ(query.text(3), "blob");
}

TEST_F(ByteValues, hashes_and_addresses_return) {
    db_.execute("INSERT INTO t(b) VALUES(?1)", hash_of(5));
    db_.execute("INSERT INTO t(b) VALUES(?1)", account_of(6));
    Statement query = db_.prepare("SELECT b, length(b) FROM t ORDER BY rowid");
    ASSERT_TRUE(query.start().next());
    EXPECT_EQ(query.bytes32(0), hash_of(5));
    EXPECT_EQ(query.i64(1), 32);
    EXPECT_EQ(failure_of([&] { (void)query.address(0); }).kind, StoreFault::corrupt);
    ASSERT_TRUE(query.next());
    EXPECT_EQ(query.address(0), account_of(6));
    const StoreError error = failure_of([&] { (void)query.bytes32(0); });
    EXPECT_EQ(error.kind, StoreFault::corrupt);
    EXPECT_THAT(error.message, HasSubstr("column b should hold 32 bytes"));
}

using Failing = SqliteTest;

TEST_F(Failing, message_names_file_and_reason) {
    const StoreError error = failure_of([&] { db_.prepare("SELECT * FROM absent"); });
    EXPECT_EQ(error.kind, StoreFault::misuse);
    EXPECT_THAT(error.message, HasSubstr("x.db: no such table: absent (code 1)"));
}

TEST_F(Failing, wrong_type_is_misuse) {
    EXPECT_EQ(failure_of([&] { db_.execute("INSERT INTO t(b) VALUES(?1)", "text"); }).kind,
              StoreFault::misuse);
}

TEST_F(Failing, missing_file_is_not_made) {
    EXPECT_EQ(failure_of([&] { Database{temp_.path() / "y.db"}; }).kind, StoreFault::io);
    EXPECT_FALSE(std::filesystem::exists(temp_.path() / "y.db"));
}

using Transactions = SqliteTest;

TEST_F(Transactions, without_commit_nothing_stays) {
    {
        Transaction transaction(db_);
        db_.script("INSERT INTO t(i) VALUES(1)");
        EXPECT_TRUE(db_.in_transaction());
    }
    EXPECT_FALSE(db_.in_transaction());
    EXPECT_EQ(db_.scalar("SELECT count(*) FROM t"), "0");
}

TEST_F(Transactions, commit_stays) {
    {
        Transaction transaction(db_);
        db_.script("INSERT INTO t(i) VALUES(1)");
        transaction.commit();
    }
    EXPECT_EQ(db_.scalar("SELECT count(*) FROM t"), "1");
}

}  // namespace
}  // namespace plimsoll::store
