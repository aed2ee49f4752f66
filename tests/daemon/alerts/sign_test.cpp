#include "daemon/alerts/sign.hpp"

#include "abi/hex.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace plimsoll::alerts {
namespace {

using Kind = SignError::Kind;

// keccak256 of nothing secret; the address of private key 1 is known to everyone.
const std::string kKeyOne = std::string(63, '0') + "1";
constexpr const char* kAddressOfOne = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf";
constexpr const char* kOrder = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

Expected<Signer, SignError> make(const std::string& key) { return Signer::make(Secret(key), {}); }

TEST(Signer, reads_the_key_with_and_without_prefix_and_blanks) {
    for (const std::string& text :
         {kKeyOne, "0x" + kKeyOne, kKeyOne + "\n", "  0x" + kKeyOne + "\r\n"}) {
        const auto signer = make(text);
        ASSERT_TRUE(signer.has_value());
        EXPECT_EQ(to_checksum(signer->address()), kAddressOfOne);
    }
}

TEST(Signer, refuses_what_is_no_key_without_repeating_it) {
    for (const std::string& text :
         {std::string(), std::string("0x"), std::string("\n"), kKeyOne + "0", kKeyOne.substr(1),
          std::string(64, 'g'), std::string(64, '0'), std::string(kOrder), std::string(64, 'f'),
          "0X" + kKeyOne, kKeyOne.substr(0, 32) + "\n" + kKeyOne.substr(33)}) {
        const auto signer = make(text);
        ASSERT_FALSE(signer.has_value()) << text;
        EXPECT_EQ(signer.error().kind, Kind::bad_key);
        if (text.size() > 8) {
            EXPECT_EQ(signer.error().message.find(text), std::string::npos);
        }
    }
}

TEST(Signer, key_just_below_the_order_is_one) {
    std::string key = kOrder;
    key.back() = '0';
    EXPECT_TRUE(make(key).has_value());
}

TEST(Signer, expected_address_must_match) {
    const Address one = parse_address(kAddressOfOne).value();
    EXPECT_TRUE(Signer::make(Secret(kKeyOne), one).has_value());
    Address other = one;
    other.bytes.back() ^= 1;
    const auto signer = Signer::make(Secret(kKeyOne), other);
    ASSERT_FALSE(signer.has_value());
    EXPECT_EQ(signer.error().kind, Kind::wrong_address);
}

TEST(Signer, same_body_same_signature_from_any_thread) {
    const Signer signer = make(kKeyOne).value();
    const std::string expected = signer.sign("body");
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int n = 0; n < 50; ++n) EXPECT_EQ(signer.sign("body"), expected);
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(make(kKeyOne)->sign("body"), expected);
    EXPECT_NE(signer.sign("Body"), expected);
}

TEST(Verify, names_the_signer_of_any_length_of_body) {
    const Signer signer = make(kKeyOne).value();
    for (const std::size_t size : {0U, 1U, 9U, 10U, 99U, 100U, 5000U}) {
        const std::string body(size, 'b');
        EXPECT_EQ(verify(body, signer.sign(body)).value(), signer.address()) << size;
    }
}

TEST(Verify, refuses_malformed_signatures) {
    const std::string good = make(kKeyOne)->sign("body");
    std::string other_v = good;
    other_v.replace(130, 2, "00");
    std::string zero_r = good;
    zero_r.replace(2, 64, std::string(64, '0'));
    std::string large_s = good;
    large_s.replace(66, 64, kOrder);
    for (const std::string& text : {std::string(), good.substr(2), good + "00", good.substr(0, 130),
                                    "0x" + std::string(130, 'z'), other_v, zero_r, large_s}) {
        const auto found = verify("body", text);
        ASSERT_FALSE(found.has_value()) << text;
        EXPECT_EQ(found.error().kind, Kind::bad_signature);
    }
}

TEST(Verify, refuses_the_twin_with_high_s) {
    const std::string good = make(kKeyOne)->sign("body");
    const U256 order = to_u256(parse_bytes32("0x" + std::string(kOrder)).value());
    const U256 s = to_u256(parse_bytes32("0x" + good.substr(66, 64)).value());
    std::string twin = good.substr(0, 66) + to_hex(to_bytes32(order - s)).substr(2);
    twin += good.ends_with("1b") ? "1c" : "1b";
    const auto found = verify("body", twin);
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error().message, "signature has a high s");
}

TEST(TypedAlert, needs_every_member) {
    const std::string body = R"({"data":{"block":{"number":1},"chain":"c","subject":"s"},"id":"i",)"
                             R"("timestamp":"2026-01-15T12:00:11Z","type":"t"})";
    ASSERT_TRUE(typed_alert(body).has_value());
    for (const char* name : {"block", "number", "chain", "subject", "id", "timestamp", "type"}) {
        std::string without = body;
        without.replace(without.find("\"" + std::string(name)) + 1, 1, "X");
        EXPECT_FALSE(typed_alert(without).has_value()) << name;
    }
    EXPECT_FALSE(typed_alert("[]").has_value());
    EXPECT_FALSE(typed_alert("").has_value());
    EXPECT_FALSE(typed_alert(R"({"data":1})").has_value());
}

}  // namespace
}  // namespace plimsoll::alerts
