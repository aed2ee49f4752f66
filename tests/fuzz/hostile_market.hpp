// A followed market under hostile logs, replies and records: it may refuse or lose trust in them,
// but every question afterwards has an answer.
#pragma once

#include "protocols/common/protocol.hpp"
#include "tests/fuzz/input.hpp"

#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace plimsoll::fuzz {

/// A seeded market and the chain it was read from, made once; every run plays with a clone.
struct SeededMarket {
    std::unique_ptr<protocols::Protocol> ledger;
    std::function<std::unique_ptr<protocols::Protocol>()> empty_ledger;
    /// Of the honest chain; may throw at calls that no honest market leads to.
    std::function<std::vector<protocols::CallResult>(std::span<const protocols::Call>)> answers;
    std::vector<Address> users;
    std::vector<Address> tokens;
    BlockRef head;
    protocols::AssetGroup group;

    protocols::CallResult answer(const protocols::Call& call) const {
        try {
            return answers(std::span(&call, 1)).front();
        } catch (const std::exception&) {
            return {};
        }
    }
};

inline Bytes32 some_word(Input& input, const SeededMarket& market,
                         const protocols::LogFilter& filter) {
    const std::uint8_t choice = input.byte();
    const auto one_of = [choice](const std::vector<Address>& list) {
        return list.empty() ? Bytes32{} : to_bytes32(list.at(choice / 4 % list.size()));
    };
    if (choice % 4 == 0) return one_of(market.users);
    if (choice % 4 == 1) return one_of(filter.addresses);
    if (choice % 4 == 2) return one_of(market.tokens);
    return input.word();
}

inline protocols::Log some_log(Input& input, const SeededMarket& market, BlockNumber block,
                               std::uint32_t index) {
    const protocols::LogFilter filter = market.ledger->log_filter();
    protocols::Log log;
    log.address = filter.addresses.at(input.byte() % filter.addresses.size());
    log.topics.push_back(filter.topics.at(input.byte() % filter.topics.size()));
    const unsigned topics = input.byte() % 4U;
    for (unsigned i = 0; i < topics; ++i) log.topics.push_back(some_word(input, market, filter));
    const unsigned words = input.byte() % 9U;
    for (unsigned i = 0; i < words; ++i) {
        const Bytes32 word = some_word(input, market, filter);
        log.data.insert(log.data.end(), word.bytes.begin(), word.bytes.end());
    }
    if (input.byte() % 8 == 0 && !log.data.empty()) log.data.pop_back();
    log.block = block;
    log.index = index;
    return log;
}

/// The honest replies with some bytes changed.
inline std::vector<protocols::CallResult> some_replies(Input& input, const SeededMarket& market,
                                                       std::span<const protocols::Call> calls) {
    std::vector<protocols::CallResult> replies;
    for (const protocols::Call& call : calls) replies.push_back(market.answer(call));
    const unsigned changes = input.byte() % 4U;
    for (unsigned i = 0; i < changes && !replies.empty(); ++i) {
        protocols::CallResult& reply = replies.at(input.byte() % replies.size());
        switch (input.byte() % 3) {
            case 0:
                reply.success = !reply.success;
                break;
            case 1:
                reply.data.resize(input.byte());
                break;
            default:
                if (reply.data.size() >= 32) {
                    const std::size_t at = input.byte() % (reply.data.size() / 32) * 32;
                    const Bytes32 word = input.word();
                    std::copy(word.bytes.begin(), word.bytes.end(),
                              reply.data.begin() + static_cast<long>(at));
                }
        }
    }
    return replies;
}

/// `in_depth`: liquidation prices too, which take a hundred times as long as all the rest.
inline void ask_everything(const protocols::Protocol& ledger, const SeededMarket& market,
                           bool in_depth) {
    (void)ledger.trust();
    (void)ledger.markets();
    if (const auto coverage = ledger.coverage_ppm()) require(*coverage <= 1'000'000);
    std::size_t seen = 0;
    ledger.for_each_position([&](const protocols::PositionKey& key) {
        ++seen;
        (void)ledger.health(key);
        (void)ledger.exposure(key, market.group);
        if (in_depth) (void)ledger.report(key, std::span(&market.group, 1), Wad{});
        std::vector<protocols::CallResult> replies;
        for (const protocols::Call& call : ledger.audit_reads(key)) {
            replies.push_back(market.answer(call));
        }
        (void)ledger.audit(key, replies);
    });
    require(seen == ledger.position_count());
}

/// Some rounds of logs, replies and prices.
inline void play(Input& input, const SeededMarket& market) {
    auto ledger = market.ledger->clone();
    BlockRef at = market.head;
    for (int round = 0; round < 4 && !input.empty(); ++round) {
        at.number += 1;
        at.time += 12;
        const unsigned logs = input.byte() % 6U;
        for (unsigned i = 0; i < logs; ++i) {
            ledger->apply(some_log(input, market, at.number, i));
        }
        for (int i = 0; i < 8; ++i) {
            const auto calls = ledger->reads(50);
            if (calls.empty()) break;
            (void)ledger->accept_reads(some_replies(input, market, calls), at);
        }
        const auto calls = ledger->price_reads();
        (void)ledger->accept_prices(some_replies(input, market, calls), at);
        (void)ledger->take_events();
        ask_everything(*ledger, market, round == 3);
        (void)ledger->take_changed_records();
    }
}

/// Records as stored, some of them changed, loaded into a fresh ledger.
inline void load(Input& input, const SeededMarket& market) {
    auto source = market.ledger->clone();
    auto records = source->take_changed_records();
    const unsigned changes = input.byte() % 6U;
    for (unsigned i = 0; i < changes && !records.empty(); ++i) {
        protocols::Record& record = records.at(input.byte() % records.size());
        if (!record.value || record.value->empty()) continue;
        std::string& value = *record.value;
        if (input.byte() % 2 == 0) {
            value.resize(input.byte() % (value.size() + 1));
        } else {
            value.at(input.byte() % value.size()) = static_cast<char>(input.byte());
        }
    }
    auto fresh = market.empty_ledger();
    if (!fresh->load(records)) return;
    (void)fresh->price_reads();
    (void)fresh->log_filter();
    ask_everything(*fresh, market, false);
}

/// One run: the first byte chooses between two markets and between playing and loading.
inline void play_or_load(Input& input, const SeededMarket& one, const SeededMarket& other) {
    const std::uint8_t way = input.byte();
    const SeededMarket& market = way % 2 == 0 ? one : other;
    if (way / 2 % 4 == 0) {
        load(input, market);
    } else {
        play(input, market);
    }
}

}  // namespace plimsoll::fuzz
