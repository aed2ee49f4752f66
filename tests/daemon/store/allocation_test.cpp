#include "tests/daemon/store/scenario.hpp"
#include "tests/daemon/store/support.hpp"
#include "tests/support/failing_allocator.hpp"

#include <gmock/gmock.h>

namespace {

/// Allocations of this thread until one fails; 0: none will.
thread_local int allocations_left = 0;

}  // namespace

bool plimsoll::test::allocation_fails() { return allocations_left > 0 && --allocations_left == 0; }

namespace plimsoll::store {
namespace {

using testing::AnyOf;
using testing::Eq;

TEST(OutOfMemory, leaves_nothing_half_done_at_any_allocation) {
    const std::vector<Step> steps = scenario();
    const std::vector<std::string> states = undisturbed_states(steps);
    const TempDir temp;
    auto opened = Store::open(temp.path(), {});
    ASSERT_TRUE(opened.has_value());
    Store& store = *opened->store;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        for (int nth = 1;; ++nth) {
            allocations_left = nth;
            const auto outcome = steps[i].change(store);
            const bool failed = allocations_left == 0;
            allocations_left = 0;
            if (outcome) {
                EXPECT_FALSE(failed) << steps[i].name;
                break;
            }
            EXPECT_EQ(outcome.error().message, "out of memory");
            ASSERT_EQ(describe(store), states[i]) << steps[i].name << ", allocation " << nth;
        }
        ASSERT_EQ(describe(store), states[i + 1]) << steps[i].name;
    }
}

TEST(OutOfMemory, lets_a_store_open_later) {
    const TempDir temp;
    for (int nth = 1;; ++nth) {
        allocations_left = nth;
        const auto opened = Store::open(temp.path(), {.strict = true});
        allocations_left = 0;
        if (opened) {
            EXPECT_GT(nth, 10);
            break;
        }
        ASSERT_EQ(opened.error().message, "out of memory");
    }
}

}  // namespace
}  // namespace plimsoll::store
