#include "tests/protocols/aave_v3/fake_aave.hpp"

#include "abi/codec.hpp"
#include "abi/keccak.hpp"
#include "protocols/aave_v3/account_data.hpp"
#include "protocols/aave_v3/balances.hpp"
#include "protocols/common/fixed_point.hpp"
#include "tests/protocols/aave_v3/ledger_support.hpp"

#include <algorithm>
#include <array>

namespace plimsoll::protocols::aave_v3 {
namespace {

using enum EventKind;

Address token_address(unsigned id, unsigned kind) { return numbered(1000 + 10 * id + kind); }

U256 word_at(const std::map<Address, U256>& words, const Address& key) {
    const auto found = words.find(key);
    return found == words.end() ? U256(0) : found->second;
}

TokenRules rules_of(const FakeToken& token) { return token_rules_of(token.revision).value(); }

}  // namespace

FakeAave::FakeAave(std::uint64_t revision, std::uint64_t token_revision)
    : provider(numbered(1)),
      pool(numbered(2)),
      configurator(numbered(3)),
      oracle(numbered(4)),
      treasury(numbered(5)),
      pool_revision(revision) {
    head_.number = 100;
    head_.time = 1'700'000'000;
    head_.hash = keccak256("genesis");
    default_token_revision_ = token_revision;
}

RuleSet FakeAave::rules() const { return rule_set_of_pool(pool_revision).value_or(RuleSet::v3_7); }

// ---- the market

FakeReserve& FakeAave::list(unsigned id, const std::string& symbol, const ConfigFields& config,
                            std::uint64_t price) {
    FakeReserve& out = reserves_[id];
    out = {};
    out.stored.id = id;
    out.stored.symbol = symbol;
    out.stored.asset = token_address(id, 0);
    out.stored.a_token = out.a_token.address = token_address(id, 1);
    out.stored.variable_debt_token = out.debt_token.address = token_address(id, 2);
    if (rules() <= RuleSet::v3_1) out.stored.stable_debt_token = token_address(id, 3);
    out.stored.config = make_config(config);
    out.stored.liquidity_index = out.stored.variable_borrow_index = Ray::from_raw(ray());
    out.stored.last_update = head_.time;
    out.a_token.revision = out.debt_token.revision = default_token_revision_;
    out.debt_token.is_debt = true;
    out.price = price;
    out.cash = U256(1) << 90U;
    emit(configurator, reserve_initialized,
         {word_of(out.stored.asset), word_of(out.stored.a_token)},
         {word_of(out.stored.stable_debt_token), word_of(out.stored.variable_debt_token), 0});
    return out;
}

void FakeAave::drop(unsigned id) {
    emit(configurator, reserve_dropped, {word_of(reserves_.at(id).stored.asset)}, {});
    reserves_.erase(id);
}

void FakeAave::configure(unsigned id, const ConfigFields& config) {
    FakeReserve& one = reserves_.at(id);
    one.stored.config = make_config(config);
    emit(configurator, collateral_configuration_changed, {word_of(one.stored.asset)},
         {config.ltv, config.liquidation_threshold, config.liquidation_bonus});
}

void FakeAave::set_category(unsigned id, const EMode& category) {
    categories_[id] = category;
    categories_[id].id = id;
    emit(configurator, e_mode_category_added, {id},
         {category.ltv.raw(), category.liquidation_threshold.raw(),
          category.liquidation_bonus.raw(), 0, 160, 0});
}

/// Stable debt is repaid before the release that has none (on chain it was swapped).
void FakeAave::upgrade_pool(std::uint64_t revision) {
    for (auto& [id, one] : reserves_) {
        const auto holders = one.stable;
        for (const auto& [user, debt] : holders) repay_stable(user, id, u256_max());
    }
    pool_revision = revision;
    emit(pool, upgraded, {word_of(numbered(77))}, {});
}

void FakeAave::upgrade_tokens(unsigned id, std::uint64_t revision) {
    FakeReserve& one = reserves_.at(id);
    for (FakeToken* token : {&one.a_token, &one.debt_token}) {
        token->revision = revision;
        emit(token->address, upgraded, {word_of(numbered(78))}, {});
    }
}

// ---- the chain

void FakeAave::mine(BlockTime seconds) {
    head_.parent = head_.hash;
    head_.number += 1;
    head_.time += seconds;
    head_.hash = keccak256("block " + std::to_string(head_.number));
    log_index_ = 0;
}

std::vector<Log> FakeAave::take_logs() { return std::exchange(logs_, {}); }

void FakeAave::emit(const Address& emitter, EventKind kind, std::initializer_list<U256> topics,
                    std::initializer_list<U256> words) {
    Log log = make_log(emitter, kind, topics, words);
    log.block = head_.number;
    log.block_hash = head_.hash;
    log.block_time = head_.time;
    log.tx = keccak256("transaction " + std::to_string(transactions_));
    log.index = log_index_++;
    logs_.push_back(std::move(log));
}

/// `updateState`.
void FakeAave::touch(FakeReserve& one) {
    Reserve& stored = one.stored;
    if (stored.last_update == head_.time) return;
    const Ray income = normalized_income(rules(), stored, head_.time).value();
    const Ray debt = normalized_debt(rules(), stored, head_.time).value();
    if (stored.liquidity_rate.raw() != 0) stored.liquidity_index = income;
    if (one.debt_token.total != 0) stored.variable_borrow_index = debt;
    stored.last_update = head_.time;
}

/// `updateInterestRates`, with rates out of the air.
void FakeAave::update(FakeReserve& one) {
    Reserve& stored = one.stored;
    rate_seed_ = rate_seed_ * 6364136223846793005ULL + 1442695040888963407ULL;
    stored.liquidity_rate = Ray::from_raw(U256(rate_seed_ >> 20U) * U256(1'000'000'000'000ULL));
    stored.variable_borrow_rate =
        Ray::from_raw(U256(rate_seed_ >> 19U) * U256(1'000'000'000'001ULL));
    emit(pool, reserve_data_updated, {word_of(stored.asset)},
         {stored.liquidity_rate.raw(), 0, stored.variable_borrow_rate.raw(),
          stored.liquidity_index.raw(), stored.variable_borrow_index.raw()});
}

// ---- tokens

U256 FakeAave::balance(const FakeToken& token, const U256& scaled, const U256& index) const {
    const auto s = ScaledBalance::from_raw(scaled);
    const auto i = Ray::from_raw(index);
    return token.is_debt ? variable_debt_balance(rules_of(token), s, i).raw()
                         : a_token_balance(rules_of(token), s, i).raw();
}

bool FakeAave::mint(FakeToken& token, const Address& user, const U256& amount, const U256& index) {
    const bool half_up = rules_of(token) == TokenRules::half_up;
    const U256 added = half_up         ? ray_div(amount, index)
                       : token.is_debt ? ray_div_ceil(amount, index)
                                       : ray_div_floor(amount, index);
    if (added == 0) return false;
    const U256 before = word_at(token.scaled, user);
    const U256 previous =
        before == 0 ? U256(0) : balance(token, before, word_at(token.last_index, user));
    const U256 increase = balance(token, before, index) - previous;
    const U256 value =
        half_up ? amount + increase : balance(token, before + added, index) - previous;
    token.scaled[user] = before + added;
    token.last_index[user] = index;
    token.total += added;
    if (emits_transfers && !token.is_debt) {
        emit(token.address, EventKind::transfer, {0, word_of(user)}, {value});
    }
    emit(token.address, EventKind::mint, {word_of(user), word_of(user)}, {value, increase, index});
    return true;
}

bool FakeAave::burn(FakeToken& token, const Address& user, const U256& amount, const U256& index) {
    const bool half_up = rules_of(token) == TokenRules::half_up;
    const U256 before = word_at(token.scaled, user);
    const U256 taken = std::min(before, half_up         ? ray_div(amount, index)
                                        : token.is_debt ? ray_div_floor(amount, index)
                                                        : ray_div_ceil(amount, index));
    if (taken == 0) return false;
    const U256 previous = balance(token, before, word_at(token.last_index, user));
    const U256 increase = balance(token, before, index) - previous;
    const U256 paid = previous + increase < amount ? previous + increase : amount;
    const U256 next = half_up ? previous + increase - paid : balance(token, before - taken, index);
    token.scaled[user] = before - taken;
    token.last_index[user] = index;
    token.total -= taken;
    if (next > previous) {
        emit(token.address, EventKind::mint, {word_of(user), word_of(user)},
             {next - previous, increase, index});
    } else {
        emit(token.address, EventKind::burn, {word_of(user), 0},
             {previous - next, increase, index});
    }
    return true;
}

/// `AToken._transfer`. Up to v3_4 flags change before `BalanceTransfer`, later after it.
bool FakeAave::move(FakeReserve& one, const Address& from, const Address& to, const U256& amount,
                    const U256& index, bool validate) {
    FakeToken& token = one.a_token;
    const bool half_up = rules_of(token) == TokenRules::half_up;
    const U256 from_before = word_at(token.scaled, from);
    const U256 to_before = word_at(token.scaled, to);
    const U256 scaled =
        std::min(from_before, half_up ? ray_div(amount, index) : ray_div_ceil(amount, index));
    const auto notice = [&](const Address& user, const U256& before) {
        const U256 last = word_at(token.last_index, user);
        const U256 increase =
            before == 0 ? U256(0) : balance(token, before, index) - balance(token, before, last);
        token.last_index[user] = index;
        if (increase == 0) return;
        emit(token.address, EventKind::mint, {word_of(user), word_of(user)},
             {increase, increase, index});
    };
    notice(from, from_before);
    if (from != to) notice(to, to_before);
    token.scaled[from] = word_at(token.scaled, from) - scaled;
    token.scaled[to] = word_at(token.scaled, to) + scaled;
    if (emits_transfers) {
        emit(token.address, EventKind::transfer, {word_of(from), word_of(to)}, {amount});
    }
    const auto finalize = [&] {
        if (!validate || from == to || scaled == 0) return;
        if (scaled == from_before) flag(from, one.stored.id, false);
        if (rules() < RuleSet::v3_6 && to_before == 0) flag(to, one.stored.id, true);
    };
    if (half_up) finalize();
    emit(token.address, balance_transfer, {word_of(from), word_of(to)}, {scaled, index});
    if (!half_up) finalize();
    return true;
}

void FakeAave::flag(const Address& user, unsigned id, bool on) {
    auto& flags = users_[user].collateral;
    if (flags.contains(id) == on) return;
    if (on) {
        flags.insert(id);
    } else {
        flags.erase(id);
    }
    emit(pool, on ? collateral_enabled : collateral_disabled,
         {word_of(reserves_.at(id).stored.asset), word_of(user)}, {});
}

// ---- accounts

bool FakeAave::attempt(const std::function<bool()>& transaction) {
    ++transactions_;
    const FakeAave before = *this;
    if (transaction()) return true;
    *this = before;
    return false;
}

bool FakeAave::supply(const Address& user, unsigned id, const U256& amount) {
    return attempt([&] {
        FakeReserve& one = reserves_.at(id);
        const bool is_first = word_at(one.a_token.scaled, user) == 0;
        touch(one);
        update(one);
        const bool done = mint(one.a_token, user, amount, one.stored.liquidity_index.raw());
        if (done && is_first) flag(user, id, true);
        emit(pool, EventKind::supply, {word_of(one.stored.asset), word_of(user), 0},
             {word_of(numbered(7)), amount});
        return done;
    });
}

bool FakeAave::withdraw(const Address& user, unsigned id, const U256& amount) {
    return attempt([&] {
        FakeReserve& one = reserves_.at(id);
        touch(one);
        if (supplied(user, id) < amount || amount == 0) return false;
        update(one);
        const bool all = supplied(user, id) == amount;
        if (all && rules() < RuleSet::v3_5) flag(user, id, false);
        const bool done = burn(one.a_token, user, amount, one.stored.liquidity_index.raw());
        if (word_at(one.a_token.scaled, user) == 0) flag(user, id, false);
        emit(pool, EventKind::withdraw, {word_of(one.stored.asset), word_of(user), word_of(user)},
             {amount});
        return done;
    });
}

bool FakeAave::withdraw_all(const Address& user, unsigned id) {
    return withdraw(user, id, supplied(user, id));
}

bool FakeAave::borrow(const Address& user, unsigned id, const U256& amount) {
    return attempt([&] {
        FakeReserve& one = reserves_.at(id);
        touch(one);
        if (!mint(one.debt_token, user, amount, one.stored.variable_borrow_index.raw()))
            return false;
        update(one);
        emit(pool, EventKind::borrow, {word_of(one.stored.asset), word_of(user), 0},
             {word_of(numbered(6)), amount, 2, one.stored.variable_borrow_rate.raw()});
        return true;
    });
}

bool FakeAave::borrow_stable(const Address& user, unsigned id, const U256& amount,
                             const U256& rate) {
    return attempt([&] {
        FakeReserve& one = reserves_.at(id);
        touch(one);
        StableDebt& debt = one.stable[user];
        const U256 current = stable_debt_balance(rules(), debt, head_.time).raw();
        const U256 increase = current - debt.principal.raw();
        debt.principal = TokenAmount::from_raw(current + amount);
        debt.rate = Ray::from_raw(rate);
        debt.last_update = head_.time;
        one.stable_total += amount + increase;
        emit(one.stored.stable_debt_token, stable_mint, {word_of(user), word_of(user)},
             {amount + increase, current, increase, rate, rate, one.stable_total});
        update(one);
        emit(pool, EventKind::borrow, {word_of(one.stored.asset), word_of(user), 0},
             {word_of(user), amount, 1, rate});
        return true;
    });
}

bool FakeAave::repay(const Address& user, unsigned id, const U256& amount) {
    return attempt([&] {
        FakeReserve& one = reserves_.at(id);
        touch(one);
        const U256 paid = std::min(amount, variable_debt(user, id));
        if (!burn(one.debt_token, user, paid, one.stored.variable_borrow_index.raw())) return false;
        update(one);
        emit(pool, EventKind::repay,
             {word_of(one.stored.asset), word_of(user), word_of(numbered(8))}, {paid, 0});
        return true;
    });
}

bool FakeAave::repay_all(const Address& user, unsigned id) { return repay(user, id, u256_max()); }

bool FakeAave::repay_stable(const Address& user, unsigned id, const U256& amount) {
    return attempt([&] {
        FakeReserve& one = reserves_.at(id);
        StableDebt& debt = one.stable[user];
        const U256 current = stable_debt_balance(rules(), debt, head_.time).raw();
        if (current == 0) return false;
        touch(one);
        const U256 increase = current - debt.principal.raw();
        const U256 paid = std::min(amount, current);
        debt.principal = TokenAmount::from_raw(current - paid);
        debt.last_update = head_.time;
        one.stable_total = one.stable_total + increase - paid;
        if (increase > paid) {
            emit(one.stored.stable_debt_token, stable_mint, {word_of(user), word_of(user)},
                 {increase - paid, current, increase, debt.rate.raw(), 0, one.stable_total});
        } else {
            emit(one.stored.stable_debt_token, stable_burn, {word_of(user)},
                 {paid - increase, current, increase, 0, one.stable_total});
        }
        if (paid == current) debt = {};
        update(one);
        return true;
    });
}

bool FakeAave::transfer(const Address& from, const Address& to, unsigned id, const U256& amount) {
    return attempt([&] {
        if (amount == 0 || supplied(from, id) < amount) return false;
        FakeReserve& one = reserves_.at(id);
        const U256 index = normalized_income(rules(), one.stored, head_.time).value().raw();
        return move(one, from, to, amount, index, true);
    });
}

bool FakeAave::set_collateral(const Address& user, unsigned id, bool on) {
    return attempt([&] {
        if (on && word_at(reserves_.at(id).a_token.scaled, user) == 0) return false;
        flag(user, id, on);
        return true;
    });
}

void FakeAave::set_e_mode(const Address& user, unsigned category) {
    ++transactions_;
    users_[user].e_mode = category;
    emit(pool, e_mode_set, {word_of(user)}, {category});
}

bool FakeAave::liquidate(const Address& user, const Address& liquidator, unsigned collateral_id,
                         unsigned debt_id, const U256& debt, const U256& collateral,
                         const U256& fee, bool receive_a_token, bool write_off) {
    return attempt([&] {
        FakeReserve& from = reserves_.at(collateral_id);
        FakeReserve& owed = reserves_.at(debt_id);
        if (variable_debt(user, debt_id) < debt ||
            supplied(user, collateral_id) < collateral + fee) {
            return false;
        }
        touch(owed);
        if (rules() >= RuleSet::v3_5) touch(from);
        const U256 whole = variable_debt(user, debt_id);
        const U256 burned = write_off ? whole : debt;
        if (!burn(owed.debt_token, user, burned, owed.stored.variable_borrow_index.raw()))
            return false;
        if (burned > debt) {
            emit(pool, deficit_created, {word_of(user), word_of(owed.stored.asset)},
                 {burned - debt});
            owed.deficit += burned - debt;
        }
        update(owed);
        if (receive_a_token) {
            const U256 index = normalized_income(rules(), from.stored, head_.time).value().raw();
            move(from, user, liquidator, collateral, index, false);
        } else {
            touch(from);
            update(from);
            burn(from.a_token, user, collateral, from.stored.liquidity_index.raw());
        }
        if (fee != 0) {
            const U256 index = normalized_income(rules(), from.stored, head_.time).value().raw();
            move(from, user, treasury, fee, index, false);
        }
        emit(pool, liquidation_call,
             {word_of(from.stored.asset), word_of(owed.stored.asset), word_of(user)},
             {debt, collateral, word_of(liquidator), receive_a_token ? 1U : 0U});
        return true;
    });
}

// ---- state

U256 FakeAave::supplied(const Address& user, unsigned id) const {
    const FakeReserve& one = reserves_.at(id);
    const U256 index = normalized_income(rules(), one.stored, head_.time).value().raw();
    return balance(one.a_token, word_at(one.a_token.scaled, user), index);
}

U256 FakeAave::variable_debt(const Address& user, unsigned id) const {
    const FakeReserve& one = reserves_.at(id);
    const U256 index = normalized_debt(rules(), one.stored, head_.time).value().raw();
    return balance(one.debt_token, word_at(one.debt_token.scaled, user), index);
}

U256 FakeAave::stable_debt(const Address& user, unsigned id) const {
    const auto& stable = reserves_.at(id).stable;
    const auto found = stable.find(user);
    if (found == stable.end()) return 0;
    return stable_debt_balance(rules(), found->second, head_.time).raw();
}

bool FakeAave::has_debt(const Address& user) const {
    const Account whole = account(user);
    return std::any_of(whole.holdings.begin(), whole.holdings.end(),
                       [](const Holding& holding) { return holding.has_debt(); });
}

Account FakeAave::account(const Address& user) const {
    Account out;
    const auto found = users_.find(user);
    const FakeUser known = found == users_.end() ? FakeUser{} : found->second;
    out.e_mode = known.e_mode;
    for (const auto& [id, one] : reserves_) {
        Holding holding;
        holding.reserve = id;
        holding.supplied = ScaledBalance::from_raw(word_at(one.a_token.scaled, user));
        holding.variable_debt = ScaledBalance::from_raw(word_at(one.debt_token.scaled, user));
        holding.collateral = known.collateral.contains(id);
        const auto stable = one.stable.find(user);
        if (stable != one.stable.end()) holding.stable_debt = stable->second;
        out.holdings.push_back(std::move(holding));
    }
    return out;
}

Market FakeAave::market() const {
    Market out;
    out.rules = rules();
    out.time = head_.time;
    out.e_modes = categories_;
    for (const auto& [id, one] : reserves_) {
        out.reserves[id] = one.stored;
        out.reserves[id].a_token_rules = rules_of(one.a_token);
        out.reserves[id].debt_token_rules = rules_of(one.debt_token);
        if (one.price) out.prices[id] = OraclePrice::from_raw(*one.price);
    }
    return out;
}

}  // namespace plimsoll::protocols::aave_v3
