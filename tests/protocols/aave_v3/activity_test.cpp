#include "protocols/common/supposition.hpp"
#include "tests/protocols/aave_v3/seeded_market.hpp"

#include <gmock/gmock.h>

namespace plimsoll::protocols::aave_v3 {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

/// A market whose ledger watches bob, who has no debt, and carol.
class Watched : public SeededMarket {
  protected:
    Watched() {
        ledger = make_aave_v3({chain.provider, {bob, carol}});
        follow({alice});
        chain.mine(12);
    }

    std::vector<std::string> activity() {
        apply_logs();
        std::vector<std::string> out;
        events = ledger->take_events().activity;
        for (const AccountEvent& event : events) {
            out.push_back(std::string(to_string(event.action)) + " " + name(event.account) + " " +
                          to_decimal(event.amount.raw()) + " " + event.asset);
        }
        return out;
    }
    std::string name(const Address& account) const {
        return account == bob ? "bob" : account == carol ? "carol" : to_checksum(account);
    }

    std::vector<AccountEvent> events;
};

TEST_F(Watched, deposits_and_withdrawals_without_debt_are_told) {
    ASSERT_TRUE(chain.supply(bob, 0, ether(2000)));
    ASSERT_TRUE(chain.withdraw(bob, 0, ether(500)));
    EXPECT_THAT(activity(), ElementsAre("deposit bob 2000000000000000000 WETH",
                                        "withdraw bob 500000000000000000 WETH"));
    EXPECT_EQ(events[0].other, numbered(7)) << "who paid";
    EXPECT_TRUE(events[1].other.is_zero()) << "it went to the account itself";
    EXPECT_EQ(events[0].block.hash, chain.head().hash);
    EXPECT_EQ(events[0].decimals, 18U);
    EXPECT_FALSE(ledger->has_position(key(bob)));
}

TEST_F(Watched, borrows_and_repayments_are_told) {
    ASSERT_TRUE(chain.supply(bob, 0, ether(5000)));
    ASSERT_TRUE(chain.borrow(bob, 1, 1'000'000'000U));
    ASSERT_TRUE(chain.repay(bob, 1, 400'000'000U));
    EXPECT_THAT(activity(), ElementsAre("deposit bob 5000000000000000000 WETH",
                                        "borrow bob 1000000000 USDC", "repay bob 400000000 USDC"));
    EXPECT_EQ(events[2].other, numbered(8)) << "who repaid";
}

TEST_F(Watched, nobody_elses_activity_is_told) {
    ASSERT_TRUE(chain.supply(alice, 0, ether(5000)));
    ASSERT_TRUE(chain.borrow(alice, 1, 1'000'000'000U));
    ASSERT_TRUE(chain.repay(alice, 1, 400'000'000U));
    EXPECT_THAT(activity(), IsEmpty());
}

TEST_F(Watched, a_transfer_has_two_ends) {
    ASSERT_TRUE(chain.supply(bob, 0, ether(2000)));
    chain.mine(3'000'000);
    (void)activity();
    ASSERT_TRUE(chain.transfer(bob, carol, 0, ether(300)));
    ASSERT_TRUE(chain.transfer(alice, bob, 0, ether(100)));
    EXPECT_THAT(activity(), ElementsAre("send bob 300000000000000000 WETH",
                                        "receive carol 300000000000000000 WETH",
                                        "receive bob 100000000000000000 WETH"))
        << "whole amounts, not scaled ones";
    EXPECT_EQ(events[0].other, carol);
    EXPECT_EQ(events[0].log_index, events[1].log_index);
    EXPECT_EQ(events[2].other, alice);
}

TEST_F(Watched, what_a_liquidation_takes_is_not_the_accounts_doing) {
    open_position(bob);
    chain.mine(12);
    (void)activity();
    ASSERT_TRUE(chain.liquidate(bob, carol, 0, 1, 1'000'000'000U, ether(400), ether(10), true));
    apply_logs();
    const LedgerEvents told = ledger->take_events();
    ASSERT_EQ(told.liquidations.size(), 1U);
    ASSERT_EQ(told.activity.size(), 1U);
    EXPECT_EQ(told.activity[0].account, carol) << "the liquidator got a deposit";
    EXPECT_EQ(told.activity[0].action, AccountAction::receive);
}

TEST_F(Watched, a_transfer_before_a_liquidation_in_another_transaction_stays) {
    open_position(bob);
    ASSERT_TRUE(chain.transfer(bob, alice, 0, ether(10)));
    ASSERT_TRUE(chain.liquidate(bob, alice, 0, 1, 1'000'000'000U, ether(400), ether(10), true));
    EXPECT_THAT(activity(),
                ElementsAre("deposit bob 5000000000000000000 WETH", "borrow bob 3000000000 USDC",
                            "send bob 10000000000000000 WETH"));
}

TEST_F(Watched, only_a_ledger_that_watches_asks_for_the_pools_actions) {
    const auto other = make_aave_v3({chain.provider});
    other->follow(std::vector{alice});
    finish_round(*other, chain);
    EXPECT_EQ(ledger->log_filter().topics.size(), other->log_filter().topics.size() + 3);
    EXPECT_EQ(ledger->log_filter().addresses, other->log_filter().addresses);
}

TEST_F(Watched, a_copy_tells_the_same) {
    const auto copy = ledger->clone();
    ASSERT_TRUE(chain.supply(bob, 0, ether(2000)));
    for (const Log& log : chain.take_logs()) {
        ledger->apply(log);
        copy->apply(log);
    }
    EXPECT_EQ(ledger->take_events().activity.size(), 1U);
    EXPECT_EQ(copy->take_events().activity.size(), 1U);
}

// ---- parameters ---------------------------------------------------------------------------------

using Parameters = SeededMarket;

std::vector<std::string> texts(const ParameterChange& change) {
    std::vector<std::string> out;
    for (const ParameterValue& value : change.values) {
        out.push_back(change.subject + " " + value.name + " " + value.from + " -> " + value.to);
    }
    return out;
}

TEST_F(Parameters, a_lower_threshold_tells_from_and_to_and_whom_it_endangers) {
    open_position(bob);
    ASSERT_TRUE(chain.repay(bob, 1, 2'900'000'000U));
    follow({alice, bob});
    chain.mine(12);
    chain.configure(0, {2000, 2300, 10500, 18, 1000, 0});
    apply_logs();
    const auto changes = ledger->take_events().parameters;
    finish_round(*ledger, chain);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_THAT(texts(changes[0]),
                ElementsAre("WETH ltv 8000 -> 2000", "WETH liquidation_threshold 8250 -> 2300"));
    EXPECT_EQ(changes[0].token, chain.reserve(0).stored.asset);
    const auto without = ledger->healths_without(changes[0]);
    ASSERT_EQ(without.size(), 2U);
    std::size_t index = 0;
    ledger->for_each_position([&](const PositionKey& one) {
        EXPECT_EQ(without[index].key, one);
        EXPECT_FALSE(without[index].liquidatable);
        EXPECT_EQ(ledger->health(one).liquidatable, one.account == alice);
        ++index;
    });
    expect_exact(alice);

    // Supposed again, the old threshold gives back what was.
    ParameterChange thought;
    thought.before = std::make_shared<SupposedThreshold>(changes[0].token, Bps::from_raw(8250));
    const auto supposed = ledger->healths_without(thought);
    ASSERT_EQ(supposed.size(), without.size());
    for (std::size_t i = 0; i < supposed.size(); ++i) {
        EXPECT_EQ(supposed[i].key, without[i].key);
        EXPECT_EQ(supposed[i].health_factor, without[i].health_factor);
        EXPECT_EQ(supposed[i].liquidatable, without[i].liquidatable);
    }
}

TEST_F(Parameters, the_second_change_of_a_round_begins_where_the_first_ended) {
    follow({alice});
    chain.mine(12);
    chain.configure(0, {8000, 8100, 10500, 18, 1000, 0});
    chain.configure(0, {8000, 8000, 10500, 18, 1000, 0});
    apply_logs();
    const auto changes = ledger->take_events().parameters;
    ASSERT_EQ(changes.size(), 2U);
    EXPECT_THAT(texts(changes[0]), ElementsAre("WETH liquidation_threshold 8250 -> 8100"));
    EXPECT_EQ(changes[1].values.back().from, "8100");
    EXPECT_EQ(changes[1].values.back().to, "8000");
    finish_round(*ledger, chain);
    chain.mine(12);
    chain.configure(0, {8000, 7900, 10500, 18, 1000, 0});
    apply_logs();
    EXPECT_THAT(texts(ledger->take_events().parameters.at(0)),
                ElementsAre("WETH liquidation_threshold 8000 -> 7900"));
}

TEST_F(Parameters, a_category_that_is_set_up_can_be_taken_back_in_thought) {
    follow({alice});
    chain.mine(12);
    EMode mode;
    mode.ltv = Bps::from_raw(1000);
    mode.liquidation_threshold = Bps::from_raw(1100);
    mode.liquidation_bonus = Bps::from_raw(10100);
    mode.collateral_bitmap = 1;
    chain.set_category(3, mode);
    chain.set_e_mode(alice, 3);
    apply_logs();
    const auto changes = ledger->take_events().parameters;
    finish_round(*ledger, chain);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].subject, "e-mode 3");
    EXPECT_TRUE(ledger->health(key(alice)).liquidatable);
    const auto without = ledger->healths_without(changes[0]);
    ASSERT_EQ(without.size(), 1U);
    EXPECT_FALSE(without[0].liquidatable) << "outside a category the asset's own threshold counts";
}

/// Two categories, bob in the first of them and carol in the second with what does not count there.
/// All hold WETH alone and owe the same, 24 percent of it.
template <class Market>
class Categories : public Market {
  protected:
    static EMode category(unsigned threshold, unsigned bitmap) {
        EMode out;
        out.ltv = Bps::from_raw(1000);
        out.liquidation_threshold = Bps::from_raw(threshold);
        out.liquidation_bonus = Bps::from_raw(10100);
        out.collateral_bitmap = bitmap;
        return out;
    }
    /// WETH has the label 1, and is in the bitmap of 1.
    void set_up() {
        this->open_position(this->bob);
        this->open_position(this->carol);
        this->chain.set_category(1, category(9000, 1));
        this->chain.set_category(2, category(9500, 2));
        this->chain.configure(0, {8000, 8250, 10500, 18, 1000, 1});
        this->chain.set_e_mode(this->bob, 1);
        this->chain.set_e_mode(this->carol, 2);
        (void)this->chain.take_logs();
        this->follow({this->alice, this->bob, this->carol});
    }
    std::vector<PositionHealth> supposed(unsigned id, unsigned threshold) const {
        ParameterChange thought;
        thought.before = std::make_shared<SupposedCategoryThreshold>(id, Bps::from_raw(threshold));
        return this->ledger->healths_without(thought);
    }
    std::vector<Address> liquidatable(const std::vector<PositionHealth>& healths) const {
        std::vector<Address> out;
        for (const auto& one : healths) {
            EXPECT_TRUE(one.computable);
            if (one.liquidatable) out.push_back(one.key.account);
        }
        return out;
    }
    /// What is supposed is what is there once it was set.
    void expect_foretold(unsigned id, unsigned threshold, unsigned bitmap) {
        const auto foretold = supposed(id, threshold);
        this->chain.set_category(id, category(threshold, bitmap));
        this->apply_logs();
        finish_round(*this->ledger, this->chain);
        ASSERT_EQ(foretold.size(), 3U);
        for (const PositionHealth& one : foretold) {
            const PositionHealth now = this->ledger->health(one.key);
            EXPECT_EQ(one.health_factor, now.health_factor);
            EXPECT_EQ(one.liquidatable, now.liquidatable);
            this->expect_exact(one.key.account);
        }
    }
    void expect_only_members_move() {
        EXPECT_THAT(liquidatable(supposed(1, 2300)), ElementsAre(this->bob));
        EXPECT_THAT(liquidatable(supposed(1, 2500)), IsEmpty());
        EXPECT_THAT(liquidatable(supposed(2, 1)), IsEmpty()) << "carol's WETH is not in it";
        EXPECT_THAT(liquidatable(supposed(9, 1)), IsEmpty()) << "nobody set it up";
        expect_foretold(1, 2300, 1);
        EXPECT_TRUE(this->ledger->health(this->key(this->bob)).liquidatable);
        expect_foretold(2, 100, 2);
    }
};

using LabelledCategories = Categories<SeededMarket30>;
using BitmapCategories = Categories<SeededMarket>;

TEST_F(LabelledCategories, another_threshold_moves_those_whose_collateral_has_the_label) {
    set_up();
    expect_only_members_move();
    const auto categories = ledger->e_modes();
    ASSERT_EQ(categories.size(), 2U);
    EXPECT_THAT(categories[0].assets, ElementsAre("WETH"));
    EXPECT_THAT(categories[1].assets, IsEmpty()) << "the bitmap means nothing yet";
}

TEST_F(BitmapCategories, another_threshold_moves_those_whose_collateral_is_in_the_bitmap) {
    set_up();
    expect_only_members_move();
    const auto categories = ledger->e_modes();
    ASSERT_EQ(categories.size(), 2U);
    EXPECT_EQ(categories[0].id, 1U);
    EXPECT_EQ(categories[0].liquidation_threshold.raw(), 2300U);
    EXPECT_THAT(categories[0].assets, ElementsAre("WETH"));
    EXPECT_THAT(categories[1].assets, ElementsAre("USDC"));
    EXPECT_THAT(categories[1].tokens, ElementsAre(chain.reserve(1).stored.asset));
}

TEST_F(BitmapCategories, an_asset_whose_own_threshold_is_zero_counts_in_its_category) {
    chain.configure(0, {0, 0, 10500, 18, 1000, 0});
    set_up();
    chain.configure(0, {0, 0, 10500, 18, 1000, 0});
    apply_logs();
    finish_round(*ledger, chain);
    EXPECT_THAT(liquidatable(supposed(1, 2500)), UnorderedElementsAre(alice, carol))
        << "outside it";
    EXPECT_THAT(ledger->e_modes().at(0).assets, ElementsAre("WETH"));
    expect_foretold(1, 2300, 1);
}

TEST_F(LabelledCategories, an_asset_whose_own_threshold_is_zero_counts_nowhere) {
    set_up();
    chain.configure(0, {0, 0, 10500, 18, 1000, 1});
    apply_logs();
    finish_round(*ledger, chain);
    EXPECT_THAT(liquidatable(supposed(1, 9000)), UnorderedElementsAre(alice, bob, carol));
    EXPECT_THAT(ledger->e_modes().at(0).assets, IsEmpty());
}

TEST_F(Parameters, upgrades_and_listings_have_no_effect_that_could_be_taken_back) {
    follow({alice});
    chain.mine(12);
    chain.upgrade_tokens(0, 5);
    chain.list(2, "DAI", kWeth, 100'000'000);
    apply_logs();
    const auto changes = ledger->take_events().parameters;
    ASSERT_EQ(changes.size(), 3U);
    EXPECT_EQ(changes[0].values[0].name, "a_token_implementation");
    finish_round(*ledger, chain);
    for (const ParameterChange& change : changes) {
        EXPECT_THAT(ledger->healths_without(change), IsEmpty());
    }
}

// ---- what a round reads of a market -------------------------------------------------------------

TEST_F(Parameters, deficits_and_the_time_of_a_price_are_read) {
    chain.reserve(1).deficit = 2'000'000U;
    chain.reserve(1).price_updated_at = 1'699'999'000U;
    follow({alice});
    const auto markets = ledger->markets();
    EXPECT_EQ(markets[1].deficit.raw(), 2'000'000U);
    EXPECT_EQ(markets[1].deficit_usd.raw(), 199'980'000U);
    EXPECT_EQ(markets[1].price_updated_at, 1'699'999'000U);
    EXPECT_EQ(markets[0].deficit.raw(), 0U);
    EXPECT_FALSE(markets[0].price_updated_at) << "an adapter that does not tell";
}

using Parameters30 = SeededMarket30;

TEST_F(Parameters30, no_deficits_are_asked_for_before_there_were_any) {
    follow({alice});
    for (const Call& call : ledger->price_reads()) {
        EXPECT_NE(abi::selector("getReserveDeficit(address)"),
                  (abi::Selector{call.data[0], call.data[1], call.data[2], call.data[3]}));
    }
}

}  // namespace
}  // namespace plimsoll::protocols::aave_v3
