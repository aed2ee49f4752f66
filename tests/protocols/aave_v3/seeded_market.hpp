#pragma once

#include "abi/codec.hpp"
#include "protocols/aave_v3/aave_v3.hpp"
#include "tests/protocols/aave_v3/fake_aave.hpp"
#include "tests/protocols/aave_v3/ledger_support.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace plimsoll::protocols::aave_v3 {

inline constexpr ConfigFields kWeth{8000, 8250, 10500, 18, 1000, 0};
inline constexpr ConfigFields kUsdc{7500, 7800, 10450, 6, 1000, 0};

inline U256 ether(std::uint64_t milli) { return U256(milli) * U256(1'000'000'000'000'000ULL); }

/// A market of WETH and USDC, an account that supplied and borrowed, and a ledger that has not been
/// told anything.
class SeededMarket : public testing::Test {
  protected:
    explicit SeededMarket(std::uint64_t pool_revision = 11, std::uint64_t token_revision = 5)
        : chain(pool_revision, token_revision) {
        chain.list(0, "WETH", kWeth, 250'000'000'000);
        chain.list(1, "USDC", kUsdc, 99'990'000);
        open_position(alice);
        chain.mine(1000);
        (void)chain.take_logs();
        ledger = make_aave_v3({chain.provider});
    }

    void open_position(const Address& user) {
        ASSERT_TRUE(chain.supply(user, 0, ether(5000)));
        ASSERT_TRUE(chain.borrow(user, 1, 3'000'000'000U));
    }
    void follow(const std::vector<Address>& users) {
        ledger->follow(users);
        finish_round(*ledger, chain);
    }
    void apply_logs() {
        for (const Log& log : chain.take_logs()) ledger->apply(log);
    }
    static PositionKey key(const Address& user) { return {user, {}}; }
    void expect_exact(const Address& user) {
        ASSERT_TRUE(ledger->has_position(key(user)));
        const auto found = ledger->audit(key(user), chain.answer(ledger->audit_reads(key(user))));
        for (const auto& one : found) {
            ADD_FAILURE() << one.field << ": " << one.ours << " instead of " << one.contract;
        }
    }

    FakeAave chain;
    std::unique_ptr<Protocol> ledger;
    const Address alice = numbered(201);
    const Address bob = numbered(202);
    const Address carol = numbered(203);
};

/// The same with the contracts of V3.0, which know stable debt.
class SeededMarket30 : public SeededMarket {
  protected:
    SeededMarket30() : SeededMarket(1, 1) {}
};

}  // namespace plimsoll::protocols::aave_v3
