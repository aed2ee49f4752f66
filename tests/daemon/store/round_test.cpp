#include "tests/daemon/store/support.hpp"

#include <gmock/gmock.h>

namespace plimsoll::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Round : public StoreTest {
  protected:
    static RoundCommit round_at(BlockNumber number) {
        RoundCommit round;
        round.chain = "ethereum";
        round.now_ms = kNow;
        round.tip = block_of(number);
        round.recent_blocks = {block_of(number)};
        return round;
    }
    std::vector<BlockNumber> recent(const std::string& chain = "ethereum") {
        std::vector<BlockNumber> numbers;
        for (const BlockRef& block : value(store().chain_state(chain)).recent_blocks) {
            numbers.push_back(block.number);
        }
        return numbers;
    }
    std::vector<std::uint32_t> liquidations(std::uint64_t since = 0, std::size_t limit = 100) {
        std::vector<std::uint32_t> indexes;
        for (const LiquidationRow& row : value(store().liquidations("ethereum", since, limit))) {
            indexes.push_back(row.log_index);
        }
        return indexes;
    }
    std::vector<std::string> records(const std::string& protocol) {
        std::vector<std::string> found;
        for (const protocols::Record& record : value(store().records(protocol))) {
            found.push_back(record.key + "=" + *record.value);
        }
        return found;
    }
};

// ---- chain

TEST_F(Round, nothing_is_known_of_a_new_chain) {
    const ChainState state = value(store().chain_state("ethereum"));
    EXPECT_FALSE(state.tip.has_value());
    EXPECT_FALSE(state.final_block.has_value());
    EXPECT_THAT(state.recent_blocks, IsEmpty());
}

TEST_F(Round, tip_and_final_block_survive) {
    RoundCommit round = round_at(12);
    round.final_block = block_of(10);
    ok(store().commit(round));
    ok(store().commit(round_at(13)));
    reopen();
    const ChainState state = value(store().chain_state("ethereum"));
    EXPECT_EQ(state.tip, block_of(13));
    EXPECT_EQ(state.final_block, block_of(10));
    EXPECT_THAT(state.recent_blocks, ElementsAre(block_of(12), block_of(13)));
}

TEST_F(Round, chains_are_apart) {
    ok(store().commit(round_at(12)));
    RoundCommit other = round_at(5);
    other.chain = "tron";
    other.orphaned_above = 0;
    ok(store().commit(other));
    EXPECT_EQ(value(store().chain_state("tron")).tip, block_of(5));
    EXPECT_EQ(value(store().chain_state("ethereum")).tip, block_of(12));
    EXPECT_THAT(recent(), ElementsAre(12));
}

