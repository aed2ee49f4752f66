#pragma once

#include "abi/address.hpp"
#include "abi/word.hpp"
#include "daemon/chain/tron_source.hpp"
#include "tests/support/fake_tron.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/scripted_transport.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::chain {

/// A source over fake TRON nodes "a", "b", ... of one chain, whose contracts answer the number of
/// the block they run at.
class TronSourceTest : public ::testing::Test {
  protected:
    static Address account(std::uint8_t last) {
        Address out;
        out.bytes[19] = last;
        return out;
    }
    static Bytes32 word(std::uint64_t value) { return to_bytes32(U256(value)); }
    static Bytes bytes(std::uint64_t value) {
        const Bytes32 out = word(value);
        return {out.bytes.begin(), out.bytes.end()};
    }

    test::FakeTron& add_node(const test::FakeChain& blocks) {
        const std::string alias(1, static_cast<char>('a' + nodes.size()));
        nodes.emplace_back(blocks);
        nodes.back().evm.contract = [](const protocols::Call&, const BlockRef& at) {
            return protocols::CallResult{true, bytes(at.number)};
        };
        transport.nodes[alias] = &nodes.back();
        settings.endpoints.emplace_back();
        settings.endpoints.back().url = Secret("http://node.example/secretkey");
        settings.endpoints.back().alias = alias;
        return nodes.back();
    }
    Source& make() {
        settings.name = "test";
        settings.chain_id = 728126428;
        settings.multicalls = {nodes.front().evm.multicall};
        source = make_tron_source(settings, transport, clock, [] { return 0U; });
        return *source;
    }
    Source& connect() {
        make();
        const auto connected = source->connect();
        EXPECT_TRUE(connected) << connected.error().message;
        return *source;
    }
    /// The newest block, as the source sees it.
    BlockRef head() {
        const auto found = source->head();
        EXPECT_TRUE(found) << found.error().message;
        return found ? *found : BlockRef{};
    }
    static std::vector<protocols::Call> calls(std::size_t count) {
        std::vector<protocols::Call> out;
        for (std::size_t i = 0; i < count; ++i) out.push_back({account(1), bytes(i)});
        return out;
    }
    static protocols::LogFilter filter() { return {{account(1)}, {word(0xaa)}}; }
    static std::vector<BlockNumber> blocks_of(const std::vector<protocols::Log>& logs) {
        std::vector<BlockNumber> out;
        for (const auto& log : logs) out.push_back(log.block);
        return out;
    }

    test::FakeChain chain{200, test::FakeChain::Hashes::tron};
    test::ManualClock clock;
    test::TronTransport transport;
    std::deque<test::FakeTron> nodes;
    TronSourceSettings settings;
    std::unique_ptr<Source> source;
};

}  // namespace plimsoll::chain
