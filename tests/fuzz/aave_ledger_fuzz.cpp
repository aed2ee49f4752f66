// A followed Aave V3 market under hostile logs, replies and records, by the rules of 3.0 and of
// today.

#include "protocols/aave_v3/aave_v3.hpp"
#include "tests/fuzz/hostile_market.hpp"
#include "tests/protocols/aave_v3/fake_aave.hpp"
#include "tests/protocols/aave_v3/ledger_support.hpp"

#include <memory>

using namespace plimsoll;
using namespace plimsoll::protocols;
using namespace plimsoll::protocols::aave_v3;

namespace {

constexpr ConfigFields kWeth{8000, 8250, 10500, 18, 1000, 0};
constexpr ConfigFields kUsdc{7500, 7800, 10450, 6, 1000, 0};

fuzz::SeededMarket seeded(std::uint64_t revision) {
    auto chain = std::make_shared<FakeAave>(revision, revision == 1 ? 1 : 5);
    fuzz::SeededMarket market;
    market.users = {numbered(201), numbered(202)};
    chain->list(0, "WETH", kWeth, 250'000'000'000);
    chain->list(1, "USDC", kUsdc, 99'990'000);
    for (const Address& user : market.users) {
        chain->supply(user, 0, U256(5'000'000'000'000'000'000ULL));
        chain->borrow(user, 1, U256(3'000'000'000U));
    }
    chain->mine(1000);
    (void)chain->take_logs();
    market.empty_ledger = [chain] { return make_aave_v3({chain->provider}); };
    market.ledger = market.empty_ledger();
    market.ledger->follow(market.users);
    finish_round(*market.ledger, *chain);
    for (const auto& [id, reserve] : chain->reserves()) {
        market.tokens.push_back(reserve.stored.asset);
    }
    market.group = {"ETH", "WETH", market.tokens.front(), {market.tokens.front()}};
    market.head = chain->head();
    market.answers = [chain](std::span<const Call> calls) { return chain->answer(calls); };
    return market;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::SeededMarket old_rules = seeded(1);
    static const fuzz::SeededMarket new_rules = seeded(11);
    fuzz::Input input(data, size);
    fuzz::play_or_load(input, old_rules, new_rules);
    return 0;
}