TEST_F(Round, last_256_blocks_are_kept) {
    RoundCommit round = round_at(1);
    round.recent_blocks.clear();
    for (BlockNumber number = 1; number <= 256; ++number) {
        round.recent_blocks.push_back(block_of(number * 3));
    }
    ok(store().commit(round));
    EXPECT_EQ(recent().size(), 256U);
    EXPECT_EQ(recent().front(), 3U);
    ok(store().commit(round_at(1'000)));
    EXPECT_EQ(recent().size(), 256U);
    EXPECT_EQ(recent().front(), 6U);
    EXPECT_EQ(recent().back(), 1'000U);
}

TEST_F(Round, reorganisation_drops_blocks_and_liquidations_above) {
    RoundCommit round = round_at(10);
    for (const BlockNumber number : {11U, 12U, 13U}) {
        round.recent_blocks.push_back(block_of(number));
    }
    round.liquidations = {liquidation_of(1, 11), liquidation_of(2, 12), liquidation_of(3, 13)};
    ok(store().commit(round));

    RoundCommit reorg = round_at(12);
    reorg.orphaned_above = 11;
    reorg.recent_blocks[0].hash = hash_of(99);
    reorg.liquidations = {liquidation_of(4, 12)};
    ok(store().commit(reorg));
    EXPECT_THAT(recent(), ElementsAre(10, 11, 12));
    EXPECT_EQ(value(store().chain_state("ethereum")).recent_blocks.back().hash, hash_of(99));
    EXPECT_THAT(liquidations(), ElementsAre(1, 4));
}

TEST_F(Round, block_at_a_known_number_replaces_it) {
    ok(store().commit(round_at(10)));
    RoundCommit other = round_at(10);
    other.recent_blocks[0].hash = hash_of(99);
    ok(store().commit(other));
    const auto blocks = value(store().chain_state("ethereum")).recent_blocks;
    ASSERT_EQ(blocks.size(), 1U);
    EXPECT_EQ(blocks[0].hash, hash_of(99));
}

TEST_F(Round, number_above_63_bits_is_misuse_and_changes_nothing) {
    RoundCommit round = round_at(10);
    round.liquidations = {liquidation_of(1, 9'223'372'036'854'775'808U)};
    fails(store().commit(round), StoreFault::misuse);
    EXPECT_FALSE(value(store().chain_state("ethereum")).tip.has_value());
    EXPECT_THAT(recent(), IsEmpty());
    EXPECT_TRUE(store().healthy());
}

TEST_F(Round, greatest_number_returns) {
    BlockRef block = block_of(9'223'372'036'854'775'807U);
    block.time = 1;
    RoundCommit round = round_at(10);
    round.tip = block;
    ok(store().commit(round));
    EXPECT_EQ(value(store().chain_state("ethereum")).tip, block);
}

// ---- records

TEST_F(Round, records_are_written_replaced_and_erased) {
    RoundCommit round = round_at(10);
    round.records = {{"aave", false, {{"b", "1"}, {"a", "2"}, {"c", "3"}}},
                     {"spark", false, {{"a", "9"}}}};
    ok(store().commit(round));
    round.records = {{"aave", false, {{"b", std::nullopt}, {"a", "4"}, {"x", std::nullopt}}}};
    ok(store().commit(round));
    EXPECT_THAT(records("aave"), ElementsAre("a=4", "c=3"));
    EXPECT_THAT(records("spark"), ElementsAre("a=9"));
}

TEST_F(Round, replace_all_forgets_only_that_protocol) {
    RoundCommit round = round_at(10);
    round.records = {{"aave", false, {{"a", "1"}, {"b", "2"}}}, {"spark", false, {{"a", "9"}}}};
    ok(store().commit(round));
    round.records = {{"aave", true, {{"c", "3"}}}};
    ok(store().commit(round));
    EXPECT_THAT(records("aave"), ElementsAre("c=3"));
    EXPECT_THAT(records("spark"), ElementsAre("a=9"));
}

TEST_F(Round, records_keep_every_byte) {
    const std::string key("k\0\xff", 3);
    const std::string value_bytes("\0\x80'", 3);
    RoundCommit round = round_at(10);
    round.records = {{"aave", false, {{key, value_bytes}, {"empty", ""}}}};
    ok(store().commit(round));
    reopen();
    EXPECT_THAT(records("aave"), ElementsAre("empty=", key + "=" + value_bytes));
}

// ---- rule states

TEST_F(Round, rule_states_are_kept_and_erased) {
    RuleStateRow row;
    row.rule = "hf";
    row.subject = "aave/0x01";
    row.state = "firing";
    row.since = 1'700'000'000;
    row.since_block = 12;
    row.since_hash = hash_of(12);
    row.episode = 12;
    row.last_seq = 3;
    row.value = R"({"hf":"999"})";
    RuleStateRow other = row;
    other.subject = "aave/0x02";
    RoundCommit round = round_at(12);
    round.rule_states = {other, row};
    ok(store().commit(round));
    other.erased = true;
    row.last_seq = 4;
    round.rule_states = {other, row};
    ok(store().commit(round));
    reopen();
    const auto rows = value(store().rule_states());
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].rule, "hf");
    EXPECT_EQ(rows[0].subject, "aave/0x01");
    EXPECT_EQ(rows[0].state, "firing");
    EXPECT_EQ(rows[0].since, 1'700'000'000U);
    EXPECT_EQ(rows[0].since_block, 12U);
    EXPECT_EQ(rows[0].since_hash, hash_of(12));
    EXPECT_EQ(rows[0].episode, 12U);
    EXPECT_EQ(rows[0].last_seq, 4U);
    EXPECT_EQ(rows[0].value, R"({"hf":"999"})");
    EXPECT_FALSE(rows[0].erased);
}

// ---- scan

TEST_F(Round, scan_replaces_owed_ranges_and_adds_candidates) {
    RoundCommit round = round_at(12);
    round.scans = {{"aave",
                    {{"aave", "discovery", 100, 199}, {"aave", "gap", 50, 50}},
                    {account_of(2), account_of(1)}},
                   {"spark", {{"spark", "discovery", 1, 2}}, {}}};
    ok(store().commit(round));
    round.scans = {{"aave", {{"aave", "discovery", 150, 199}}, {account_of(3), account_of(1)}}};
    ok(store().commit(round));
    reopen();
    EXPECT_THAT(value(store().owed("aave")), ElementsAre(OwedRange{"aave", "discovery", 150, 199}));
    EXPECT_THAT(value(store().owed("spark")), ElementsAre(OwedRange{"spark", "discovery", 1, 2}));
    EXPECT_THAT(value(store().candidates("aave")),
                ElementsAre(account_of(1), account_of(2), account_of(3)));
    EXPECT_THAT(value(store().candidates("spark")), IsEmpty());
}

TEST_F(Round, finished_scan_owes_nothing) {
    RoundCommit round = round_at(12);
    round.scans = {{"aave", {{"aave", "discovery", 1, 2}}, {}}};
    ok(store().commit(round));
    round.scans = {{"aave", {}, {}}};
    ok(store().commit(round));
    EXPECT_THAT(value(store().owed("aave")), IsEmpty());
}

struct WrongRange {
    const char* name;
    OwedRange range;
};

class RoundWrongRange : public Round, public testing::WithParamInterface<WrongRange> {};

TEST_P(RoundWrongRange, is_misuse_and_changes_nothing) {
    RoundCommit round = round_at(12);
    round.scans = {{"aave", {GetParam().range}, {account_of(1)}}};
    fails(store().commit(round), StoreFault::misuse);
    EXPECT_FALSE(value(store().chain_state("ethereum")).tip.has_value());
    EXPECT_THAT(value(store().candidates("aave")), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Ranges, RoundWrongRange,
                         testing::Values(WrongRange{"ends_before_it_starts", {"aave", "gap", 2, 1}},
                                         WrongRange{"unknown_purpose", {"aave", "other", 1, 2}},
                                         WrongRange{"of_another_protocol", {"spark", "gap", 1, 2}}),
                         [](const auto& tested) { return std::string(tested.param.name); });

// ---- liquidations

TEST_F(Round, liquidations_are_listed_by_time) {
    RoundCommit round = round_at(13);
    round.liquidations = {liquidation_of(5, 13), liquidation_of(1, 12), liquidation_of(4, 12)};
    ok(store().commit(round));
    EXPECT_THAT(liquidations(), ElementsAre(1, 4, 5));
    const std::uint64_t at_13 = 1'700'000'000 + 12 * 13;
    EXPECT_THAT(liquidations(at_13), ElementsAre(5));
    EXPECT_THAT(liquidations(at_13 + 1), IsEmpty());
    EXPECT_THAT(liquidations(0, 2), ElementsAre(1, 4));
    const LiquidationRow row = value(store().liquidations("ethereum", at_13, 1)).at(0);
    EXPECT_EQ(row.tx, hash_of(5));
    EXPECT_EQ(row.protocol, "aave");
    EXPECT_EQ(row.block, 13U);
    EXPECT_EQ(row.time, at_13);
    EXPECT_EQ(row.row, R"({"n":5})");
}

TEST_F(Round, same_event_again_is_one_liquidation) {
    RoundCommit round = round_at(13);
    round.liquidations = {liquidation_of(5, 12)};
    ok(store().commit(round));
    round.liquidations = {liquidation_of(5, 13)};
    ok(store().commit(round));
    ASSERT_THAT(liquidations(), ElementsAre(5));
    EXPECT_EQ(value(store().liquidations("ethereum", 0, 9)).at(0).block, 13U);
}

// ---- meta

TEST_F(Round, meta_is_kept_but_the_version_is_not_for_writing) {
    EXPECT_FALSE(value(store().meta("instance")).has_value());
    ok(store().set_meta("instance", "mon-a"));
    ok(store().set_meta("instance", "mon-b"));
    reopen();
    EXPECT_EQ(value(store().meta("instance")), "mon-b");
    fails(store().set_meta("schema_version", "2"), StoreFault::misuse);
}

TEST_F(Round, meta_of_a_round_is_kept_with_it) {
    RoundCommit round = round_at(12);
    round.metas = {{"follow/ethereum", "a"}, {"follow/ethereum", "b"}};
    ok(store().commit(round));
    EXPECT_EQ(value(store().meta("follow/ethereum")), "b");
    round = round_at(13);
    round.metas = {{"follow/ethereum", "c"}, {"schema_version", "2"}};
    fails(store().commit(round), StoreFault::misuse);
    EXPECT_EQ(value(store().meta("follow/ethereum")), "b");
    EXPECT_EQ(value(store().chain_state("ethereum")).tip->number, 12U);
}

// ---- the same round twice

TEST_F(Round, same_round_again_changes_nothing) {
    RoundCommit round = round_at(13);
    round.final_block = block_of(11);
    round.orphaned_above = 9;
    round.liquidations = {liquidation_of(5, 12)};
    round.records = {{"aave", true, {{"a", "1"}}}};
    round.scans = {{"aave", {{"aave", "gap", 1, 2}}, {account_of(1)}}};
    round.alerts = {alert_of("msg_1", "k"), alert_of("msg_2", "k", "position.at_risk.updated")};
    ok(store().commit(round));
    const std::string once = describe(store());
    ok(store().commit(round));
    EXPECT_EQ(describe(store()), once);
}

}  // namespace
}  // namespace plimsoll::store
