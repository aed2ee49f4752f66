#include "daemon/rpc/batch_plan.hpp"

#include <gtest/gtest.h>

#include <string>

namespace plimsoll::rpc {
namespace {

using namespace std::chrono_literals;
using Batches = std::vector<std::vector<std::size_t>>;

RpcResult failure(ErrorKind kind) {
    RpcError error;
    error.kind = kind;
    return Unexpected<RpcError>{error};
}

RpcResult answer(int value) { return nlohmann::json(value); }

TEST(BatchPlan, hands_out_batches_and_collects_answers) {
    BatchPlan plan(5);
    EXPECT_EQ(plan.next(2, 2), (Batches{{0, 1}, {2, 3}}));
    EXPECT_EQ(plan.next(2, 2), (Batches{{4}}));
    EXPECT_TRUE(plan.is_done());
    plan.accept(std::vector<std::size_t>{4}, {answer(4)});
    plan.accept(std::vector<std::size_t>{2, 3}, {answer(2), answer(3)});
    plan.accept(std::vector<std::size_t>{0, 1}, {answer(0), answer(1)});
    EXPECT_TRUE(plan.is_done());
    const auto results = std::move(plan).results();
    for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(*results[i], i);
}

TEST(BatchPlan, asks_only_for_what_failed_and_twice_at_most) {
    BatchPlan plan(2);
    plan.next(20, 4);
    plan.accept(std::vector<std::size_t>{0, 1}, {answer(0), failure(ErrorKind::malformed)});
    EXPECT_EQ(plan.next(20, 4), (Batches{{1}}));
    plan.accept(std::vector<std::size_t>{1}, {failure(ErrorKind::malformed)});
    EXPECT_TRUE(plan.is_done());
    EXPECT_EQ(plan.take_pause(0), 0s);
}

TEST(BatchPlan, an_answer_that_is_an_error_is_final) {
    BatchPlan plan(2);
    plan.next(20, 4);
    plan.accept(std::vector<std::size_t>{0, 1},
                {failure(ErrorKind::execution), failure(ErrorKind::lag_or_reorg)});
    EXPECT_TRUE(plan.is_done());
}

TEST(BatchPlan, rate_pauses_as_long_as_the_server_says) {
    BatchPlan plan(1);
    plan.next(20, 4);
    RpcError rate;
    rate.kind = ErrorKind::rate;
    rate.wait = 3s;
    plan.accept(std::vector<std::size_t>{0}, {Unexpected<RpcError>{rate}});
    EXPECT_EQ(plan.take_pause(0), 3s);
    EXPECT_EQ(plan.take_pause(0), 0s);
    plan.next(20, 4);
    plan.accept(std::vector<std::size_t>{0}, {failure(ErrorKind::rate)});
    EXPECT_EQ(plan.take_pause(0), 200ms);
}

TEST(BatchPlan, a_refused_batch_comes_back_whole) {
    BatchPlan plan(3);
    plan.next(3, 1);
    RpcError error;
    error.kind = ErrorKind::split_batch;
    error.max_batch = 2;
    const RpcResult refused = Unexpected<RpcError>{error};
    const auto lesson = plan.accept(std::vector<std::size_t>{0, 1, 2}, {refused, refused, refused});
    EXPECT_EQ(lesson.outcome, BatchOutcome::too_many);
    EXPECT_EQ(lesson.allowed, 2U);
    EXPECT_EQ(plan.next(2, 4), (Batches{{0, 1}, {2}}));
}

TEST(BatchPlan, geth_answers_one_member_for_all) {
    BatchPlan plan(3);
    plan.next(3, 1);
    const auto lesson = plan.accept(std::vector<std::size_t>{0, 1, 2},
                                    {failure(ErrorKind::split_batch), failure(ErrorKind::malformed),
                                     failure(ErrorKind::malformed)});
    EXPECT_EQ(lesson.outcome, BatchOutcome::too_many);
    EXPECT_EQ(plan.next(1, 4).size(), 3U);
}

struct LessonCase {
    const char* name;
    ErrorKind kind;
    bool is_truncated;
    BatchOutcome outcome;
};

TEST(BatchPlan, learns_from_whole_failures) {
    for (const LessonCase& one :
         {LessonCase{"split", ErrorKind::split, false, BatchOutcome::too_heavy},
          LessonCase{"timeout", ErrorKind::timeout, false, BatchOutcome::too_heavy},
          LessonCase{"truncated", ErrorKind::transient, true, BatchOutcome::too_heavy},
          LessonCase{"gateway", ErrorKind::transient, false, BatchOutcome::fine},
          LessonCase{"no_batches", ErrorKind::bad_request, false, BatchOutcome::too_many},
          LessonCase{"rate", ErrorKind::rate, false, BatchOutcome::fine}}) {
        RpcError error;
        error.kind = one.kind;
        error.is_truncated = one.is_truncated;
        const RpcResult failed = Unexpected<RpcError>{error};
        BatchPlan plan(2);
        plan.next(2, 1);
        EXPECT_EQ(plan.accept(std::vector<std::size_t>{0, 1}, {failed, failed}).outcome,
                  one.outcome)
            << one.name;
        BatchPlan single(1);
        single.next(1, 1);
        EXPECT_EQ(single.accept(std::vector<std::size_t>{0}, {failed}).outcome, BatchOutcome::fine)
            << one.name;
    }
}

TEST(BatchSize, shrinks_to_what_is_allowed_for_good) {
    BatchSize size;
    EXPECT_EQ(size.get(), 20U);
    size.learn({BatchOutcome::too_many, 3}, 20);
    EXPECT_EQ(size.get(), 3U);
    for (int i = 0; i < 100; ++i) size.learn({}, 3);
    EXPECT_EQ(size.get(), 3U);
    size.learn({BatchOutcome::too_many, std::nullopt}, 3);
    EXPECT_EQ(size.get(), 1U);
    size.learn({BatchOutcome::too_many, 0}, 1);
    EXPECT_EQ(size.get(), 1U);
}

TEST(BatchSize, grows_again_after_heavy_batches) {
    BatchSize size;
    size.learn({BatchOutcome::too_heavy, std::nullopt}, 20);
    EXPECT_EQ(size.get(), 10U);
    size.learn({}, 10);
    EXPECT_EQ(size.get(), 11U);
    size.learn({}, 5);
    EXPECT_EQ(size.get(), 11U);
    for (int i = 0; i < 100; ++i) size.learn({}, size.get());
    EXPECT_EQ(size.get(), 20U);
}

}  // namespace
}  // namespace plimsoll::rpc
