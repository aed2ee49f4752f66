#include "abi/address.hpp"

#include "abi/base58.hpp"
#include "abi/hex.hpp"

#include <gtest/gtest.h>

#include <string>

namespace plimsoll {
namespace {

struct Known {
    const char* name;
    const char* base58;
    const char* hex;
};

// The first three checked with tronweb, the others listed by JustLend in both forms.
constexpr Known kKnown[] = {
    {"usdt", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "a614f803b6fd780986a42c78ec9c7f77e6ded13c"},
    {"multicall", "TEazPvZwDjDtFeJupyo7QunvnrnUjPH8ED", "32a4f47a74a6810bd0bf861cabab99656a75de9e"},
    {"zero", "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb", "0000000000000000000000000000000000000000"},
    {"unitroller", "TGjYzgCyPobsNS9n6WcbdLVR9dH7mWqFx7",
     "4a33bf2666f2e75f3d6ad3b9ad316685d5c668d4"},
    {"jtrx", "TE2RzoSV3wFK99w6J9UnnZ4vLfXYoxvRwP", "2c7c9963111905d29eb8da37d28b0f53a7bb5c28"},
    {"jusdt", "TXJgMdjVX5dKiQaUi9QobwNxtSQaFqccvd", "ea09611b57e89d67fbb33a516eb90508ca95a3e5"},
};

std::string error_of(std::string_view text) {
    const auto parsed = parse_any_address(text);
    return parsed ? "" : parsed.error().message;
}

TEST(TronAddress, known_ones_read_and_print) {
    for (const Known& one : kKnown) {
        const Address address = parse_address("0x" + std::string(one.hex)).value();
        EXPECT_EQ(to_base58check(address), one.base58) << one.name;
        EXPECT_EQ(to_tron_hex(address), "41" + std::string(one.hex)) << one.name;
        for (const std::string& text : {std::string(one.base58), "41" + std::string(one.hex),
                                        "0x41" + std::string(one.hex)}) {
            const auto parsed = parse_tron_address(text);
            ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
            EXPECT_EQ(*parsed, address) << text;
            EXPECT_EQ(parse_any_address(text), address) << text;
        }
        EXPECT_EQ(parse_any_address("0x" + std::string(one.hex)), address) << one.name;
    }
}

TEST(TronAddress, is_printed_as_its_chain_has_it) {
    const Address address = parse_address("0xa614f803b6fd780986a42c78ec9c7f77e6ded13c").value();
    EXPECT_EQ(to_text(address, AddressStyle::base58check), "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t");
    EXPECT_EQ(to_text(address, AddressStyle::eip55), "0xa614f803B6FD780986A42c78Ec9c7f77e6DeD13C");
}

TEST(TronAddress, the_namespace_of_a_chain_says_how_it_writes_addresses) {
    EXPECT_EQ(address_style("tron:0x2b6653dc"), AddressStyle::base58check);
    EXPECT_EQ(address_style("eip155:1"), AddressStyle::eip55);
    EXPECT_EQ(address_style(""), AddressStyle::eip55);
}

TEST(TronAddress, a_wrong_checksum_names_the_address) {
    EXPECT_EQ(error_of("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u"),
              "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u has a wrong checksum: a character is missing or "
              "mistyped");
    // Printed in an official source of JustLend, and wrong there.
    EXPECT_NE(
        error_of("TFTBTMrrMDBbAGrFQzsSiMdoTSMvkung8V").find("TFTBTMrrMDBbAGrFQzsSiMdoTSMvkung8V"),
        std::string::npos);
}

TEST(TronAddress, every_mistyped_character_is_noticed) {
    const std::string good = "TGjYzgCyPobsNS9n6WcbdLVR9dH7mWqFx7";
    for (std::size_t i = 1; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = bad[i] == '2' ? '3' : '2';
        EXPECT_FALSE(parse_any_address(bad)) << bad;
        EXPECT_FALSE(parse_any_address(good.substr(0, i))) << i;
    }
}

TEST(TronAddress, other_text_is_refused) {
    EXPECT_EQ(error_of("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj0t"),
              "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj0t holds '0', which base58 does not have");
    EXPECT_EQ(error_of("USDT"),
              "an address is 0x and 40 hex digits, or on TRON T and 33 characters");
    EXPECT_NE(error_of(""), "");
    EXPECT_NE(error_of("T"), "");
    EXPECT_NE(error_of("TUSD"), "");
    EXPECT_NE(error_of("41a614f803b6fd780986a42c78ec9c7f77e6ded1"), "");
    EXPECT_NE(error_of("41a614f803b6fd780986a42c78ec9c7f77e6ded1zz"), "");
    EXPECT_NE(error_of("0x42a614f803b6fd780986a42c78ec9c7f77e6ded13c"), "");
    EXPECT_NE(error_of(std::string(100'000, 'T')), "");
    // An address of Bitcoin: right checksum, another prefix and kind.
    EXPECT_FALSE(parse_tron_address("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"));
}

TEST(Base58check, leading_zeros_stay) {
    const Bytes zeros{0, 0, 7};
    EXPECT_EQ(parse_base58check(to_base58check(std::span<const std::uint8_t>(zeros))), zeros);
    const Bytes none;
    EXPECT_EQ(parse_base58check(to_base58check(std::span<const std::uint8_t>(none))), none);
}

}  // namespace
}  // namespace plimsoll
