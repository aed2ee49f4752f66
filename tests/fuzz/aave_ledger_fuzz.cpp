// A followed Aave V3 market under hostile logs, replies and records: it may refuse or lose trust in
// them, but every question afterwards has an answer.

#include "protocols/aave_v3/aave_v3.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/protocols/aave_v3/fake_aave.hpp"
#include "tests/protocols/aave_v3/ledger_support.hpp"

#include <memory>

using namespace plimsoll;
using namespace plimsoll::protocols;
using namespace plimsoll::protocols::aave_v3;

namespace {

constexpr ConfigFields kWeth{8000, 8250, 10500, 18, 1000, 0};
constexpr ConfigFields kUsdc{7500, 7800, 10450, 6, 1000, 0};

/// A seeded market, made once and cloned for every run.
struct World {
    explicit World(std::uint64_t revision) : chain(revision, revision == 1 ? 1 : 5) {
        chain.list(0, "WETH", kWeth, 250'000'000'000);
        chain.list(1, "USDC", kUsdc, 99'990'000);
        for (const Address& user : users) {
            chain.supply(user, 0, U256(5'000'000'000'000'000'000ULL));
            chain.borrow(user, 1, U256(3'000'000'000U));
        }
        chain.mine(1000);
        (void)chain.take_logs();
        ledger = make_aave_v3({chain.provider});
        ledger->follow(users);
        finish_round(*ledger, chain);
        filter = ledger->log_filter();
    }

    const std::vector<Address> users{numbered(201), numbered(202)};
    FakeAave chain;
    std::unique_ptr<Protocol> ledger;
    LogFilter filter;
};

Bytes32 some_word(fuzz::Input& input, const World& world) {
    const std::uint8_t choice = input.byte();
    if (choice % 4 == 0) return to_bytes32(world.users.at(choice / 4 % world.users.size()));
    if (choice % 4 == 1) {
        return to_bytes32(world.filter.addresses.at(choice / 4 % world.filter.addresses.size()));
    }
    if (choice % 4 == 2)
        return world.chain.reserves().empty()
                   ? Bytes32{}
                   : to_bytes32(world.chain.reserves().at(choice / 4 % 2).stored.asset);
    return input.word();
}

Log some_log(fuzz::Input& input, const World& world, BlockNumber block, std::uint32_t index) {
    Log log;
    log.address = world.filter.addresses.at(input.byte() % world.filter.addresses.size());
    log.topics.push_back(world.filter.topics.at(input.byte() % world.filter.topics.size()));
    const unsigned topics = input.byte() % 4U;
    for (unsigned i = 0; i < topics; ++i) log.topics.push_back(some_word(input, world));
    const unsigned words = input.byte() % 9U;
    for (unsigned i = 0; i < words; ++i) {
        const Bytes32 word = some_word(input, world);
        log.data.insert(log.data.end(), word.bytes.begin(), word.bytes.end());
    }
    if (input.byte() % 8 == 0 && !log.data.empty()) log.data.pop_back();
    log.block = block;
    log.index = index;
    return log;
}

/// What the fake answers; it throws at calls that no honest market leads to.
CallResult answer(const World& world, const Call& call) {
    try {
        return world.chain.answer(std::span(&call, 1)).front();
    } catch (const std::out_of_range&) {
        return {};
    }
}

/// Replies of the fake with some bytes changed.
std::vector<CallResult> some_replies(fuzz::Input& input, const World& world,
                                     std::span<const Call> calls) {
    std::vector<CallResult> replies;
    for (const Call& call : calls) replies.push_back(answer(world, call));
    const unsigned changes = input.byte() % 4U;
    for (unsigned i = 0; i < changes && !replies.empty(); ++i) {
        CallResult& reply = replies.at(input.byte() % replies.size());
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
void ask_everything(const Protocol& ledger, const World& world, bool in_depth) {
    const Address weth = world.chain.reserves().at(0).stored.asset;
    const AssetGroup group{"ETH", "WETH", weth, {weth}};
    (void)ledger.trust();
    (void)ledger.markets();
    if (const auto coverage = ledger.coverage_ppm()) fuzz::require(*coverage <= 1'000'000);
    std::size_t seen = 0;
    ledger.for_each_position([&](const PositionKey& key) {
        ++seen;
        (void)ledger.health(key);
        (void)ledger.exposure(key, group);
        if (in_depth) (void)ledger.report(key, std::span(&group, 1), Wad{});
        std::vector<CallResult> replies;
        for (const Call& call : ledger.audit_reads(key)) replies.push_back(answer(world, call));
        (void)ledger.audit(key, replies);
    });
    fuzz::require(seen == ledger.position_count());
}

void play(fuzz::Input& input, const World& world) {
    auto ledger = world.ledger->clone();
    BlockRef at = world.chain.head();
    for (int round = 0; round < 4 && !input.empty(); ++round) {
        at.number += 1;
        at.time += 12;
        const unsigned logs = input.byte() % 6U;
        for (unsigned i = 0; i < logs; ++i) {
            ledger->apply(some_log(input, world, at.number, i));
        }
        for (int i = 0; i < 8; ++i) {
            const auto calls = ledger->reads(50);
            if (calls.empty()) break;
            (void)ledger->accept_reads(some_replies(input, world, calls), at);
        }
        const auto calls = ledger->price_reads();
        (void)ledger->accept_prices(some_replies(input, world, calls), at);
        (void)ledger->take_events();
        ask_everything(*ledger, world, round == 3);
        const auto records = ledger->take_changed_records();
        (void)records;
    }
}

/// Records as stored, some of them changed, loaded into a fresh ledger.
void load(fuzz::Input& input, const World& world) {
    auto source = world.ledger->clone();
    auto records = source->take_changed_records();
    const unsigned changes = input.byte() % 6U;
    for (unsigned i = 0; i < changes && !records.empty(); ++i) {
        Record& record = records.at(input.byte() % records.size());
        if (!record.value || record.value->empty()) continue;
        std::string& value = *record.value;
        if (input.byte() % 2 == 0) {
            value.resize(input.byte() % (value.size() + 1));
        } else {
            value.at(input.byte() % value.size()) = static_cast<char>(input.byte());
        }
    }
    auto fresh = make_aave_v3({world.chain.provider});
    if (!fresh->load(records)) return;
    (void)fresh->price_reads();
    (void)fresh->log_filter();
    ask_everything(*fresh, world, false);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const World old_rules(1);
    static const World new_rules(11);
    fuzz::Input input(data, size);
    const std::uint8_t way = input.byte();
    const World& world = way % 2 == 0 ? old_rules : new_rules;
    if (way / 2 % 4 == 0) {
        load(input, world);
    } else {
        play(input, world);
    }
    return 0;
}
