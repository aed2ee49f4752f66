// A ledger follows a small market of its own through random histories: after every round each
// position must be what the market says.
#include "abi/codec.hpp"
#include "protocols/aave_v3/aave_v3.hpp"
#include "protocols/common/protocol.hpp"
#include "tests/protocols/aave_v3/fake_aave.hpp"
#include "tests/protocols/aave_v3/ledger_support.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace plimsoll::protocols::aave_v3 {
namespace {

struct World {
    const char* name;
    std::uint64_t pool_revision;
    std::uint64_t token_revision;
    std::uint64_t seed;
    /// Upgraded in the middle of the history; 0: not.
    std::uint64_t next_pool_revision;
    std::uint64_t next_token_revision;
};

constexpr unsigned kReserves = 4;
constexpr unsigned kUsers = 10;

/// PLIMSOLL_SEED in the environment makes other histories.
std::uint64_t seed_by_hand() {
    const char* text = std::getenv("PLIMSOLL_SEED");
    return text == nullptr ? 0 : std::stoull(text);
}

class RandomWorld {
  public:
    explicit RandomWorld(const World& world)
        : chain_(world.pool_revision, world.token_revision), random_(world.seed + seed_by_hand()) {
        chain_.list(0, "WETH", {8000, 8250, 10500, 18, 1000, 0}, 250'000'000'000);
        chain_.list(1, "USDC", {7500, 7800, 10450, 6, 1000, 0}, 99'990'000);
        chain_.list(3, "wstETH", {7800, 8100, 10600, 18, 1000, 0}, 300'000'000'000);
        chain_.list(7, "WBTC", {7000, 7500, 10650, 8, 0, 0}, 6'000'000'000'000);
        chain_.set_category(1, category());
        for (unsigned i = 0; i < kUsers; ++i) users_.push_back(numbered(100 + i));
    }

    FakeAave& chain() { return chain_; }
    const std::vector<Address>& users() const { return users_; }

    /// Blocks with a few actions each.
    void play_blocks() {
        for (std::uint64_t blocks = 1 + pick(3); blocks > 0; --blocks) {
            chain_.mine(pick(4) == 0 ? 1 + pick(4'000'000) : 12);
            for (std::uint64_t actions = pick(5); actions > 0; --actions) act();
        }
    }

    std::uint64_t pick(std::uint64_t below) { return random_() % below; }

  private:
    EMode category() const {
        EMode out;
        out.ltv = Bps::from_raw(9000);
        out.liquidation_threshold = Bps::from_raw(9300);
        out.liquidation_bonus = Bps::from_raw(10100);
        out.collateral_bitmap = 0b1001;
        return out;
    }
    const Address& user() { return users_[pick(kUsers)]; }
    unsigned reserve() {
        constexpr unsigned ids[kReserves] = {0, 1, 3, 7};
        return ids[pick(kReserves)];
    }
    /// From a few units to many whole tokens; scaled amounts collide with every rounding.
    U256 amount() { return U256(1 + pick(1'000)) << static_cast<unsigned>(pick(60)); }
    U256 part_of(const U256& whole) {
        return whole < 2 ? whole : U256(1) + whole * U256(pick(1000)) / U256(1000U);
    }

    void act() {
        const Address& one = user();
        const unsigned id = reserve();
        switch (pick(14)) {
            case 0:
            case 1:
                chain_.supply(one, id, amount());
                break;
            case 2:
            case 3:
                chain_.borrow(one, id, amount());
                break;
            case 4:
                chain_.withdraw(one, id, part_of(chain_.supplied(one, id)));
                break;
            case 5:
                chain_.withdraw_all(one, id);
                break;
            case 6:
                chain_.repay(one, id, part_of(chain_.variable_debt(one, id)));
                break;
            case 7:
                chain_.repay_all(one, id);
                break;
            case 8:
                chain_.transfer(one, user(), id, part_of(chain_.supplied(one, id)));
                break;
            case 9:
                chain_.set_collateral(one, id, pick(2) == 0);
                break;
            case 10:
                chain_.set_e_mode(one, static_cast<unsigned>(pick(2)));
                break;
            case 11: {
                const U256 collateral = part_of(chain_.supplied(one, id));
                const unsigned debt_id = reserve();
                const U256 fee = collateral / U256(200U);
                chain_.liquidate(one, user(), id, debt_id,
                                 part_of(chain_.variable_debt(one, debt_id)), collateral - fee, fee,
                                 pick(2) == 0, chain_.pool_revision >= 7 && pick(3) == 0);
                break;
            }
            default:
                stable_or_borrow_and_repay(one, id);
        }
    }

    void stable_or_borrow_and_repay(const Address& one, unsigned id) {
        if (chain_.pool_revision > 4) {
            if (chain_.borrow(one, id, amount())) chain_.repay_all(one, id);
        } else if (pick(2) == 0) {
            chain_.borrow_stable(one, id, amount(), ray() / U256(10 + pick(30)));
        } else {
            chain_.repay_stable(one, id, part_of(chain_.stable_debt(one, id)));
        }
    }

    FakeAave chain_;
    std::mt19937_64 random_;
    std::vector<Address> users_;
};

/// Every position is there and no other, and every one is valued as the market values it.
void expect_equal(const Protocol& ledger, RandomWorld& world) {
    std::size_t positions = 0;
    for (const Address& user : world.users()) {
        const PositionKey key{user, {}};
        ASSERT_EQ(ledger.has_position(key), world.chain().has_debt(user)) << to_checksum(user);
        if (!ledger.has_position(key)) continue;
        ++positions;
        const auto calls = ledger.audit_reads(key);
        for (const auto& difference : ledger.audit(key, world.chain().answer(calls))) {
            ADD_FAILURE() << to_checksum(user) << " " << difference.field << ": " << difference.ours
                          << " instead of " << difference.contract;
        }
    }
    EXPECT_EQ(ledger.position_count(), positions);
    EXPECT_TRUE(ledger.trust().verified) << ledger.trust().reason;
    EXPECT_EQ(ledger.coverage_ppm(), 1'000'000U);
}

std::map<std::string, std::string> all_records(Protocol& ledger) {
    std::map<std::string, std::string> out;
    for (Record& record : ledger.take_changed_records()) {
        if (record.value) out[record.key] = *record.value;
    }
    return out;
}

class FollowedWorld : public testing::TestWithParam<World> {};

TEST_P(FollowedWorld, every_position_after_every_round) {
    RandomWorld world(GetParam());
    for (int i = 0; i < 20; ++i) world.play_blocks();
    auto ledger = make_aave_v3({world.chain().provider});
    finish_round(*ledger, world.chain());
    std::vector<Address> borrowers;
    for (const Log& log : world.chain().take_logs()) {
        for (const Address& account : ledger->discover(log)) borrowers.push_back(account);
    }
    ledger->follow(borrowers);
    finish_round(*ledger, world.chain());
    expect_equal(*ledger, world);
    std::size_t liquidations = 0;
    for (int round = 0; round < 150 && !HasFailure(); ++round) {
        SCOPED_TRACE("round " + std::to_string(round));
        world.play_blocks();
        if (round == 60 && GetParam().next_pool_revision != 0) {
            world.chain().upgrade_pool(GetParam().next_pool_revision);
            for (const unsigned id : {0U, 1U, 3U, 7U}) {
                world.chain().upgrade_tokens(id, GetParam().next_token_revision);
            }
            world.play_blocks();
        }
        for (const Log& log : world.chain().take_logs()) ledger->apply(log);
        liquidations += ledger->take_events().liquidations.size();
        finish_round(*ledger, world.chain(), 1 + world.pick(30));
        expect_equal(*ledger, world);
    }
    EXPECT_GT(liquidations, 0U);
}

/// The follower's way: a base ledger some rounds behind, and a tip remade from it by the same
/// inputs. Records of the base bring it back after a restart.
TEST_P(FollowedWorld, the_same_inputs_make_the_same_state) {
    struct Round {
        std::vector<Log> logs;
        std::vector<std::vector<CallResult>> reads;
        std::vector<CallResult> prices;
        BlockRef at;
    };
    RandomWorld world(GetParam());
    auto tip = make_aave_v3({world.chain().provider});
    (void)world.chain().take_logs();
    finish_round(*tip, world.chain());
    auto base = tip->clone();
    std::vector<Round> tail;
    for (int round = 0; round < 60; ++round) {
        world.play_blocks();
        Round one;
        one.logs = world.chain().take_logs();
        one.at = world.chain().head();
        for (const Log& log : one.logs) tip->apply(log);
        for (auto calls = tip->reads(40); !calls.empty(); calls = tip->reads(40)) {
            one.reads.push_back(world.chain().answer(calls));
            ASSERT_TRUE(tip->accept_reads(one.reads.back(), one.at));
        }
        one.prices = world.chain().answer(tip->price_reads());
        ASSERT_TRUE(tip->accept_prices(one.prices, one.at));
        tail.push_back(std::move(one));
    }
    expect_equal(*tip, world);
    for (const Round& round : tail) {
        for (const Log& log : round.logs) base->apply(log);
        for (const auto& results : round.reads) {
            (void)base->reads(40);
            ASSERT_TRUE(base->accept_reads(results, round.at));
        }
        ASSERT_TRUE(base->accept_prices(round.prices, round.at));
    }
    expect_equal(*base, world);
    const auto records = all_records(*base);
    EXPECT_EQ(records, all_records(*tip));

    auto restarted = make_aave_v3({world.chain().provider});
    std::vector<Record> stored;
    for (const auto& [key, value] : records) stored.push_back({key, value});
    ASSERT_TRUE(restarted->load(stored));
    EXPECT_TRUE(restarted->reads(40).empty());
    finish_round(*restarted, world.chain());
    expect_equal(*restarted, world);
}

INSTANTIATE_TEST_SUITE_P(
    Worlds, FollowedWorld,
    testing::Values(World{"v3_0", 1, 1, 11, 0, 0}, World{"v3_0_again", 2, 2, 12, 0, 0},
                    World{"v3_1", 4, 2, 13, 0, 0}, World{"v3_3", 7, 2, 14, 0, 0},
                    World{"v3_4", 8, 3, 15, 0, 0}, World{"v3_5", 9, 4, 16, 0, 0},
                    World{"v3_6", 10, 5, 17, 0, 0}, World{"v3_7", 11, 5, 18, 0, 0},
                    World{"from_v3_4_to_v3_5", 8, 3, 19, 9, 4},
                    World{"from_v3_1_to_v3_2", 4, 2, 20, 6, 2}),
    [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace plimsoll::protocols::aave_v3
