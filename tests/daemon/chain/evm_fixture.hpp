#pragma once

#include "abi/address.hpp"
#include "abi/word.hpp"
#include "daemon/chain/evm_source.hpp"
#include "tests/support/fake_node.hpp"
#include "tests/support/manual_clock.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::chain {

inline Address address_of(std::uint8_t last) {
    Address out;
    out.bytes[19] = last;
    return out;
}
inline Bytes32 word_of(std::uint64_t value) { return to_bytes32(U256(value)); }
inline Bytes bytes_of(std::uint64_t value) {
    const Bytes32 word = word_of(value);
    return {word.bytes.begin(), word.bytes.end()};
}

/// A source over fake nodes "a", "b", ... of one chain, whose contracts answer the number of the
/// block they run at.
class EvmSourceTest : public ::testing::Test {
  protected:
    test::FakeNode& add_node(const test::FakeChain& blocks) {
        const std::string alias(1, static_cast<char>('a' + nodes.size()));
        nodes.emplace_back(blocks);
        nodes.back().contract = [](const protocols::Call&, const BlockRef& at) {
            return protocols::CallResult{true, bytes_of(at.number)};
        };
        transport.nodes[alias] = &nodes.back();
        settings.endpoints.emplace_back();
        settings.endpoints.back().url = Secret("http://node.example/secretkey");
        settings.endpoints.back().alias = alias;
        return nodes.back();
    }
    Source& connect() {
        make();
        const auto connected = source->connect();
        EXPECT_TRUE(connected) << connected.error().message;
        return *source;
    }
    Source& make() {
        settings.name = "test";
        settings.chain_id = 1;
        source = make_evm_source(settings, transport, clock, [] { return 0U; });
        return *source;
    }
    static std::vector<protocols::Call> calls(std::size_t count) {
        std::vector<protocols::Call> out;
        for (std::size_t i = 0; i < count; ++i) {
            out.push_back({address_of(1), bytes_of(i)});
        }
        return out;
    }
    static protocols::LogFilter filter() { return {{address_of(1)}, {word_of(0xaa)}}; }

    test::FakeChain chain{200};
    test::ManualClock clock;
    test::FakeTransport transport;
    std::deque<test::FakeNode> nodes;
    EvmSourceSettings settings;
    std::unique_ptr<Source> source;
};

}  // namespace plimsoll::chain
