#include "daemon/chain/agreeing_source.hpp"

#include "daemon/chain/ballot.hpp"
#include "tests/support/manual_clock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::chain {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// ---- ballots and disputes

std::optional<int> equal(int a, int b) { return a == b ? std::optional(a) : std::nullopt; }

TEST(Ballot, counts_who_says_the_same) {
    Ballot<int> ballot;
    EXPECT_EQ(ballot.most(), 0U);
    ballot.cast(0, 7, equal);
    ballot.cast(1, 8, equal);
    ballot.cast(2, 8, equal);
    EXPECT_EQ(ballot.largest().value, 8);
    EXPECT_EQ(ballot.largest().voters, (Voters{1, 2}));
    EXPECT_EQ(ballot.minority(), Voters{0});
    EXPECT_EQ(ballot.all(), (Voters{0, 1, 2}));
    EXPECT_FALSE(ballot.is_unanimous());
}

TEST(Ballot, prefers_the_first_of_equals) {
    Ballot<int> ballot;
    ballot.cast(0, 7, equal);
    ballot.cast(1, 8, equal);
    EXPECT_EQ(ballot.largest().value, 7);
}

TEST(Disputes, are_told_when_they_last) {
    Disputes disputes(10s);
    Disputes::Time now{};
    EXPECT_FALSE(disputes.note("logs", {0, 1}, "early", now));
    EXPECT_TRUE(disputes.told().empty());
    EXPECT_TRUE(disputes.is_suspect(1));
    EXPECT_TRUE(disputes.note("logs", {0, 1}, "late", now + 10s));
    ASSERT_EQ(disputes.told().size(), 1U);
    EXPECT_EQ(disputes.told().front().text, "late");
}

TEST(Disputes, end_when_everybody_in_them_has_agreed) {
    Disputes disputes(0s);
    disputes.note("logs", {0, 1}, "text", {});
    disputes.settle("blocks", {0, 1});
    disputes.settle("logs", {0, 2});
    EXPECT_FALSE(disputes.is_suspect(0));
    EXPECT_TRUE(disputes.is_suspect(1));
    disputes.settle("logs", {1, 2});
    EXPECT_FALSE(disputes.is_open());
}

// ---- the source

