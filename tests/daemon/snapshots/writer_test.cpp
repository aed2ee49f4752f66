#include "daemon/snapshots/writer.hpp"

#include "daemon/snapshots/snapshotter.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace plimsoll::snapshots {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
    std::ifstream in(path);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

class Writer : public testing::Test {
  protected:
    Writer() {
        std::string name = (fs::temp_directory_path() / "plimsoll-snapshots-XXXXXX").string();
        folder = ::mkdtemp(name.data());
    }
    ~Writer() override { fs::remove_all(folder); }

    static Tables tables(BlockNumber number, std::uint64_t time) {
        Tables out;
        out.chain = "devnet";
        out.block.number = number;
        out.block.time = time;
        out.lines = {{"tvl", {"{\"a\":1}"}}, {"bands", {}}};
        return out;
    }
    fs::path folder;
};

TEST(UtcDate, is_of_the_block) {
    EXPECT_EQ(utc_date(0), "1970-01-01");
    EXPECT_EQ(utc_date(1'769'299'199), "2026-01-24");
    EXPECT_EQ(utc_date(1'769'299'200), "2026-01-25");
}

TEST_F(Writer, writes_every_table_and_names_it) {
    ASSERT_TRUE(write_tables(folder, tables(42, 1'769'299'200)));
    const fs::path tvl = "table=tvl/chain=devnet/date=2026-01-25/000000000042.jsonl";
    EXPECT_EQ(content_of(folder / tvl), "{\"a\":1}\n");
    const auto latest = nlohmann::json::parse(content_of(folder / "latest.json"));
    EXPECT_EQ(latest["chains"]["devnet"]["block"], 42);
    EXPECT_EQ(latest["chains"]["devnet"]["files"]["tvl"][0], tvl.string());
    EXPECT_EQ(latest["chains"]["devnet"]["files"].size(), 2U);
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        EXPECT_NE(entry.path().extension(), ".tmp");
    }
}

TEST_F(Writer, keeps_what_other_chains_wrote) {
    ASSERT_TRUE(write_tables(folder, tables(42, 1'769'299'200)));
    Tables other = tables(7, 1'769'299'200);
    other.chain = "other";
    ASSERT_TRUE(write_tables(folder, other));
    const auto latest = nlohmann::json::parse(content_of(folder / "latest.json"));
    EXPECT_EQ(latest["chains"]["devnet"]["block"], 42);
    EXPECT_EQ(latest["chains"]["other"]["block"], 7);
}

TEST_F(Writer, a_folder_that_cannot_be_made_is_told_with_its_path) {
    std::ofstream(folder / "table=tvl") << "in the way";
    const auto written = write_tables(folder, tables(42, 1'769'299'200));
    ASSERT_FALSE(written);
    EXPECT_NE(written.error().message.find("table=tvl"), std::string::npos);
    EXPECT_FALSE(fs::exists(folder / "latest.json"));
}

TEST_F(Writer, removes_whole_days_only) {
    ASSERT_TRUE(write_tables(folder, tables(42, 1'769'299'199)));
    ASSERT_TRUE(write_tables(folder, tables(43, 1'769'299'200)));
    remove_before(folder, "2026-01-25");
    EXPECT_FALSE(fs::exists(folder / "table=tvl/chain=devnet/date=2026-01-24"));
    EXPECT_TRUE(fs::exists(folder / "table=tvl/chain=devnet/date=2026-01-25"));
    EXPECT_TRUE(fs::exists(folder / "latest.json"));
}

TEST(LiquidationsAfter, each_run_goes_on_where_the_last_one_ended) {
    EXPECT_EQ(liquidations_after(std::nullopt, 100), 0U);
    EXPECT_EQ(liquidations_after("0/100", 200), 100U);
    EXPECT_EQ(liquidations_after("100/200", 300), 200U);
    EXPECT_EQ(liquidations_after("100", 200), 100U);  // as it was written once
}

TEST(LiquidationsAfter, the_same_block_again_has_the_same_rows) {
    EXPECT_EQ(liquidations_after("100/200", 200), 100U);
    EXPECT_EQ(liquidations_after("100/200", 150), 100U);  // after a reorganisation
    EXPECT_EQ(liquidations_after("0/100", 100), 0U);
    EXPECT_EQ(liquidations_after("100", 100), 0U);
}

}  // namespace
}  // namespace plimsoll::snapshots
