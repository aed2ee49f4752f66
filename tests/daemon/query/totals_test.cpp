#include "daemon/query/totals.hpp"

#include <gtest/gtest.h>

namespace plimsoll::query {
namespace {

using view::Row;

Row protocol(const char* chain, Row tvl, std::uint64_t borrowers, const char* state = "live") {
    return {{"chain", chain},
            {"state", state},
            {"supplied_usd", 100.25},
            {"borrowed_usd", 40.10},
            {"tvl_usd", tvl},
            {"bad_debt_usd", 0.0},
            {"liquidatable_debt_usd", 0.5},
            {"borrowers", borrowers},
            {"positions_at_risk", 1U},
            {"liquidatable", 2U},
            {"not_computable", 0U}};
}

TEST(ChainTotals, are_the_sums_of_each_chain_and_of_all) {
    const auto totals = chain_totals({protocol("eip155:1", 60.15, 3), protocol("tron:0x1", 1.01, 5),
                                      protocol("eip155:1", 0.10, 4)});
    ASSERT_EQ(totals.size(), 3U);
    EXPECT_EQ(totals[0]["chain"], "eip155:1");
    EXPECT_EQ(totals[0]["protocols"], 2);
    EXPECT_EQ(totals[0]["tvl_usd"], 60.25);
    EXPECT_EQ(totals[0]["supplied_usd"], 200.5);
    EXPECT_EQ(totals[0]["borrowers"], 7);
    EXPECT_EQ(totals[1]["chain"], "tron:0x1");
    EXPECT_EQ(totals[1]["tvl_usd"], 1.01);
    EXPECT_EQ(totals[2]["chain"], "all");
    EXPECT_EQ(totals[2]["protocols"], 3);
    EXPECT_EQ(totals[2]["tvl_usd"], 61.26);
    EXPECT_EQ(totals[2]["liquidatable"], 6);
}

TEST(ChainTotals, of_one_chain_are_one_row) {
    EXPECT_EQ(chain_totals({protocol("eip155:1", 1.0, 1)}).size(), 1U);
    EXPECT_TRUE(chain_totals({}).empty());
}

TEST(ChainTotals, lack_what_a_protocol_lacks) {
    const auto totals =
        chain_totals({protocol("eip155:1", 60.15, 3), protocol("eip155:1", nullptr, 4, "unknown")});
    ASSERT_EQ(totals.size(), 1U);
    EXPECT_TRUE(totals[0]["tvl_usd"].is_null());
    EXPECT_EQ(totals[0]["supplied_usd"], 200.5);
    EXPECT_EQ(totals[0]["state"], "unknown");
}

}  // namespace
}  // namespace plimsoll::query
