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

/// Of those that are configured, whichever tables are written.
TEST_F(StoppedReader, a_protocol_that_no_row_tells_of_is_unknown) {
    Names names;
    names.protocols = {"one", "later"};
    const Reader reader(folder_, folder_ / "none.sock", kBlockTime, names);
    const auto said = [&](const char* table, const Params& params) {
        const auto rows = reader.table(table, params, kAllRows);
        return rows ? rows->unknown : std::vector<std::string>{rows.error().message};
    };
    const std::vector<std::string> later{"later: the newest snapshot tells nothing of it"};
    EXPECT_EQ(said("tvl", {}), later);
    EXPECT_EQ(said("positions", {}), later);
    EXPECT_TRUE(said("positions", {{"protocol", "one"}}).empty());
    EXPECT_EQ(said("positions", {{"protocol", "later"}}),
              std::vector<std::string>{"nothing is known just now of " + later.front()});
    const auto write = [&](const char* table) {
        std::ofstream(folder_ / "snapshots/latest.json")
            << R"({"chains":{"devnet":{"block":7,"files":{")" << table << R"(":["rows.jsonl"]}}}})";
    };
    write("markets");
    EXPECT_EQ(said("positions", {}), later);
    write("bands");  // a protocol may have none
    EXPECT_TRUE(said("bands", {{"protocol", "later"}}).empty());
}

TEST_F(StoppedReader, the_configuration_says_how_old_a_block_may_be) {
    Names names;
    names.chains = {{"other", "eip155:6", 10}, {"devnet", "eip155:5", 600}};
    EXPECT_EQ(states(kBlockTime + 600, names).front(), "live");
    EXPECT_EQ(states(kBlockTime + 601, names).front(), "stale");
}

}  // namespace
}  // namespace plimsoll::query
