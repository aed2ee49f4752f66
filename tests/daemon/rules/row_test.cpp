#include "daemon/rules/row.hpp"

#include "tests/support/fake_protocol.hpp"

#include <gtest/gtest.h>

namespace plimsoll::rules {
namespace {

using test::block_hash;

/// Every member differs from its default.
Row full() {
    Row row;
    row.rule = "r";
    row.fingerprint = "f";
    row.about = {"position.at_risk",
                 "p",
                 "subject",
                 "r/eip155:1/p/subject",
                 "phrase",
                 {{"watch", "mine"}},
                 "ETH 1 2",
                 protocols::PositionKey{test::address(5), block_hash(6)},
                 true};
    row.phase = Phase::resolving;
    row.since = 1;
    row.since_block = 2;
    row.since_hash = block_hash(3);
    row.episode = 4;
    row.opened = 5;
    row.is_initial = true;
    row.is_flapping = true;
    row.last_told = 6;
    row.keep_until = 7;
    row.severity = alerts::Severity::critical;
    row.mark = {Usd8::from_raw(u256_max()), Wad::from_raw(U256(1)), Usd8::from_raw(U256(2)), 3,
                bands::Place::below};
    row.sinks = {"a", "b"};
    Decided decided;
    decided.word = Word::resolved;
    decided.reason = "repaid";
    decided.block = {8, block_hash(8), {}, 9};
    decided.at = 10;
    decided.payload = {"title", "text", {{"amount", {{"raw", "1"}, {"decimals", 18}}}}};
    decided.mark = row.mark;
    row.decided = {decided, decided};
    row.told = {{4, 1, Word::firing, 11, block_hash(11), 12, true},
                {4, 2, Word::updated, 13, block_hash(13), 13, false}};
    row.seqs = {{4, 2}, {0, 1}};
    row.taken_back = {{4, 1}, {0, 9}};
    row.turns = {14, 15};
    return row;
}

TEST(RowEncoding, keeps_everything) {
    const store::RuleStateRow stored = encode(full(), "mainnet");
    EXPECT_EQ(stored.rule, "r");
    EXPECT_EQ(stored.subject, "r/eip155:1/p/subject");
    EXPECT_EQ(stored.state, "resolving");
    EXPECT_EQ(stored.since, 1U);
    EXPECT_EQ(stored.since_block, 2U);
    EXPECT_EQ(stored.since_hash, block_hash(3));
    EXPECT_EQ(stored.episode, 4U);
    EXPECT_EQ(stored.last_seq, 2U);
    EXPECT_FALSE(stored.erased);
    const auto decoded = decode(stored, "mainnet");
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, full());
}

TEST(RowEncoding, a_blank_row_is_an_erased_one) {
    Row row;
    row.rule = "r";
    row.about.alert_key = "key";
    EXPECT_TRUE(encode(row, "mainnet").erased);
    row.seqs[1] = 1;
    EXPECT_FALSE(encode(row, "mainnet").erased);
}

TEST(RowEncoding, refuses_what_is_not_its_own) {
    const store::RuleStateRow good = encode(full(), "mainnet");
    EXPECT_FALSE(decode(good, "base")) << "another chain";
    store::RuleStateRow bad = good;
    bad.state = "asleep";
    EXPECT_FALSE(decode(bad, "mainnet"));
    const nlohmann::json value = nlohmann::json::parse(good.value);
    for (const auto& [name, member] : value.items()) {
        nlohmann::json without = value;
        without.erase(name);
        bad = good;
        bad.value = without.dump();
        EXPECT_FALSE(decode(bad, "mainnet")) << "without " << name;
        nlohmann::json other = value;
        other[name] = nullptr;
        bad.value = other.dump();
        EXPECT_FALSE(decode(bad, "mainnet")) << name << " is null";
    }
    for (std::size_t length = 0; length < good.value.size(); length += 7) {
        bad = good;
        bad.value.resize(length);
        EXPECT_FALSE(decode(bad, "mainnet")) << "cut at " << length;
    }
}

TEST(RowEncoding, seen_marks) {
    const store::RuleStateRow stored = encode_seen("r", "mainnet", "p", "f");
    const auto seen = decode_seen(stored, "mainnet");
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->protocol, "p");
    EXPECT_EQ(seen->fingerprint, "f");
    EXPECT_FALSE(decode_seen(stored, "base"));
    EXPECT_FALSE(decode(stored, "mainnet"));
    EXPECT_FALSE(decode_seen(encode(full(), "mainnet"), "mainnet"));
}

TEST(RowEncoding, words_and_phases_have_names) {
    for (const Word word : {Word::firing, Word::repeated, Word::updated, Word::resolved,
                            Word::retracted, Word::fired}) {
        EXPECT_EQ(parse_word(to_string(word)), word);
    }
    EXPECT_FALSE(parse_word("gone"));
    EXPECT_EQ(to_string(Phase::happened), "happened");
}

}  // namespace
}  // namespace plimsoll::rules
