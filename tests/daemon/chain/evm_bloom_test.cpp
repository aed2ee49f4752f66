#include "daemon/chain/evm_bloom.hpp"

#include "abi/hex.hpp"
#include "daemon/chain/evm_json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <string>

namespace plimsoll::chain {
namespace {

/// The recorded block 3, which holds one log of the oracle.
Bloom recorded_bloom() {
    std::ifstream file(PLIMSOLL_TEST_VECTORS "/rpc/evm-basic.json");
    const auto recorded = nlohmann::json::parse(file);
    for (const auto& one : recorded.at("cases")) {
        if (one.at("name") != "block latest") continue;
        const auto header = parse_header(one.at("response").at("result"));
        if (header && header->bloom) return *header->bloom;
    }
    ADD_FAILURE() << "no recorded block";
    return {};
}

protocols::Log recorded_log() {
    protocols::Log log;
    log.address = parse_address("0x5fbdb2315678afecb367f032d93f642f64180aa3").value();
    log.topics = {
        parse_bytes32("0x0559884fd3a460db3073b7fc896cc77986f16e378210ded43186175bf646fc5f").value(),
        parse_bytes32("0x0000000000000000000000000000000000000000000000000000003339059800").value(),
        parse_bytes32("0x0000000000000000000000000000000000000000000000000000000000000002")
            .value()};
    return log;
}

TEST(Bloom, holds_a_recorded_log) {
    const Bloom bloom = recorded_bloom();
    const protocols::Log log = recorded_log();
    EXPECT_TRUE(holds_all(bloom, std::vector{log}));
    EXPECT_TRUE(may_hold_any(bloom, EvmLogFilter({{log.address}, {log.topics[0]}})));
}

TEST(Bloom, does_not_hold_another) {
    const Bloom bloom = recorded_bloom();
    protocols::Log log = recorded_log();
    log.topics[1].bytes[31] ^= 1U;
    EXPECT_FALSE(holds_all(bloom, std::vector{log}));
    EXPECT_FALSE(may_hold_any(bloom, EvmLogFilter({{Address{}}, {log.topics[0]}})));
    EXPECT_FALSE(may_hold_any(Bloom{}, EvmLogFilter({{log.address}, {log.topics[0]}})));
}

}  // namespace
}  // namespace plimsoll::chain
