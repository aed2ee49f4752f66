#include "abi/keccak.hpp"

#include "abi/hex.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(Keccak256, empty_input) {
    EXPECT_EQ(to_hex(keccak256("")),
              "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
}

}  // namespace
}  // namespace plimsoll
