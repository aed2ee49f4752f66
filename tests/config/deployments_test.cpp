#include "config/deployments.hpp"

#include "tests/config/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <set>
#include <string>
#include <string_view>

namespace plimsoll::config {
namespace {

using ::testing::HasSubstr;
using testing::joined;
using testing::parse;
using testing::parse_good;

TEST(Deployments, all_are_there_under_unique_names) {
    EXPECT_EQ(deployments().size(), 27U);
    std::set<std::string> names;
    for (const Deployment& deployment : deployments()) {
        EXPECT_TRUE(names.insert(deployment.name).second) << deployment.name;
        for (const std::string& alias : deployment.aliases) {
            EXPECT_TRUE(names.insert(alias).second) << alias;
        }
        EXPECT_FALSE(deployment.address.is_zero());
        EXPECT_NE(deployment.chain_id, 0U);
    }
}

TEST(Deployments, the_main_market_of_ethereum_is_known) {
    const Deployment* const main = find_deployment("aave-v3-ethereum");
    ASSERT_NE(main, nullptr);
    EXPECT_EQ(main->kind, "aave-v3");
    EXPECT_EQ(main->chain_id, 1U);
    EXPECT_EQ(to_checksum(main->address), "0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e");
    EXPECT_EQ(main->start_block, 16291006U);
    EXPECT_EQ(main_deployment("aave-v3", 1), main);
    EXPECT_EQ(find_deployment(1, main->address), main);
    EXPECT_EQ(find_deployment("aave-v3-ethereum-core"), main);
}

TEST(Deployments, justlend_has_its_markets) {
    const Deployment* const justlend = find_deployment("justlend");
    ASSERT_NE(justlend, nullptr);
    EXPECT_EQ(justlend->markets.size(), 24U);
    ASSERT_TRUE(justlend->native_market);
    EXPECT_EQ(to_base58check(*justlend->native_market), "TE2RzoSV3wFK99w6J9UnnZ4vLfXYoxvRwP");
    std::size_t natives = 0;
    for (const DeploymentMarket& market : justlend->markets) {
        if (!market.underlying.is_zero()) continue;
        ++natives;
        EXPECT_EQ(market.c_token, *justlend->native_market);
    }
    EXPECT_EQ(natives, 1U);
}

/// Each `x_base58` beside an `x` is the same address; how many there are.
std::size_t compare_spellings(const nlohmann::json& value) {
    constexpr std::string_view kEnd = "_base58";
    std::size_t out = 0;
    if (!value.is_object()) return out;
    for (const auto& [key, member] : value.items()) {
        out += compare_spellings(member);
        if (!key.ends_with(kEnd)) continue;
        const std::string hex = key.substr(0, key.size() - kEnd.size());
        const auto address = parse_address(value.at(hex).get<std::string>());
        if (!address) {
            ADD_FAILURE() << key << ": " << address.error().message;
            continue;
        }
        EXPECT_EQ(to_base58check(*address), member.get<std::string>());
        ++out;
    }
    return out;
}

TEST(Deployments, tron_addresses_are_spelled_alike_in_hex_and_base58) {
    std::ifstream file(std::string(PLIMSOLL_SOURCE_DIR) + "/config/deployments/compound_v2.json");
    // The Comptroller, 24 markets, and the underlying of all but the native one.
    EXPECT_EQ(compare_spellings(nlohmann::json::parse(file)), 48U);
}

TEST(Deployments, other_markets_have_their_names) {
    for (const char* const name : {"aave-v3-ethereum-prime",
                                   "aave-v3-ethereum-lido",
                                   "aave-v3-ethereum-etherfi",
                                   "aave-v3-ethereum-horizon",
                                   "aave-v3-arbitrum",
                                   "aave-v3-base",
                                   "aave-v3-optimism",
                                   "aave-v3-polygon",
                                   "aave-v3-avalanche",
                                   "aave-v3-bnb",
                                   "aave-v3-gnosis",
                                   "aave-v3-linea",
                                   "aave-v3-scroll",
                                   "aave-v3-zksync",
                                   "aave-v3-metis",
                                   "aave-v3-sonic",
                                   "aave-v3-celo",
                                   "aave-v3-soneium",
                                   "aave-v3-plasma",
                                   "spark-ethereum",
                                   "aave-v2-ethereum",
                                   "aave-v2-polygon",
                                   "aave-v2-avalanche",
                                   "aave-v2-ethereum-amm"}) {
        EXPECT_NE(find_deployment(name), nullptr) << name;
    }
}

TEST(Deployments, one_main_market_a_kind_and_chain) {
    std::set<std::pair<std::string, std::uint64_t>> mains;
    for (const Deployment& deployment : deployments()) {
        if (!deployment.is_main) continue;
        EXPECT_TRUE(mains.emplace(deployment.kind, deployment.chain_id).second) << deployment.name;
    }
    EXPECT_EQ(main_deployment("aave-v3", 8453)->name, "aave-v3-base");
    EXPECT_EQ(main_deployment("aave-v2", 1)->name, "aave-v2-ethereum");
    EXPECT_EQ(main_deployment("aave-v3", 31337), nullptr);
}

constexpr const char* kChainOnly = R"(version = 1
[chains.eth]
kind = "evm"
chain_id = 1
endpoints = ["https://node.example"]
)";

ProtocolSettings protocol_of(const std::string& section) {
    const auto parsed = parse(kChainOnly + section);
    if (!parsed) {
        ADD_FAILURE() << joined(parsed.error());
        return {};
    }
    return parsed->protocols.at(0);
}

TEST(Protocol, takes_all_from_the_deployment_it_is_named_after) {
    const ProtocolSettings protocol = protocol_of("[protocols.spark-ethereum]\nchain = \"eth\"\n");
    EXPECT_EQ(protocol.kind, "aave-v3");
    EXPECT_EQ(protocol.deployment, "spark-ethereum");
    EXPECT_EQ(to_checksum(protocol.address), "0x02C3eA4e34C0cBd694D2adFa2c690EECbC1793eE");
    EXPECT_EQ(protocol.start_block, 0U);
}

TEST(Protocol, takes_all_from_the_deployment_it_names) {
    const ProtocolSettings protocol = protocol_of(
        "[protocols.x]\nkind = \"aave-v3\"\nchain = \"eth\"\n"
        "deployment = \"aave-v3-ethereum-lido\"\nstart_block = 5\n");
    EXPECT_EQ(protocol.deployment, "aave-v3-ethereum-prime");
    EXPECT_EQ(to_checksum(protocol.address), "0xcfBf336fe147D643B9Cb705648500e101504B16d");
    EXPECT_EQ(protocol.start_block, 5U);
}

TEST(Protocol, is_the_main_market_when_nothing_else_is_said) {
    const ProtocolSettings protocol =
        protocol_of("[protocols.aave-v3-main]\nkind = \"aave-v3\"\nchain = \"eth\"\n");
    EXPECT_EQ(protocol.name, "aave-v3-main");
    EXPECT_EQ(protocol.deployment, "aave-v3-ethereum");
    EXPECT_EQ(protocol.start_block, 16291006U);
}

TEST(Protocol, with_a_known_address_gets_its_start_block) {
    const ProtocolSettings protocol = protocol_of(
        "[protocols.x]\nkind = \"aave-v3\"\nchain = \"eth\"\n"
        "address = \"0x2f39d218133afab8f2b819b1066c7e434ad94e9e\"\n");
    EXPECT_EQ(protocol.deployment, "aave-v3-ethereum");
    EXPECT_EQ(protocol.start_block, 16291006U);
}

TEST(Protocol, with_another_address_is_its_own) {
    const ProtocolSettings protocol = protocol_of(
        "[protocols.aave-v3-ethereum]\nkind = \"aave-v3\"\nchain = \"eth\"\nstart_block = 7\n"
        "address = \"0x1000000000000000000000000000000000000001\"\n");
    EXPECT_EQ(protocol.deployment, "");
    EXPECT_EQ(protocol.start_block, 7U);
    EXPECT_EQ(to_checksum(protocol.address), "0x1000000000000000000000000000000000000001");
}

TEST(Protocol, without_a_known_start_block_is_a_warning) {
    const auto parsed =
        parse(std::string(kChainOnly) + "[protocols.spark-ethereum]\nchain = \"eth\"\n");
    ASSERT_TRUE(parsed.has_value());
    EXPECT_THAT(joined(parsed->warnings),
                HasSubstr("t.toml:6:1: the start block of 'spark-ethereum' is not known"));
}

}  // namespace
}  // namespace plimsoll::config
