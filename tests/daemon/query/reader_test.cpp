#include "daemon/query/reader.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace plimsoll::query {
namespace {

constexpr std::uint64_t kBlockTime = 1'769'385'600;

/// What a stopped daemon left: a snapshot of one table, and nobody on the socket.
class StoppedReader : public ::testing::Test {
  protected:
    StoppedReader() {
        std::string pattern = (std::filesystem::temp_directory_path() / "reader-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        std::filesystem::create_directories(folder_ / "snapshots");
        std::ofstream(folder_ / "snapshots/latest.json")
            << R"({"chains":{"devnet":{"block":7,"files":{"tvl":["rows.jsonl"]}}}})";
        std::ofstream rows(folder_ / "snapshots/rows.jsonl");
        for (const char* state : {"live", "stale", "unverified", "unknown"}) {
            rows << R"({"chain":"eip155:5","protocol":"one","block_time":)" << kBlockTime
                 << R"(,"state":")" << state << "\"}\n";
        }
    }
    ~StoppedReader() override { std::filesystem::remove_all(folder_); }

    std::vector<std::string> states(std::uint64_t now, const Names& names = {}) const {
        const Reader reader(folder_, folder_ / "none.sock", now, names);
        const auto rows = reader.table("tvl", {}, kAllRows);
        EXPECT_TRUE(rows.has_value());
        std::vector<std::string> out;
        for (const auto& row : rows->rows) out.push_back(row["state"].get<std::string>());
        return out;
    }

    std::filesystem::path folder_;
};

TEST_F(StoppedReader, a_row_of_a_fresh_block_is_what_it_was) {
    const std::vector<std::string> left{"live", "stale", "unverified", "unknown"};
    EXPECT_EQ(states(kBlockTime), left);
    EXPECT_EQ(states(kBlockTime + kStaleAfter), left);
    EXPECT_EQ(states(kBlockTime - kStaleAfter), left);
}

TEST_F(StoppedReader, a_row_of_an_old_block_is_stale_and_never_better_than_it_was) {
    const std::vector<std::string> aged{"stale", "stale", "unverified", "unknown"};
    EXPECT_EQ(states(kBlockTime + kStaleAfter + 1), aged);
    EXPECT_EQ(states(kBlockTime - kStaleAfter - 1), aged) << "a chain with a clock of its own";
}

TEST_F(StoppedReader, the_configuration_says_how_old_a_block_may_be) {
    Names names;
    names.chains = {{"other", "eip155:6", 10}, {"devnet", "eip155:5", 600}};
    EXPECT_EQ(states(kBlockTime + 600, names).front(), "live");
    EXPECT_EQ(states(kBlockTime + 601, names).front(), "stale");
}

}  // namespace
}  // namespace plimsoll::query
