#include "config/secret.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

namespace plimsoll {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
    out << value;
};

static_assert(!Printable<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<std::string, Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);

TEST(Secret, taking_a_string_over_wipes_it) {
    std::string text = "a key that is longer than a short string";
    const Secret secret(std::move(text));
    EXPECT_EQ(secret.reveal(), "a key that is longer than a short string");
    EXPECT_TRUE(text.empty());  // NOLINT(bugprone-use-after-move): the point of the test
}

TEST(Secret, a_moved_secret_is_empty) {
    Secret from("key");
    const Secret to(std::move(from));
    EXPECT_EQ(to.reveal(), "key");
    EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): the point of the test
}

TEST(Secret, copies_are_their_own) {
    Secret one("first");
    Secret two(one);
    one = Secret("second");
    EXPECT_EQ(two.reveal(), "first");
    two = one;
    EXPECT_EQ(two.reveal(), "second");
    EXPECT_EQ(two.size(), 6U);
}

TEST(Secret, wiping_a_string_empties_it) {
    std::string text = "key";
    Secret::wipe(text);
    EXPECT_TRUE(text.empty());
}

}  // namespace
}  // namespace plimsoll
