// Random histories of a chain and of what goes wrong while it is followed.

#include "daemon/alerts/alert.hpp"
#include "tests/daemon/follow/world.hpp"
#include "tests/support/effort.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <random>

namespace plimsoll::follow {
namespace {

using chain::FaultKind;

/// One history, made from a seed.
class History {
  public:
    /// `is_final`: what is final does not leave the chain.
    History(unsigned seed, bool is_final)
        : world({"lend", "other"}, true),
          random_(seed),  // NOLINT(cert-msc51-cpp): repeatable
          is_final_(is_final) {
        world.source.finality = pick<BlockNumber>({0, 2, 5, 9, 14});
        world.source.most_range = pick<BlockNumber>({1, 3, 7, 50});
        world.source.states_kept = pick<BlockNumber>({10, 16, 40, 100'000});
        for (std::uint64_t account = 1; account <= 6; ++account) {
            world.open(account, 1000);
            world.open(account, 1000, kOther);
            world.mine(3);
        }
        world.mine(20);
        world.catch_up();
        begin = world.chain.head().number;
    }

    void step() {
        switch (below(10)) {
            case 0:
                reorganise();
                break;
            case 1:
                fail_later();
                break;
            case 2:
                if (below(2) == 0) world.restart();
                break;
            case 3:
                (below(2) == 0 ? world.store->failures : world.store->failures_after) = below(3);
                break;
            case 4:
                lag();
                break;
            default:
                mine(1 + below(3));
        }
        for (unsigned polls = below(3); polls > 0; --polls) {
            (void)world.poll();
            expect_exact_or_flagged();
            world.now += below(4) == 0 ? 61 : 3;
        }
    }

    /// What is shown as live at the head is what the contracts have there.
    void expect_exact_or_flagged() const {
        for (const char* protocol : {"lend", "other"}) {
            const auto status = world.status(protocol);
            const bool is_claimed =
                status.state == view::State::live && status.block == world.chain.head();
            if (!is_claimed) continue;
            EXPECT_EQ(world.shown(protocol), world.real(protocol)) << status.block.number;
        }
    }

    /// Everything is well again, and the daemon comes to rest.
    void end() {
        world.source.fail_never();
        world.source.head_at.reset();
        world.store->failures = world.store->failures_after = 0;
        world.set_price(below(2) == 0 ? 1200 : 2000);
        while (world.now > static_cast<std::int64_t>(world.chain.head().time)) world.mine(8);
        for (int i = 0; i < 40; ++i) {
            world.mine(6);  // more than half an hour, after which nothing flaps
            (void)world.poll();
        }
        world.catch_up();
        world.mine();
        world.catch_up();
    }

    World world;
    BlockNumber begin = 0;

  private:
    unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }
    template <class T>
    T pick(std::initializer_list<T> from) {
        return *(from.begin() + below(static_cast<unsigned>(from.size())));
    }

    void mine(unsigned blocks) {
        for (; blocks > 0; --blocks) {
            for (unsigned events = below(4); events > 0; --events) happen();
            world.mine();
        }
    }

    void happen() {
        const Address market = below(3) == 0 ? kOther : kLend;
        const std::uint64_t account = 1 + below(9);
        const auto& position = world.chain.market(market).positions[test::address(account)];
        const auto held = [](const std::map<Address, U256>& amounts, const Address& token) {
            const auto found = amounts.find(token);
            return found == amounts.end() ? U256(0) : found->second;
        };
        const U256 debt = held(position.debt, kUsd);
        const U256 collateral = held(position.collateral, kEth);
        switch (below(7)) {
            case 0:
                world.open(account, 400 + below(500), market);
                break;
            case 1:
                world.chain.deposit(market, account, kEth, 1 + below(1000));
                break;
            case 2:
                if (collateral > 0) world.chain.withdraw(market, account, kEth, 1);
                break;
            case 3:
                if (debt > 0) world.chain.repay(market, account, kUsd, debt);
                break;
            case 4:
                world.set_price(pick<std::uint64_t>({2000, 1300, 1200, 1000}), market);
                break;
            default:
                if (debt > 100'000'000 && collateral > 100'000) {
                    world.liquidate(account, market);
                    const std::uint64_t again = below(20);
                    if (below(3) == 0 && !is_on_chain(again)) world.chain.as_transaction(again);
                }
        }
    }

    /// A transaction may lie on several forks, but once on each.
    bool is_on_chain(std::uint64_t transaction) {
        const Bytes32 tx = test::block_hash(transaction, 'T');
        const auto has = [&](const std::vector<protocols::Log>& logs) {
            return std::any_of(logs.begin(), logs.end(), [&](const auto& l) { return l.tx == tx; });
        };
        const auto& blocks = world.chain.blocks();
        return has(world.chain.next_logs()) ||
               std::any_of(blocks.begin(), blocks.end(),
                           [&](const auto& b) { return has(b.logs); });
    }

    void reorganise() {
        const BlockNumber head = world.chain.head().number;
        final_ = std::max(final_, head - world.source.finality);
        const auto possible =
            static_cast<unsigned>(head - (is_final_ ? std::max(begin, final_) : begin));
        if (possible == 0) return;
        const unsigned depth = 1 + below(std::min(possible, below(6) == 0 ? 30U : 6U));
        world.reorganise(depth);
        mine(depth + below(4));
    }

    /// A call from now on fails, or finds the chain another one.
    void fail_later() {
        const FaultKind kind =
            pick<FaultKind>({FaultKind::transient, FaultKind::rate, FaultKind::lag_or_reorg,
                             FaultKind::missing_state, FaultKind::malformed, FaultKind::split});
        const bool changes = below(3) == 0;
        const unsigned lasts = below(4) == 0 ? 5 : 1;
        world.source.fault = [this, kind, changes, left = below(15), lasts, count = 0U](
                                 const std::string&) mutable -> std::optional<chain::Fault> {
            if (left > 0) {
                --left;
                return std::nullopt;
            }
            if (count++ >= lasts) return std::nullopt;
            if (!changes) return chain::Fault{kind, "injected"};
            reorganise();
            return std::nullopt;
        };
    }

    void lag() {
        const BlockNumber head = world.chain.head().number;
        world.source.head_at = below(3) == 0
                                   ? std::optional(head - std::min<BlockNumber>(head, below(9)))
                                   : std::nullopt;
    }

    std::mt19937 random_;
    bool is_final_;
    BlockNumber final_ = 0;  ///< highest that ever was
};

/// Every message about a block that left the chain is taken back or confirmed elsewhere.
void expect_answers(const World& world) {
    std::set<Bytes32> canonical;
    for (const auto& block : world.chain.blocks()) canonical.insert(block.ref.hash);
    std::set<std::string> answered;
    const auto alerts = world.alerts();
    for (const auto& alert : alerts) {
        const auto data = nlohmann::json::parse(alert.body).at("data");
        if (data.contains("retracts")) answered.insert(data["retracts"].get<std::string>());
        if (!data.contains("updates")) continue;
        for (const auto& id : data["updates"]) answered.insert(id.get<std::string>());
    }
    for (const auto& alert : alerts) {
        const bool is_about_chain = alert.type.starts_with("position.");
        if (!is_about_chain || alert.type.ends_with(".retracted")) continue;
        EXPECT_TRUE(canonical.contains(alert.block_hash) || answered.contains(alert.id))
            << alert.type << " " << alert.alert_key << " on orphaned block " << alert.block;
    }
}

std::set<std::string> in_danger(const World& world) {
    std::set<std::string> out;
    const_cast<World&>(world).follower().read([&](std::span<const view::ProtocolView> views) {
        for (const auto& view : views) {
            for (const auto& health : view.healths) {
                if (!health.liquidatable) continue;
                out.insert("danger/eip155:1/" + view.status.name + "/" +
                           to_checksum(health.key.account));
            }
        }
    });
    return out;
}

/// The view is exact, and the same as that of a daemon that saw only the end.
void expect_right_in_the_end(const History& history) {
    const World& world = history.world;
    world.expect_exact();
    World fresh({"lend", "other"}, true);
    fresh.chain = world.chain;
    fresh.now = world.now;
    fresh.catch_up();
    for (const char* protocol : {"lend", "other"}) {
        EXPECT_EQ(world.shown(protocol), fresh.shown(protocol));
        EXPECT_TRUE(store::value(world.store->owed(protocol)).empty());
    }
    EXPECT_EQ(in_danger(world), in_danger(fresh));
}

std::set<std::string> liquidations_of(const History& history) {
    auto out = history.world.liquidations_above(history.begin, "lend");
    out.merge(history.world.liquidations_above(history.begin, "other"));
    return out;
}

std::set<std::string> moves_of(const History& history) {
    auto out = history.world.moves_above(history.begin, "lend");
    out.merge(history.world.moves_above(history.begin, "other"));
    return out;
}

/// As the store has them, by the keys that their alerts have.
std::set<std::string> stored_liquidations(const World& world) {
    std::set<std::string> out;
    for (const auto& stored : store::value(world.store->liquidations("dev", 0, 100'000))) {
        const auto account = nlohmann::json::parse(stored.row).at("account").get<std::string>();
        out.insert(alerts::event_alert_key("events", "eip155:1", stored.protocol, stored.tx,
                                           stored.log_index, account));
    }
    return out;
}

class RandomHistory : public testing::TestWithParam<unsigned> {};

TEST_P(RandomHistory, ends_right_and_everything_is_told_once) {
    History history(GetParam(), true);
    World& world = history.world;
    for (int i = 0; i < 60; ++i) history.step();
    history.end();
    expect_right_in_the_end(history);
    const Belief belief = believe(world.alerts());
    EXPECT_EQ(belief.open, in_danger(world));
    EXPECT_EQ(belief.liquidations, liquidations_of(history));
    EXPECT_EQ(belief.moves, moves_of(history));
    EXPECT_EQ(stored_liquidations(world), belief.liquidations);
    expect_answers(world);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomHistory, testing::Range(0U, test::effort(24)));

class BrokenFinality : public testing::TestWithParam<unsigned> {};

/// Reorganisations of any depth: whatever was told before, the daemon ends right.
TEST_P(BrokenFinality, ends_right_all_the_same) {
    History history(GetParam(), false);
    for (int i = 0; i < 60; ++i) history.step();
    history.end();
    expect_right_in_the_end(history);
    EXPECT_EQ(stored_liquidations(history.world), liquidations_of(history));
}

INSTANTIATE_TEST_SUITE_P(Seeds, BrokenFinality, testing::Range(0U, test::effort(8)));

}  // namespace
}  // namespace plimsoll::follow
