#include "daemon/sinks/line_file.hpp"

#include "tests/daemon/sinks/disk.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <sys/resource.h>

namespace plimsoll::sinks {
namespace {

using testing::content_of;
using testing::disk;
using testing::fill;

class LineFileTest : public ::testing::Test {
  protected:
    LineFile open() { return LineFile::open(path()).value(); }
    std::filesystem::path path() const { return folder_.path() / "alerts" / "date=x" / "a.jsonl"; }

    testing::TemporaryFolder folder_;
};

TEST_F(LineFileTest, makes_folders_and_syncs_them_and_each_line) {
    disk().fsyncs = 0;
    disk().fdatasyncs = 0;
    LineFile file = open();
    EXPECT_EQ(disk().fsyncs, 3);
    ASSERT_TRUE(file.append("one").has_value());
    ASSERT_TRUE(file.append("").has_value());
    EXPECT_EQ(disk().fdatasyncs, 2);
    EXPECT_EQ(content_of(path()), "one\n\n");
    const auto mode = std::filesystem::status(path()).permissions();
    EXPECT_EQ(mode & std::filesystem::perms::others_all, std::filesystem::perms::none);
}

TEST_F(LineFileTest, cuts_a_torn_last_line_of_any_length) {
    struct Case {
        std::string before;
        std::string after;
    };
    std::string whole(101, 'a');
    whole.back() = '\n';
    for (const Case& c :
         {Case{"", ""}, Case{"\n", "\n"}, Case{"torn", ""}, Case{"a\n", "a\n"}, Case{"a\nb", "a\n"},
          Case{whole + std::string(LineFile::kTail - 1, 'b'), whole},
          Case{whole + std::string(LineFile::kTail, 'b'), whole},
          Case{whole + std::string(3 * LineFile::kTail + 5, 'b'), whole},
          Case{std::string(2 * LineFile::kTail, 'b'), ""}}) {
        fill(path(), c.before);
        open();
        EXPECT_EQ(content_of(path()), c.after);
    }
}

TEST_F(LineFileTest, tail_begins_with_a_whole_line) {
    LineFile file = open();
    EXPECT_EQ(file.tail().value(), "");
    const std::string line(1000, 'x');
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(file.append(line).has_value());
    const std::string tail = file.tail().value();
    EXPECT_EQ(tail.size() % 1001, 0U);
    EXPECT_EQ(tail.size() / 1001, LineFile::kTail / 1001);
    ASSERT_TRUE(file.append(std::string(LineFile::kTail, 'y')).has_value());
    EXPECT_EQ(file.tail().value(), "");
}

TEST_F(LineFileTest, failed_sync_leaves_nothing_of_the_line) {
    LineFile file = open();
    ASSERT_TRUE(file.append("one").has_value());
    disk().fails = true;
    const auto result = file.append("two");
    disk().fails = false;
    ASSERT_FALSE(result.has_value());
    EXPECT_NE(result.error().find("cannot sync: "), std::string::npos);
    EXPECT_EQ(content_of(path()), "one\n");
}

TEST_F(LineFileTest, full_disk_in_the_middle_of_a_line_leaves_nothing_of_it) {
    LineFile file = open();
    ASSERT_TRUE(file.append("one").has_value());
    rlimit old{};
    getrlimit(RLIMIT_FSIZE, &old);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{10, old.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    const auto result = file.append("a line of more than ten bytes");
    setrlimit(RLIMIT_FSIZE, &old);
    std::signal(SIGXFSZ, handler);
    EXPECT_FALSE(result.has_value());
    EXPECT_EQ(content_of(path()), "one\n");
}

TEST_F(LineFileTest, notices_that_it_was_moved_or_removed) {
    LineFile file = open();
    EXPECT_TRUE(file.is_current());
    std::filesystem::rename(path(), path().string() + ".1");
    EXPECT_FALSE(file.is_current());
    fill(path(), "another\n");
    EXPECT_FALSE(file.is_current());
    EXPECT_TRUE(open().is_current());
}

TEST_F(LineFileTest, what_is_no_file_is_an_error) {
    std::filesystem::create_directories(path());
    EXPECT_FALSE(LineFile::open(path()).has_value());
    std::filesystem::remove(path());
    std::filesystem::create_symlink("/dev/null", path());
    EXPECT_FALSE(LineFile::open(path()).has_value());
    fill(folder_.path() / "plain", "");
    EXPECT_FALSE(LineFile::open(folder_.path() / "plain" / "x" / "y").has_value());
}

TEST_F(LineFileTest, folder_that_cannot_be_synced_is_an_error) {
    disk().fails = true;
    EXPECT_FALSE(LineFile::open(path()).has_value());
    disk().fails = false;
}

}  // namespace
}  // namespace plimsoll::sinks
