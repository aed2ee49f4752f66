// A followed market of the Compound V2 family under hostile logs, replies and records: Compound's
// own shape and JustLend's.

#include "protocols/compound_v2/compound_v2.hpp"
#include "tests/fuzz/hostile_market.hpp"
#include "tests/protocols/compound_v2/recorded_chain.hpp"

#include <memory>

using namespace plimsoll;
using namespace plimsoll::protocols;
using namespace plimsoll::protocols::compound_v2;

namespace {

/// The step after which two accounts of the recording have debts.
constexpr std::size_t kStep = 5;

fuzz::SeededMarket seeded(const char* family) {
    auto chain = std::make_shared<RecordedChain>(family);
    chain->stand_after(kStep);
    fuzz::SeededMarket market;
    market.empty_ledger = [chain] { return make_compound_v2(chain->settings()); };
    market.ledger = scanned(*chain, kStep);
    market.users = {chain->user("supplier"), chain->user("borrower")};
    for (const MarketReport& one : market.ledger->markets()) market.tokens.push_back(one.token);
    market.group = {"COIN", "COIN", market.tokens.front(), {market.tokens.front()}};
    market.head = chain->at();
    market.answers = [chain](std::span<const Call> calls) { return chain->answer(calls); };
    return market;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::SeededMarket compound = seeded("compound");
    static const fuzz::SeededMarket justlend = seeded("justlend");
    fuzz::Input input(data, size);
    fuzz::play_or_load(input, compound, justlend);
    return 0;
}
