#include "daemon/chain/evm_logs.hpp"

#include "tests/daemon/chain/evm_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace plimsoll::chain {
namespace {

using namespace std::chrono_literals;
using protocols::Log;
using test::FakeNode;
using test::NodeError;

Log log_at(BlockNumber block, std::uint32_t index) {
    Log log;
    log.address = address_of(1);
    log.topics = {word_of(0xaa)};
    log.block = block;
    log.block_hash = word_of(block);
    log.index = index;
    return log;
}

struct CheckCase {
    const char* name;
    std::vector<Log> logs;
    bool is_fine;
};

Log with_address(std::uint8_t last) {
    Log log = log_at(5, 0);
    log.address = address_of(last);
    return log;
}
Log with_topics(std::vector<Bytes32> topics) {
    Log log = log_at(5, 0);
    log.topics = std::move(topics);
    return log;
}
Log with_hash(std::uint64_t hash) {
    Log log = log_at(5, 1);
    log.block_hash = word_of(hash);
    return log;
}

TEST(CheckLogs, demands_what_was_asked_in_order) {
    const EvmLogFilter wanted({{address_of(1), address_of(2)}, {word_of(0xaa), word_of(0xbb)}});
    for (const CheckCase& one : {
             CheckCase{"none", {}, true},
             CheckCase{"ordered", {log_at(5, 0), log_at(5, 7), log_at(6, 0), log_at(9, 3)}, true},
             CheckCase{"edges", {log_at(5, 0), log_at(9, 0)}, true},
             CheckCase{"second_address", {with_address(2)}, true},
             CheckCase{"second_topic", {with_topics({word_of(0xbb), word_of(1)})}, true},
             CheckCase{"other_address", {with_address(3)}, false},
             CheckCase{"other_topic", {with_topics({word_of(1), word_of(0xaa)})}, false},
             CheckCase{"no_topic", {with_topics({})}, false},
             CheckCase{"before_the_range", {log_at(4, 0)}, false},
             CheckCase{"after_the_range", {log_at(10, 0)}, false},
             CheckCase{"twice", {log_at(5, 0), log_at(5, 0)}, false},
             CheckCase{"index_falls", {log_at(5, 1), log_at(5, 0)}, false},
             CheckCase{"block_falls", {log_at(6, 0), log_at(5, 1)}, false},
             CheckCase{"two_hashes_of_a_block", {log_at(5, 0), with_hash(77)}, false},
         }) {
        EXPECT_EQ(check_logs(one.logs, wanted, {5, 9, std::nullopt}).has_value(), one.is_fine)
            << one.name;
    }
    const std::vector<Log> one = {log_at(5, 0)};
    EXPECT_TRUE(check_logs(one, wanted, {5, 5, word_of(5)}));
    EXPECT_FALSE(check_logs(one, wanted, {5, 5, word_of(6)}));
}

TEST(EvmLogFilter, asks_for_each_once) {
    const EvmLogFilter wanted(
        {{address_of(2), address_of(1), address_of(2)}, {word_of(2), word_of(2)}});
    EXPECT_EQ(wanted.addresses().size(), 2U);
    EXPECT_EQ(wanted.topics().size(), 1U);
}

class EvmLogs : public EvmSourceTest {
  protected:
    /// A log in every block, and in every tenth one more.
    void fill(test::FakeChain& target) {
        for (BlockNumber block = 1; block <= target.head(); ++block) {
            target.add_log(block, address_of(1), word_of(0xaa), 0);
            target.add_log(block, address_of(9), word_of(0xaa), 1);  // not wanted
            if (block % 10 == 0) target.add_log(block, address_of(1), word_of(0xaa), 2);
        }
    }
    static std::size_t expected_in(BlockNumber from, BlockNumber to) {
        return to - from + 1 + to / 10 - (from - 1) / 10;
    }
    /// Reads a whole range step by step, as the daemon does.
    std::vector<Log> read_all(BlockNumber from, BlockNumber to, bool with_time = false) {
        std::vector<Log> out;
        for (int steps = 0; from <= to; ++steps) {
            const auto step = source->logs_in(from, to, filter(), with_time);
            if (!step || steps > 4'000 || step->last < from || step->last > to) {
                ADD_FAILURE() << (step ? "no progress" : step.error().message);
                return {};
            }
            out.insert(out.end(), step->logs.begin(), step->logs.end());
            from = step->last + 1;
        }
        return out;
    }
};

TEST_F(EvmLogs, a_range_within_one_span_is_one_request) {
    fill(chain);
    add_node(chain);
    connect();
    const auto before = source->requests();
    const auto step = source->logs_in(1, 200, filter(), true);
    ASSERT_TRUE(step) << step.error().message;
    EXPECT_EQ(step->last, 200U);
    EXPECT_EQ(step->logs.size(), 220U);
    EXPECT_EQ(step->logs[0].block_time, chain.at(1).time);
    EXPECT_EQ(source->requests() - before, 1U);
}

TEST_F(EvmLogs, several_spans_are_read_in_one_step) {
    fill(chain);
    settings.log_span = 10;
    add_node(chain);
    connect();
    const auto step = source->logs_in(1, 200, filter(), false);
    EXPECT_EQ(step->last, 40U);
    EXPECT_EQ(step->logs.size(), expected_in(1, 40));
    EXPECT_EQ(read_all(1, 200).size(), 220U);
}

struct Provider {
    const char* name;
    std::uint64_t most_blocks;
    std::size_t most_logs;
    std::function<NodeError(BlockNumber, BlockNumber)> error;
};

NodeError plain(std::int64_t code, const char* message) {
    return {code, message, nlohmann::json()};
}
std::string quantity(std::uint64_t value) {
    std::string out = block_by_number(value);
    return out.substr(1, out.size() - 2);
}

class EvmLogsOfProvider : public EvmLogs, public testing::WithParamInterface<Provider> {};

TEST_P(EvmLogsOfProvider, are_all_read_in_the_end) {
    test::FakeChain tall(1'200);
    fill(tall);
    FakeNode& node = add_node(tall);
    std::uint64_t refusals = 0;
    node.log_limit = [&](BlockNumber from, BlockNumber to, std::size_t,
                         std::size_t logs) -> std::optional<NodeError> {
        if (to - from + 1 <= GetParam().most_blocks && logs <= GetParam().most_logs) {
            return std::nullopt;
        }
        ++refusals;
        return GetParam().error(from, to);
    };
    connect();
    const auto logs = read_all(1, 1'200);
    EXPECT_EQ(logs.size(), expected_in(1, 1'200));
    EXPECT_GT(refusals, 0U);
    EXPECT_LT(refusals, 120U);
    EXPECT_EQ(source->endpoints()[0].failures, 0U);
}

constexpr auto kAny = SIZE_MAX;

INSTANTIATE_TEST_SUITE_P(
    Wordings, EvmLogsOfProvider,
    testing::Values(
        Provider{
            "infura", UINT64_MAX, 1'000,
            [](BlockNumber from, BlockNumber) {
                return NodeError{
                    -32005,
                    "query returned more than 10000 results. Try with this block range [" +
                        quantity(from) + ", " + quantity(from + 800) + "].",
                    {{"from", quantity(from)}, {"to", quantity(from + 800)}, {"limit", 10'000}}};
            }},
        Provider{"alchemy", 500, kAny,
                 [](BlockNumber from, BlockNumber) {
                     return plain(-32600, ("You can make eth_getLogs requests with up to a 500 "
                                           "block range. Based on your parameters, this block "
                                           "range should work: [" +
                                           quantity(from) + ", " + quantity(from + 499) + "]")
                                              .c_str());
                 }},
        Provider{"quicknode", 500, kAny,
                 [](BlockNumber, BlockNumber) {
                     return plain(-32614, "eth_getLogs is limited to a 500 range");
                 }},
        Provider{"ankr", 700, kAny,
                 [](BlockNumber, BlockNumber) { return plain(-32600, "block range is too wide"); }},
        Provider{
            "publicnode", 300, kAny,
            [](BlockNumber, BlockNumber) { return plain(-32701, "maximum block range: 300"); }},
        Provider{"drpc", 1'000, kAny,
                 [](BlockNumber, BlockNumber) {
                     return plain(35, "ranges over 1000 blocks are not supported on freetier");
                 }},
        Provider{"reth_with_the_same_range", UINT64_MAX, 300,
                 [](BlockNumber from, BlockNumber to) {
                     return plain(-32602, ("query exceeds max results 300, retry with the range " +
                                           std::to_string(from) + "-" + std::to_string(to))
                                              .c_str());
                 }},
        Provider{"tenderly", 200, kAny,
                 [](BlockNumber, BlockNumber) {
                     return NodeError{-32602, "invalid params",
                                      "range 2000 is bigger than range limit 200"};
                 }},
        Provider{"geth_too_large", UINT64_MAX, 500,
                 [](BlockNumber, BlockNumber) { return plain(-32003, "response too large"); }},
        Provider{"a_limit_of_one_block", 1, kAny,
                 [](BlockNumber, BlockNumber) {
                     return plain(-32602, "Block range limit exceeded, max is 1 blocks");
                 }},
        Provider{"a_liar_about_its_limit", 64, kAny,
                 [](BlockNumber, BlockNumber) {
                     return plain(-32602, "maximum block range: 1000000");
                 }}),
    [](const auto& one) { return std::string(one.param.name); });

TEST_F(EvmLogs, the_configured_limit_is_never_exceeded) {
    fill(chain);
    FakeNode& node = add_node(chain);
    settings.endpoints[0].max_block_range = 10;
    node.log_limit = [](BlockNumber from, BlockNumber to, std::size_t,
                        std::size_t) -> std::optional<NodeError> {
        EXPECT_LE(to - from + 1, 10U);
        return std::nullopt;
    };
    connect();
    EXPECT_EQ(read_all(1, 200).size(), 220U);
}

TEST_F(EvmLogs, the_range_stays_inside_what_was_asked) {
    FakeNode& node = add_node(chain);
    connect();
    node.log_limit = [](BlockNumber from, BlockNumber to, std::size_t,
                        std::size_t) -> std::optional<NodeError> {
        EXPECT_GE(from, 50U);
        EXPECT_LE(to, 60U);
        EXPECT_LE(from, to);
        return std::nullopt;
    };
    node.methods.clear();
    EXPECT_EQ(source->logs_in(50, 60, filter(), false)->last, 60U);
}

TEST_F(EvmLogs, a_block_that_is_too_much_is_read_by_fewer_addresses) {
    FakeNode& node = add_node(chain);
    protocols::LogFilter wide{{}, {word_of(0xaa)}};
    for (std::uint8_t i = 1; i <= 100; ++i) {
        wide.addresses.push_back(address_of(i));
        chain.add_log(200, address_of(i), word_of(0xaa), i);
    }
    node.log_limit = [](BlockNumber, BlockNumber, std::size_t addresses,
                        std::size_t) -> std::optional<NodeError> {
        if (addresses <= 30) return std::nullopt;
        return NodeError{-32602, "exceed max addresses or topics per search position", {}};
    };
    connect();
    const auto head = source->head();
    EXPECT_EQ(source->logs_of(*head, wide)->size(), 100U);
    EXPECT_EQ(source->logs_in(1, 200, wide, false)->logs.size(), 100U);
}

TEST_F(EvmLogs, one_address_of_one_block_that_is_too_much_is_told) {
    FakeNode& node = add_node(chain);
    connect();
    node.log_limit = [](BlockNumber, BlockNumber, std::size_t,
                        std::size_t) -> std::optional<NodeError> {
        return NodeError{-32005, "query returned more than 10000 results", {}};
    };
    const auto head = source->head();
    EXPECT_EQ(source->logs_of(*head, filter()).error().kind, FaultKind::split);
    EXPECT_EQ(source->logs_in(1, 200, filter(), false).error().kind, FaultKind::split);
}

TEST_F(EvmLogs, long_address_lists_are_cut_at_500) {
    FakeNode& node = add_node(chain);
    protocols::LogFilter wide{{}, {word_of(0xaa)}};
    for (std::uint64_t i = 0; i < 1'200; ++i) {
        wide.addresses.push_back(to_address(word_of(i + 1)).value());
    }
    chain.add_log(200, address_of(9), word_of(0xaa), 4);
    chain.add_log(200, wide.addresses[1'100], word_of(0xaa), 2);
    node.log_limit = [](BlockNumber, BlockNumber, std::size_t addresses,
                        std::size_t) -> std::optional<NodeError> {
        EXPECT_LE(addresses, 500U);
        return std::nullopt;
    };
    connect();
    const auto head = source->head();
    const auto before = source->requests();
    const auto logs = source->logs_of(*head, wide);
    ASSERT_TRUE(logs) << logs.error().message;
    ASSERT_EQ(logs->size(), 2U);
    EXPECT_EQ((*logs)[0].index, 2U);
    EXPECT_EQ(source->requests() - before, 3U);
    EXPECT_EQ(source->logs_in(1, 200, wide, false)->logs.size(), 2U);
}

TEST_F(EvmLogs, times_are_read_from_headers_where_the_node_gives_none) {
    fill(chain);
    FakeNode& node = add_node(chain);
    node.has_log_times = false;
    connect();
    const auto step = source->logs_in(101, 110, filter(), true);
    ASSERT_TRUE(step) << step.error().message;
    for (const Log& log : step->logs) EXPECT_EQ(log.block_time, chain.at(log.block).time);
    EXPECT_EQ(source->logs_in(101, 110, filter(), false)->logs[0].block_time, 0U);
}

TEST_F(EvmLogs, a_step_reads_no_more_than_500_headers_for_times) {
    test::FakeChain tall(700);
    fill(tall);
    add_node(tall).has_log_times = false;
    connect();
    const auto step = source->logs_in(1, 700, filter(), true);
    ASSERT_TRUE(step) << step.error().message;
    EXPECT_EQ(step->last, 500U);
    EXPECT_EQ(read_all(1, 700, true).size(), expected_in(1, 700));
}

TEST_F(EvmLogs, of_a_block_carry_its_time) {
    fill(chain);
    add_node(chain).has_log_times = false;
    connect();
    const auto logs = source->logs_of(chain.at(150), filter());
    ASSERT_EQ(logs->size(), 2U);
    EXPECT_EQ((*logs)[1].block_time, chain.at(150).time);
}

TEST_F(EvmLogs, a_node_behind_the_range_is_not_believed) {
    fill(chain);
    FakeNode& first = add_node(chain);
    add_node(chain);
    connect();
    ASSERT_TRUE(source->head());
    chain.mine(20);
    chain.add_log(215, address_of(1), word_of(0xaa));
    first.lag = 20;
    const auto step = source->logs_in(201, 220, filter(), false);
    ASSERT_TRUE(step) << step.error().message;
    EXPECT_EQ(step->logs.size(), 1U);
}

TEST_F(EvmLogs, an_empty_answer_about_an_unknown_hash_is_not_believed) {
    FakeNode& node = add_node(chain);
    node.denies_unknown_logs = false;
    connect();
    const auto head = source->head();
    auto before = source->requests();
    EXPECT_TRUE(source->logs_of(*head, filter())->empty());
    EXPECT_EQ(source->requests() - before, 2U);  // its header is read again
    chain.drop(1);
    chain.mine(1, 1);
    EXPECT_EQ(source->logs_of(*head, filter()).error().kind, FaultKind::lag_or_reorg);
}

TEST_F(EvmLogs, a_node_without_logs_by_hash_is_asked_by_number) {
    fill(chain);
    FakeNode& node = add_node(chain);
    node.override_error = [](const std::string& method,
                             const nlohmann::json& params) -> std::optional<NodeError> {
        if (method == "eth_getLogs" && params.at(0).contains("blockHash")) {
            return NodeError{-32602, "unknown field blockHash", {}};
        }
        return std::nullopt;
    };
    connect();
    EXPECT_EQ(source->logs_of(chain.at(150), filter())->size(), 2U);
    BlockRef orphan = chain.at(150);
    orphan.hash.bytes[0] ^= 1U;
    EXPECT_FALSE(source->logs_of(orphan, filter()));
}

struct LyingCase {
    const char* name;
    std::function<nlohmann::json(const test::FakeChain&)> answer;
};

TEST_F(EvmLogs, lies_are_refused_and_another_endpoint_is_asked) {
    fill(chain);
    FakeNode& first = add_node(chain);
    add_node(chain);
    connect();
    ASSERT_TRUE(source->head());
    const Log good = chain.logs().at(0);
    const auto list = [](std::vector<Log> logs) {
        nlohmann::json out = nlohmann::json::array();
        for (const Log& log : logs) out.push_back(FakeNode::log_json(log));
        return out;
    };
    Log foreign = good;
    foreign.address = address_of(0xff);
    Log outside = good;
    outside.block = 150;
    nlohmann::json removed = list({good});
    removed[0]["removed"] = true;
    nlohmann::json short_data = list({good});
    short_data[0]["data"] = "0x0";
    for (const auto& [name, lie] : std::vector<std::pair<std::string, nlohmann::json>>{
             {"foreign", list({foreign})},
             {"outside", list({outside})},
             {"twice", list({good, good})},
             {"removed", removed},
             {"odd data", short_data},
             {"null", nullptr},
             {"text", "0x"},
             {"object", nlohmann::json::object()},
         }) {
        first.override_result = [&lie = lie](
                                    const std::string& method,
                                    const nlohmann::json&) -> std::optional<nlohmann::json> {
            if (method == "eth_getLogs") return lie;
            return std::nullopt;
        };
        const auto step = source->logs_in(1, 5, filter(), false);
        ASSERT_TRUE(step) << name << step.error().message;
        EXPECT_EQ(step->logs.size(), 5U) << name;
        clock.advance(10min);
    }
}

TEST_F(EvmLogs, a_timeout_shrinks_the_range_for_the_next_try) {
    fill(chain);
    FakeNode& node = add_node(chain);
    connect();
    std::vector<std::uint64_t> spans;
    node.log_limit = [&](BlockNumber from, BlockNumber to, std::size_t,
                         std::size_t) -> std::optional<NodeError> {
        spans.push_back(to - from + 1);
        if (to - from + 1 <= 100) return std::nullopt;
        return NodeError{-32002, "request timed out", {}};
    };
    EXPECT_EQ(read_all(1, 200).size(), 220U);
    EXPECT_EQ(spans.at(0), 200U);
    EXPECT_EQ(spans.at(1), 100U);
}

TEST_F(EvmLogs, the_bloom_filter_finds_an_answer_that_lacks_logs) {
    settings.check_bloom = true;
    chain.add_log(200, address_of(1), word_of(0xaa));
    FakeNode& first = add_node(chain);
    add_node(chain);
    first.override_result = [this](const std::string& method,
                                   const nlohmann::json& params) -> std::optional<nlohmann::json> {
        if (method == "eth_getLogs") return nlohmann::json::array();
        if (method != "eth_getBlockByNumber" || params.at(0) != "latest") return std::nullopt;
        nlohmann::json header = FakeNode::header_json(chain.at(200));
        header["logsBloom"] = "0x" + std::string(512, 'f');
        return header;
    };
    connect();
    const auto head = source->head();
    EXPECT_EQ(source->logs_of(*head, filter())->size(), 1U);
    EXPECT_EQ(source->endpoints()[0].failures, 1U);
}

}  // namespace
}  // namespace plimsoll::chain
