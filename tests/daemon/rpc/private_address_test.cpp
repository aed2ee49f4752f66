#include "daemon/rpc/private_address.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <bit>
#include <netinet/in.h>
#include <string>
#include <sys/un.h>

namespace plimsoll::rpc {
namespace {

struct Case {
    const char* text;
    bool is_private;
};

bool is_private(const std::string& text) {
    sockaddr_in v4{};
    if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        return is_private_address(*std::bit_cast<const sockaddr*>(&v4));
    }
    sockaddr_in6 v6{};
    EXPECT_EQ(inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr), 1) << text;
    v6.sin6_family = AF_INET6;
    return is_private_address(*std::bit_cast<const sockaddr*>(&v6));
}

TEST(IsPrivateAddress, knows_the_edges_of_each_net) {
    const Case cases[] = {
        {"127.0.0.1", true},
        {"127.255.255.255", true},
        {"128.0.0.0", false},
        {"126.255.255.255", false},
        {"10.0.0.0", true},
        {"11.0.0.0", false},
        {"172.15.255.255", false},
        {"172.16.0.0", true},
        {"172.31.255.255", true},
        {"172.32.0.0", false},
        {"192.168.0.1", true},
        {"192.169.0.0", false},
        {"100.64.0.0", true},
        {"100.128.0.0", false},
        {"169.254.1.1", true},
        {"0.0.0.0", false},
        {"8.8.8.8", false},
        {"::1", true},
        {"::", false},
        {"::2", false},
        {"fc00::1", true},
        {"fdff::1", true},
        {"fe00::1", false},
        {"fe80::1", true},
        {"febf::1", true},
        {"fec0::1", false},
        {"2001:4860::1", false},
        {"::ffff:127.0.0.1", true},
        {"::ffff:8.8.8.8", false},
        {"::ffff:10.1.2.3", true},
    };
    for (const Case& one : cases) EXPECT_EQ(is_private(one.text), one.is_private) << one.text;
}

TEST(IsPrivateAddress, other_families_are_not) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    EXPECT_FALSE(is_private_address(*std::bit_cast<const sockaddr*>(&address)));
}

}  // namespace
}  // namespace plimsoll::rpc