Bytes32 word(std::uint64_t value) {
    Bytes32 out;
    for (std::size_t i = 0; i < 8; ++i) {
        out.bytes[31 - i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
    return out;
}

/// Blocks of one fork from a number on, everything else of fork 0.
BlockRef block(BlockNumber number, unsigned fork = 0, BlockNumber from = 0) {
    const auto hash = [&](BlockNumber n) { return word(n * 16 + (n >= from ? fork : 0)); };
    BlockRef out;
    out.number = number;
    out.hash = hash(number);
    out.parent = hash(number == 0 ? 0 : number - 1);
    out.time = 1'000 + number;
    return out;
}

/// What one endpoint says; every member can be changed at will.
struct Endpoint {
    BlockNumber head = 100;
    unsigned fork = 0;
    BlockNumber fork_from = 0;
    BlockNumber final_number = 90;
    std::optional<Fault> fault;
    std::vector<std::uint32_t> logs = {1, 2};
    BlockNumber log_reach = 1'000'000;
    std::uint8_t state = 7;
    std::map<std::string, int> asked;

    BlockRef at(BlockNumber number) const { return block(number, fork, fork_from); }
};

class FakeSource final : public Source {
  public:
    FakeSource(std::string alias, Endpoint& endpoint)
        : alias_(std::move(alias)), endpoint_(endpoint) {}

    Expected<void, Fault> connect() override {
        if (endpoint_.fault) return Unexpected<Fault>{*endpoint_.fault};
        return {};
    }
    void expect_head(BlockNumber) override {}
    Expected<BlockRef, Fault> head() override {
        return said("head", [&] { return endpoint_.at(endpoint_.head); });
    }
    Expected<BlockRef, Fault> final_block(const Finality&, const BlockRef&) override {
        return said("final", [&] { return endpoint_.at(endpoint_.final_number); });
    }
    Expected<std::optional<BlockRef>, Fault> block_at(BlockNumber number) override {
        return said("block", [&] {
            return number <= endpoint_.head ? std::optional(endpoint_.at(number)) : std::nullopt;
        });
    }
    Expected<std::vector<BlockRef>, Fault> blocks(BlockNumber first, BlockNumber last) override {
        return said("blocks", [&] {
            std::vector<BlockRef> out;
            for (BlockNumber n = first; n <= last; ++n) out.push_back(endpoint_.at(n));
            return out;
        });
    }
    Expected<std::vector<protocols::Log>, Fault> logs_of(const BlockRef& at,
                                                         const protocols::LogFilter&) override {
        return said("logs", [&] { return logs(at.number); });
    }
    Expected<RangeLogs, Fault> logs_in(BlockNumber from, BlockNumber to,
                                       const protocols::LogFilter&, bool) override {
        return said("range", [&] {
            RangeLogs out;
            out.last = std::min(to, endpoint_.log_reach);
            for (BlockNumber n = from; n <= out.last; ++n) {
                for (auto& log : logs(n)) out.logs.push_back(std::move(log));
            }
            return out;
        });
    }
    Expected<std::vector<protocols::CallResult>, Fault> read(std::span<const protocols::Call> calls,
                                                             const BlockRef&) override {
        return said("read", [&] {
            return std::vector<protocols::CallResult>(calls.size(), {true, {endpoint_.state}});
        });
    }
    Expected<std::vector<bool>, Fault> has_code(std::span<const Address> addresses,
                                                const BlockRef&) override {
        return said("code", [&] { return std::vector<bool>(addresses.size(), true); });
    }
    bool keeps_only_head() const override { return false; }
    std::size_t read_limit() const override { return 1'000; }
    std::vector<EndpointStatus> endpoints() const override {
        EndpointStatus status;
        status.alias = alias_;
        status.up = true;
        status.state = "ok";
        return {status};
    }
    std::uint64_t requests() const override { return 1; }
    void cancel() override {}

  private:
    template <class Say>
    Expected<std::invoke_result_t<Say>, Fault> said(const std::string& what, const Say& say) {
        ++endpoint_.asked[what];
        if (endpoint_.fault) return Unexpected<Fault>{*endpoint_.fault};
        return say();
    }
    std::vector<protocols::Log> logs(BlockNumber number) const {
        std::vector<protocols::Log> out;
        for (const std::uint32_t index : endpoint_.logs) {
            protocols::Log log;
            log.block = number;
            log.block_hash = endpoint_.at(number).hash;
            log.index = index;
            out.push_back(std::move(log));
        }
        return out;
    }

    std::string alias_;
    Endpoint& endpoint_;
};

class Agreeing : public testing::Test {
  protected:
    void start(std::size_t count, unsigned agree, bool is_strict = true) {
        endpoints.resize(count);
        std::vector<std::unique_ptr<Source>> members;
        for (std::size_t i = 0; i < count; ++i) {
            members.push_back(std::make_unique<FakeSource>(
                std::string(1, static_cast<char>('a' + i)), endpoints[i]));
        }
        source = make_agreeing_source({"test", agree, is_strict, 1s}, std::move(members), clock);
    }
    /// What is told of the first endpoint that is contradicted; empty: none is.
    std::string disagreement() const {
        for (const EndpointStatus& status : source->endpoints()) {
            if (status.state == "disagrees") return status.last_error;
        }
        return {};
    }
    /// One after the other, a poll's time apart.
    void later() { clock.advance(2s); }
    Expected<std::vector<protocols::Log>, Fault> logs() { return source->logs_of(block(100), {}); }
    Expected<std::vector<protocols::CallResult>, Fault> read() {
        const std::vector<protocols::Call> calls(2);
        return source->read(calls, block(100));
    }
    static Fault down() { return {FaultKind::transient, "refused"}; }

    std::vector<Endpoint> endpoints;
    test::ManualClock clock;
    std::unique_ptr<Source> source;
};

TEST_F(Agreeing, two_that_say_the_same_are_believed) {
    start(2, 2);
    EXPECT_EQ(source->head().value(), block(100));
    EXPECT_EQ(source->final_block({}, block(100)).value(), block(90));
    EXPECT_EQ(source->block_at(95).value(), block(95));
    EXPECT_EQ(source->blocks(95, 96)->size(), 2U);
    EXPECT_EQ(logs()->size(), 2U);
    EXPECT_EQ(read()->size(), 2U);
    EXPECT_EQ(disagreement(), "");
    for (Endpoint& one : endpoints) EXPECT_EQ(one.asked["read"], 1);
}

TEST_F(Agreeing, a_third_is_not_asked_while_two_agree) {
    start(3, 2);
    ASSERT_TRUE(source->head());
    ASSERT_TRUE(logs());
    EXPECT_TRUE(endpoints[2].asked.empty());
}

TEST_F(Agreeing, a_head_that_is_known_costs_one_question) {
    start(2, 2);
    ASSERT_TRUE(source->head());
    ASSERT_TRUE(source->head());
    EXPECT_EQ(endpoints[0].asked["head"], 2);
    EXPECT_EQ(endpoints[1].asked["head"], 1);
}

TEST_F(Agreeing, the_head_is_the_newest_block_that_both_have) {
    start(2, 2);
    endpoints[0].head = 103;
    EXPECT_EQ(source->head().value(), block(100));
}

TEST_F(Agreeing, a_head_that_stands_still_is_compared_with_all) {
    start(3, 2);
    ASSERT_TRUE(source->head());
    endpoints[1].head = endpoints[2].head = 110;
    EXPECT_EQ(source->head().value(), block(100));
    clock.advance(11s);
    EXPECT_EQ(source->head().value(), block(110));
}

TEST_F(Agreeing, one_below_what_is_known_needs_another) {
    start(3, 2);
    source->expect_head(100);
    endpoints[0].head = 95;
    EXPECT_EQ(source->head().value(), block(100));
    EXPECT_EQ(source->head().value(), block(100));
    endpoints[1].head = endpoints[2].head = 101;
    EXPECT_EQ(source->head().value(), block(101));
}

struct Lie {
    const char* name;
    std::function<void(Endpoint&)> tell;
    std::function<bool(Source&)> is_answered;
};

const std::vector<protocols::Call> kCalls(2);

std::vector<Lie> lies() {
    return {
        {"head",
         [](Endpoint& one) {
             one.fork = 1;
             one.fork_from = 98;
         },
         [](Source& source) { return source.head().has_value(); }},
        {"hash",
         [](Endpoint& one) {
             one.fork = 1;
             one.fork_from = 98;
         },
         [](Source& source) { return source.block_at(99).has_value(); }},
        {"hashes",
         [](Endpoint& one) {
             one.fork = 1;
             one.fork_from = 98;
         },
         [](Source& source) { return source.blocks(97, 99).has_value(); }},
        {"final",
         [](Endpoint& one) {
             one.fork = 1;
             one.fork_from = 80;
         },
         [](Source& source) { return source.final_block({}, block(100)).has_value(); }},
        {"a log too many",
         [](Endpoint& one) {
             one.logs = {1, 2, 3};
         },
         [](Source& source) { return source.logs_of(block(100), {}).has_value(); }},
        {"no logs", [](Endpoint& one) { one.logs = {}; },
         [](Source& source) { return source.logs_in(99, 100, {}, true).has_value(); }},
        {"state", [](Endpoint& one) { one.state = 8; },
         [](Source& source) { return source.read(kCalls, block(100)).has_value(); }},
    };
}

TEST_F(Agreeing, one_of_two_that_lies_is_never_believed_whichever_it_is) {
    for (const Lie& lie : lies()) {
        for (const bool is_strict : {true, false}) {
            for (const std::size_t liar : {0U, 1U}) {
                SCOPED_TRACE(lie.name);
                start(2, 2, is_strict);
                endpoints.assign(2, {});
                ASSERT_TRUE(lie.is_answered(*source));
                lie.tell(endpoints[liar]);
                for (Endpoint& one : endpoints) ++one.head;
                EXPECT_FALSE(lie.is_answered(*source));
                EXPECT_EQ(disagreement(), "");
                later();
                EXPECT_FALSE(lie.is_answered(*source));
                EXPECT_THAT(disagreement(), HasSubstr("a and b contradict each other"));
                for (const auto& status : source->endpoints()) {
                    EXPECT_EQ(status.state, "disagrees");
                    EXPECT_FALSE(status.up);
                }
                endpoints[liar] = endpoints[1 - liar];
                EXPECT_TRUE(lie.is_answered(*source));
                EXPECT_EQ(disagreement(), "");
                EXPECT_EQ(source->endpoints().front().state, "ok");
            }
        }
    }
}

TEST_F(Agreeing, the_first_contradiction_may_be_a_block_on_its_way) {
    start(2, 2);
    endpoints[1].logs = {};
    const auto first = logs();
    ASSERT_FALSE(first);
    EXPECT_EQ(first.error().kind, FaultKind::lag_or_reorg);
    endpoints[1].logs = endpoints[0].logs;
    later();
    EXPECT_TRUE(logs());
    EXPECT_EQ(disagreement(), "");
}

TEST_F(Agreeing, one_of_three_that_lies_is_outvoted_and_told) {
    start(3, 2);
    endpoints[0].state = 8;
    EXPECT_EQ(read()->front().data, Bytes{7});
    later();
    EXPECT_EQ(read()->front().data, Bytes{7});
    EXPECT_EQ(disagreement(), "a contradicts b and c about the state of block 100");
    EXPECT_EQ(source->endpoints()[0].state, "disagrees");
    EXPECT_EQ(source->endpoints()[1].state, "ok");
    // It is left alone for a minute, and stays told until it has agreed.
    const int asked = endpoints[0].asked["read"];
    later();
    ASSERT_TRUE(read());
    EXPECT_EQ(endpoints[0].asked["read"], asked);
    endpoints[0].state = 7;
    EXPECT_NE(disagreement(), "");
    clock.advance(61s);
    ASSERT_TRUE(read());
    EXPECT_EQ(disagreement(), "");
}

TEST_F(Agreeing, fewer_than_asked_for_are_not_enough) {
    start(2, 2);
    endpoints[1].fault = down();
    const auto head = source->head();
    ASSERT_FALSE(head);
    EXPECT_EQ(head.error().kind, FaultKind::no_endpoint);
    EXPECT_THAT(head.error().message, HasSubstr("only a answers; refused"));
    endpoints[1].fault.reset();
    EXPECT_TRUE(source->head());
}

TEST_F(Agreeing, without_being_strict_one_goes_on_alone) {
    start(2, 2, false);
    endpoints[0].fault = down();
    EXPECT_EQ(source->head().value(), block(100));
    EXPECT_EQ(logs()->size(), 2U);
    // Nobody waits for it again at once.
    EXPECT_EQ(endpoints[0].asked["head"], 1);
    EXPECT_EQ(endpoints[0].asked["logs"], 0);
    endpoints[0].fault.reset();
    clock.advance(11s);
    ASSERT_TRUE(logs());
    EXPECT_EQ(endpoints[0].asked["logs"], 1);
}

TEST_F(Agreeing, one_that_was_contradicted_does_not_go_on_alone) {
    start(2, 2, false);
    endpoints[0].state = 8;
    EXPECT_FALSE(read());
    endpoints[1].fault = down();
    later();
    EXPECT_FALSE(read());
    endpoints[1].fault.reset();
    endpoints[0].state = 7;
    clock.advance(11s);
    EXPECT_TRUE(read());
    endpoints[1].fault = down();
    EXPECT_TRUE(read());
}

TEST_F(Agreeing, without_being_strict_one_far_behind_has_no_say) {
    start(2, 2, false);
    endpoints[1].head = 90;
    EXPECT_EQ(source->head().value(), block(100));
    endpoints[1].head = 101;
    endpoints[0].head = 101;
    clock.advance(61s);
    EXPECT_EQ(source->head().value(), block(101));
    EXPECT_EQ(endpoints[1].asked["head"], 2);
}

TEST_F(Agreeing, the_final_block_is_the_lower_one) {
    start(2, 2);
    endpoints[0].final_number = 95;
    EXPECT_EQ(source->final_block({}, block(100)).value(), block(90));
}

TEST_F(Agreeing, logs_are_compared_as_far_as_both_have_read) {
    start(2, 2);
    ASSERT_TRUE(source->head());
    endpoints[1].log_reach = 97;
    const auto read = source->logs_in(95, 100, {}, true);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->last, 97U);
    EXPECT_EQ(read->logs.size(), 6U);
}

TEST_F(Agreeing, old_logs_are_asked_of_one) {
    start(2, 2);
    for (Endpoint& one : endpoints) one.head = 20'000;
    ASSERT_TRUE(source->head());
    ASSERT_TRUE(source->logs_in(1, 10, {}, false));
    EXPECT_EQ(endpoints[1].asked["range"], 0);
    endpoints[0].fault = down();
    ASSERT_TRUE(source->logs_in(1, 10, {}, false));
    EXPECT_EQ(endpoints[1].asked["range"], 1);
}

TEST_F(Agreeing, a_block_that_nobody_has_is_none) {
    start(2, 2);
    EXPECT_EQ(source->block_at(101).value(), std::nullopt);
}

TEST_F(Agreeing, what_all_say_went_wrong_is_told_by_meaning) {
    start(2, 2);
    endpoints[0].fault = down();
    endpoints[1].fault = Fault{FaultKind::missing_state, "gone"};
    const auto answer = read();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, FaultKind::missing_state);
    EXPECT_THAT(answer.error().message, HasSubstr("refused"));
    EXPECT_FALSE(source->connect());
}

}  // namespace
}  // namespace plimsoll::chain
