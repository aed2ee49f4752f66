#include "protocols/aave_v3/records.hpp"

#include "protocols/aave_v3/aave_v3.hpp"
#include "tests/protocols/aave_v3/fake_aave.hpp"
#include "tests/protocols/aave_v3/ledger_support.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace plimsoll::protocols::aave_v3 {
namespace {

using Stored = std::map<std::string, std::string>;

/// Puts changed records where a store would.
void store(Stored& stored, Protocol& ledger) {
    for (const Record& record : ledger.take_changed_records()) {
        if (record.value) {
            stored[record.key] = *record.value;
        } else {
            stored.erase(record.key);
        }
    }
}

std::vector<Record> records_of(const Stored& stored) {
    std::vector<Record> out;
    for (const auto& [key, value] : stored) out.push_back({key, value});
    return out;
}

class Records : public testing::Test {
  protected:
    Records() : chain(1, 1) {
        chain.list(0, "WETH", {8000, 8250, 10500, 18, 1000, 0}, 250'000'000'000);
        chain.list(5, "USDC", {7500, 7800, 10450, 6, 1000, 1}, 99'990'000);
        EMode mode;
        mode.ltv = Bps::from_raw(9000);
        mode.liquidation_threshold = Bps::from_raw(9500);
        mode.liquidation_bonus = Bps::from_raw(10100);
        chain.set_category(1, mode);
        for (const Address& user : {alice, bob}) {
            chain.supply(user, 0, U256(1) << 70U);
            chain.borrow(user, 5, U256(1) << 33U);
        }
        chain.borrow_stable(alice, 0, U256(1) << 50U, ray() / U256(20U));
        chain.set_e_mode(bob, 1);
        chain.mine(100);
        (void)chain.take_logs();
        ledger = make_aave_v3({chain.provider});
        ledger->follow(std::vector{alice, bob});
        finish_round(*ledger, chain);
    }

    std::unique_ptr<Protocol> loaded(const Stored& stored) const {
        auto out = make_aave_v3({chain.provider});
        const auto done = out->load(records_of(stored));
        EXPECT_TRUE(done.has_value()) << (done ? "" : done.error().message);
        return out;
    }
    std::string fault_of(const Stored& stored) const {
        const auto done = make_aave_v3({chain.provider})->load(records_of(stored));
        return done ? "" : done.error().message;
    }
    void expect_exact(const Protocol& ours) {
        for (const Address& user : {alice, bob}) {
            const PositionKey key{user, {}};
            ASSERT_TRUE(ours.has_position(key));
            EXPECT_TRUE(ours.audit(key, chain.answer(ours.audit_reads(key))).empty());
        }
        EXPECT_EQ(ours.coverage_ppm(), 1'000'000U);
    }

    FakeAave chain;
    std::unique_ptr<Protocol> ledger;
    const Address alice = numbered(201);
    const Address bob = numbered(202);
};

TEST_F(Records, bring_the_ledger_back) {
    Stored stored;
    store(stored, *ledger);
    EXPECT_EQ(stored.size(), 1U + 2U + 1U + 2U);
    auto again = loaded(stored);
    EXPECT_EQ(again->position_count(), 2U);
    EXPECT_FALSE(again->health({alice, {}}).computable);  // no prices yet
    EXPECT_EQ(finish_round(*again, chain), 0U);
    expect_exact(*again);
    EXPECT_EQ(again->log_filter().addresses, ledger->log_filter().addresses);
}

TEST_F(Records, of_accounts_whose_debt_went_in_the_last_block_are_dropped_after_loading) {
    chain.mine(12);
    chain.repay_all(bob, 5);
    for (const Log& log : chain.take_logs()) ledger->apply(log);
    Stored stored;  // as it is when nothing was read at the end of that block
    store(stored, *ledger);
    auto again = loaded(stored);
    finish_round(*again, chain);
    EXPECT_FALSE(again->has_position({bob, {}}));
    EXPECT_TRUE(again->has_position({alice, {}}));
    store(stored, *again);
    EXPECT_FALSE(stored.contains("account/" + to_lower_hex(bob).substr(2)));
}

TEST_F(Records, tell_only_what_changed) {
    Stored stored;
    store(stored, *ledger);
    EXPECT_TRUE(ledger->take_changed_records().empty());
    chain.mine(12);
    chain.repay(alice, 5, 1'000'000U);
    for (const Log& log : chain.take_logs()) ledger->apply(log);
    finish_round(*ledger, chain);
    std::vector<std::string> keys;
    for (const Record& record : ledger->take_changed_records()) keys.push_back(record.key);
    EXPECT_EQ(keys,
              (std::vector<std::string>{"reserve/5", "account/" + to_lower_hex(alice).substr(2)}));
}

TEST_F(Records, keep_up_with_a_ledger_that_goes_on) {
    Stored stored;
    for (int i = 0; i < 5; ++i) {
        store(stored, *ledger);
        chain.mine(1000);
        chain.repay(alice, 5, 1'000'000U);
        chain.transfer(bob, alice, 0, 12345U);
        chain.configure(0, {8000, 8000U + static_cast<unsigned>(i), 10500, 18, 0, 0});
        for (const Log& log : chain.take_logs()) ledger->apply(log);
        finish_round(*ledger, chain);
    }
    store(stored, *ledger);
    auto again = loaded(stored);
    finish_round(*again, chain);
    expect_exact(*again);
}

TEST_F(Records, of_forgotten_accounts_are_erased) {
    Stored stored;
    store(stored, *ledger);
    chain.mine(12);
    chain.repay_all(bob, 5);
    for (const Log& log : chain.take_logs()) ledger->apply(log);
    finish_round(*ledger, chain);
    store(stored, *ledger);
    EXPECT_EQ(stored.count("account/" + to_lower_hex(bob).substr(2)), 0U);
    EXPECT_EQ(loaded(stored)->position_count(), 1U);
}

TEST_F(Records, hold_what_is_still_to_be_read) {
    Stored stored;
    const Address carol = numbered(203);
    chain.borrow(carol, 5, 4'000'000U);
    (void)chain.take_logs();
    ledger->follow(std::vector{carol});
    store(stored, *ledger);
    auto again = loaded(stored);
    EXPECT_EQ(finish_round(*again, chain), 2U);
    EXPECT_TRUE(again->has_position({carol, {}}));
    store(stored, *again);
    EXPECT_EQ(stored.count("owed/" + to_lower_hex(carol).substr(2)), 0U);
}

TEST_F(Records, of_another_provider_are_refused) {
    Stored stored;
    store(stored, *ledger);
    auto other = make_aave_v3({numbered(1234)});
    EXPECT_FALSE(other->load(records_of(stored)).has_value());
}

TEST_F(Records, with_a_part_missing_are_refused) {
    Stored stored;
    store(stored, *ledger);
    for (const char* key : {"market", "reserve/5", "category/1"}) {
        Stored less = stored;
        ASSERT_EQ(less.erase(key), 1U);
        EXPECT_NE(fault_of(less), "");
    }
    EXPECT_NE(fault_of({}), "");
}

TEST_F(Records, damaged_are_refused_and_change_nothing) {
    Stored stored;
    store(stored, *ledger);
    for (const auto& [key, value] : stored) {
        for (std::size_t size = 0; size < value.size(); ++size) {
            Stored cut = stored;
            cut[key].resize(size);
            EXPECT_NE(fault_of(cut), "") << key << " cut to " << size;
        }
        Stored longer = stored;
        longer[key] += '\0';
        EXPECT_NE(fault_of(longer), "") << key;
        Stored newer = stored;
        newer[key][0] = 2;
        EXPECT_NE(fault_of(newer), "") << key;
    }
    for (const char* key : {"reserve/128", "reserve/x", "reserve/", "category/256", "account/12",
                            "owed/zz", "something"}) {
        Stored more = stored;
        more[key] = "\x01";
        EXPECT_NE(fault_of(more), "") << key;
    }
}

TEST_F(Records, of_random_bytes_do_no_harm) {
    Stored stored;
    store(stored, *ledger);
    std::mt19937_64 random(7);
    for (int i = 0; i < 3000; ++i) {
        Stored changed = stored;
        auto one = changed.begin();
        std::advance(one, static_cast<std::ptrdiff_t>(random() % changed.size()));
        for (std::uint64_t bytes = 1 + random() % 4; bytes > 0; --bytes) {
            one->second[random() % one->second.size()] = static_cast<char>(random() % 256);
        }
        auto again = make_aave_v3({chain.provider});
        if (again->load(records_of(changed))) (void)again->trust();
    }
}

TEST_F(Records, of_an_account_are_small) {
    Stored stored;
    store(stored, *ledger);
    EXPECT_LE(stored["account/" + to_lower_hex(bob).substr(2)].size(), 40U);
}

}  // namespace
}  // namespace plimsoll::protocols::aave_v3
