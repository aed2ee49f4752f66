#pragma once

#include "abi/address.hpp"
#include "abi/codec.hpp"
#include "abi/hex.hpp"
#include "protocols/aave_v3/events.hpp"
#include "protocols/aave_v3/ledger.hpp"
#include "protocols/aave_v3/token_events.hpp"

#include <nlohmann/json.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::protocols::aave_v3 {

inline Address address_of(std::string_view text) {
    const auto parsed = parse_address(text);
    if (!parsed) throw std::runtime_error("no address: " + std::string(text));
    return *parsed;
}

/// An address made of a small number, for scripted worlds.
inline Address numbered(std::uint64_t number) {
    Address out;
    for (std::size_t i = 0; i < 8; ++i) {
        out.bytes[19 - i] = static_cast<std::uint8_t>(number >> (8 * i));
        out.bytes[i] = static_cast<std::uint8_t>(0x11 * (i + 1)) ^ out.bytes[19 - i];
    }
    return out;
}

inline Bytes bytes_of(std::string_view text) {
    const auto parsed = parse_hex(text);
    if (!parsed) throw std::runtime_error("no bytes: " + std::string(text));
    return *parsed;
}

inline Bytes words_of(std::initializer_list<U256> words) {
    Bytes out;
    for (const U256& word : words) {
        const Bytes32 bytes = to_bytes32(word);
        out.insert(out.end(), bytes.bytes.begin(), bytes.bytes.end());
    }
    return out;
}

inline U256 word_of(const Address& address) { return plimsoll::to_u256(to_bytes32(address)); }

inline Log make_log(const Address& emitter, EventKind kind, std::initializer_list<U256> topics,
                    std::initializer_list<U256> words) {
    Log log;
    log.address = emitter;
    log.topics.push_back(abi::topic(signature(kind)));
    for (const U256& topic : topics) log.topics.push_back(to_bytes32(topic));
    log.data = words_of(words);
    return log;
}

inline const U256& ray() {
    static const U256 value = parse_decimal("1000000000000000000000000000").value();
    return value;
}

/// A reserve just listed: indexes 1, tokens of the given revision.
struct ListedReserve {
    unsigned id = 0;
    Address asset;
    Address a_token;
    Address debt_token;
    Address stable_token;
    std::string symbol;
    std::uint64_t revision = 5;
};

/// A ledger whose structure was read at block 0; it owes nothing.
inline Ledger listed_ledger(const Address& pool, std::uint64_t pool_revision,
                            const std::vector<ListedReserve>& reserves) {
    Ledger ledger(numbered(1));
    ledger.accept(Contracts{pool, numbered(2), numbered(3), {}});
    PoolReply reply;
    reply.revision = pool_revision;
    reply.base_unit = U256(100'000'000U);
    for (const ListedReserve& reserve : reserves) reply.assets.push_back(reserve.asset);
    ledger.accept(reply);
    for (const ListedReserve& reserve : reserves) {
        ReserveReply one;
        one.stored.id = reserve.id;
        one.stored.asset = reserve.asset;
        one.stored.a_token = reserve.a_token;
        one.stored.variable_debt_token = reserve.debt_token;
        one.stored.stable_debt_token = reserve.stable_token;
        one.stored.liquidity_index = one.stored.variable_borrow_index = Ray::from_raw(ray());
        one.symbol = reserve.symbol;
        ledger.accept(reserve.asset, one, BlockRef{});
        ledger.accept(reserve.asset, TokensReply{reserve.revision, reserve.revision, numbered(9)});
    }
    for (unsigned id = 1; id <= 255; ++id) ledger.accept_category(id, std::nullopt);
    return ledger;
}

}  // namespace plimsoll::protocols::aave_v3
