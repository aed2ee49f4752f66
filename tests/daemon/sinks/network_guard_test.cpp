#include "daemon/sinks/network_guard.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <vector>

namespace plimsoll::sinks {
namespace {

struct Case {
    const char* text;
    bool is_special;
};

class IsSpecial : public ::testing::TestWithParam<Case> {};

TEST_P(IsSpecial, as_tabled) {
    const auto address = parse_ip(GetParam().text);
    ASSERT_TRUE(address.has_value()) << GetParam().text;
    EXPECT_EQ(is_special(*address), GetParam().is_special) << GetParam().text;
    EXPECT_EQ(may_dial(*address, {}), !GetParam().is_special) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    V4, IsSpecial,
    ::testing::Values(
        Case{"0.0.0.0", true}, Case{"0.255.255.255", true}, Case{"1.0.0.0", false},
        Case{"9.255.255.255", false}, Case{"10.0.0.0", true}, Case{"10.255.255.255", true},
        Case{"11.0.0.0", false}, Case{"100.63.255.255", false}, Case{"100.64.0.0", true},
        Case{"100.127.255.255", true}, Case{"100.128.0.0", false}, Case{"126.255.255.255", false},
        Case{"127.0.0.0", true}, Case{"127.0.0.1", true}, Case{"127.255.255.255", true},
        Case{"128.0.0.0", false}, Case{"169.253.255.255", false}, Case{"169.254.0.0", true},
        Case{"169.254.169.254", true}, Case{"169.254.255.255", true}, Case{"169.255.0.0", false},
        Case{"172.15.255.255", false}, Case{"172.16.0.0", true}, Case{"172.31.255.255", true},
        Case{"172.32.0.0", false}, Case{"191.255.255.255", false}, Case{"192.0.0.0", true},
        Case{"192.0.0.255", true}, Case{"192.0.1.0", false}, Case{"192.0.2.0", true},
        Case{"192.0.2.255", true}, Case{"192.0.3.0", false}, Case{"192.88.98.255", false},
        Case{"192.88.99.0", true}, Case{"192.88.99.255", true}, Case{"192.88.100.0", false},
        Case{"192.167.255.255", false}, Case{"192.168.0.0", true}, Case{"192.168.255.255", true},
        Case{"192.169.0.0", false}, Case{"198.17.255.255", false}, Case{"198.18.0.0", true},
        Case{"198.19.255.255", true}, Case{"198.20.0.0", false}, Case{"198.51.99.255", false},
        Case{"198.51.100.0", true}, Case{"198.51.101.0", false}, Case{"203.0.112.255", false},
        Case{"203.0.113.0", true}, Case{"203.0.114.0", false}, Case{"223.255.255.255", false},
        Case{"224.0.0.0", true}, Case{"239.255.255.255", true}, Case{"240.0.0.0", true},
        Case{"255.255.255.255", true}, Case{"8.8.8.8", false}, Case{"1.1.1.1", false}));

INSTANTIATE_TEST_SUITE_P(
    V6, IsSpecial,
    ::testing::Values(
        Case{"::", true}, Case{"::1", true}, Case{"::2", true}, Case{"::127.0.0.1", true},
        Case{"::ffff:127.0.0.1", true}, Case{"::ffff:7f00:1", true},
        Case{"0:0:0:0:0:ffff:7f00:0001", true}, Case{"::ffff:10.0.0.1", true},
        Case{"::ffff:169.254.169.254", true}, Case{"::ffff:8.8.8.8", false},
        Case{"64:ff9b::", true}, Case{"64:ff9b::7f00:1", true}, Case{"64:ff9b::808:808", true},
        Case{"64:ff9b:0:0:0:1::", false}, Case{"64:ff9b:1::", true},
        Case{"64:ff9b:1:ffff:ffff:ffff:ffff:ffff", true}, Case{"64:ff9b:2::", false},
        Case{"100::", true}, Case{"100::ffff:ffff:ffff:ffff", true}, Case{"100:0:0:1::", false},
        Case{"2001:db8::", true}, Case{"2001:db8:ffff::1", true}, Case{"2001:db9::", false},
        Case{"2001:4860:4860::8888", false}, Case{"2002::", true}, Case{"2002:7f00:1::", true},
        Case{"2003::", false}, Case{"3ffe::", false}, Case{"3fff::", true},
        Case{"3fff:fff::", true}, Case{"3fff:1000::", false}, Case{"5eff::", false},
        Case{"5f00::", true}, Case{"5f00:ffff::", true}, Case{"5f01::", false},
        Case{"fbff::", false}, Case{"fc00::", true}, Case{"fd00::1", true}, Case{"fdff::", true},
        Case{"fe00::", false}, Case{"fe7f::", false}, Case{"fe80::", true}, Case{"fe80::1", true},
        Case{"febf::", true}, Case{"fec0::1", true}, Case{"feff::", true}, Case{"ff00::", true},
        Case{"ff02::1", true}, Case{"2606:4700:4700::1111", false}));

TEST(ParseIp, refuses_other_spellings) {
    for (const char* text : {"", "127.1", "0177.0.0.1", "0x7f.0.0.1", "2130706433", "127.0.0.1 ",
                             " 127.0.0.1", "127.0.0.01", "1.2.3.4.5", "256.0.0.1", "[::1]",
                             "::1%lo", "fe80::1%eth0", ":::", "localhost", "1::2::3"}) {
        EXPECT_FALSE(parse_ip(text).has_value()) << text;
    }
    EXPECT_FALSE(parse_ip(std::string_view("1.2.3.4\0x", 9)).has_value());
    EXPECT_FALSE(parse_ip(std::string_view("::1\0x", 5)).has_value());
}

TEST(ParseIp, both_families_have_one_form) {
    EXPECT_EQ(parse_ip("127.0.0.1").value(), parse_ip("::ffff:127.0.0.1").value());
    EXPECT_EQ(to_string(parse_ip("::ffff:10.1.2.3").value()), "10.1.2.3");
    EXPECT_EQ(to_string(parse_ip("2001:DB8::0001").value()), "2001:db8::1");
}

struct CidrCase {
    const char* block;
    const char* address;
    bool is_inside;
};

class CidrContains : public ::testing::TestWithParam<CidrCase> {};

TEST_P(CidrContains, as_tabled) {
    const auto block = parse_cidr(GetParam().block);
    ASSERT_TRUE(block.has_value()) << GetParam().block;
    EXPECT_EQ(block->contains(parse_ip(GetParam().address).value()), GetParam().is_inside)
        << GetParam().block << " " << GetParam().address;
}

INSTANTIATE_TEST_SUITE_P(
    Table, CidrContains,
    ::testing::Values(
        CidrCase{"10.1.0.0/16", "10.1.255.255", true}, CidrCase{"10.1.0.0/16", "10.2.0.0", false},
        CidrCase{"10.1.0.0/16", "::ffff:10.1.0.1", true}, CidrCase{"10.1.2.3", "10.1.2.3", true},
        CidrCase{"10.1.2.3", "10.1.2.2", false}, CidrCase{"10.1.2.3/32", "10.1.2.3", true},
        CidrCase{"0.0.0.0/0", "203.0.113.9", true}, CidrCase{"0.0.0.0/0", "::1", false},
        CidrCase{"::/0", "10.0.0.1", true}, CidrCase{"fd00::/8", "fdff::1", true},
        CidrCase{"fd00::/8", "fc00::1", false}, CidrCase{"::1", "::1", true},
        CidrCase{"128.0.0.0/1", "255.0.0.0", true}, CidrCase{"128.0.0.0/1", "127.0.0.0", false},
        CidrCase{"10.0.0.0/9", "10.127.0.1", true}, CidrCase{"10.0.0.0/9", "10.128.0.1", false}));

TEST(ParseCidr, refuses_malformed_text) {
    for (const char* text :
         {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8/8",
          "10.0.0.1/8", "::1/127", "::/129", "fd00::/0128", "10.0.0.0/0x8", "10/8", "ten/8"}) {
        EXPECT_FALSE(parse_cidr(text).has_value()) << text;
    }
}

TEST(MayDial, only_what_is_listed_is_opened) {
    const std::vector<Cidr> allowed{parse_cidr("10.1.0.0/16").value(), parse_cidr("::1").value()};
    EXPECT_TRUE(may_dial(parse_ip("10.1.2.3").value(), allowed));
    EXPECT_TRUE(may_dial(parse_ip("::1").value(), allowed));
    EXPECT_TRUE(may_dial(parse_ip("8.8.8.8").value(), allowed));
    EXPECT_FALSE(may_dial(parse_ip("10.2.0.1").value(), allowed));
    EXPECT_FALSE(may_dial(parse_ip("127.0.0.1").value(), allowed));
}

TEST(IpOf, reads_both_families_and_nothing_else) {
    sockaddr_storage storage{};
    auto* any = reinterpret_cast<sockaddr*>(&storage);
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::memcpy(&storage, &v4, sizeof v4);
    EXPECT_EQ(ip_of(any, sizeof v4), parse_ip("127.0.0.1").value());
    EXPECT_EQ(ip_of(any, sizeof v4 - 1), std::nullopt);
    EXPECT_EQ(ip_of(any, 0), std::nullopt);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_addr = in6addr_loopback;
    std::memcpy(&storage, &v6, sizeof v6);
    EXPECT_EQ(ip_of(any, sizeof v6), parse_ip("::1").value());
    EXPECT_EQ(ip_of(any, sizeof v6 - 1), std::nullopt);
    storage.ss_family = AF_UNIX;
    EXPECT_EQ(ip_of(any, sizeof(sockaddr_un)), std::nullopt);
}

}  // namespace
}  // namespace plimsoll::sinks
