#include "protocols/compound_v2/seeding.hpp"

#include "protocols/compound_v2/account_data.hpp"
#include "protocols/compound_v2/valuation.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::protocols::compound_v2 {
namespace {

/// What the contract has to answer where this arithmetic is its own; none where it reverts.
/// `redeemed`: a cToken of which 1e18 units are redeemed in thought; null: none.
std::optional<LiquidityReply> expected_answer(const Market& market, const Account& account,
                                              const CToken* redeemed) {
    const AccruedMarket accrued(market);
    auto ours = account_data(accrued, account, State::stored);
    if (ours && redeemed != nullptr && ours->error == 0) {
        const AccruedCToken* c_token = accrued.find(redeemed->id);
        if (c_token == nullptr) return std::nullopt;
        const auto sum = as_contract([&] {
            return ours->borrow + collateral_of_one(market.rounding, market, account, *c_token);
        });
        if (!sum) return std::nullopt;
        ours->borrow = *sum;
    }
    if (!ours) return std::nullopt;
    return LiquidityReply{ours->error, ours->liquidity(), ours->shortfall()};
}

}  // namespace

std::vector<Call> Seeding::next(const Ledger& ledger, std::size_t max_calls) {
    asked_ = plan(ledger, max_calls);
    std::vector<Call> out;
    for (Unit& unit : asked_) {
        std::vector<Call> calls = calls_of(ledger, unit);
        unit.calls = calls.size();
        out.insert(out.end(), std::make_move_iterator(calls.begin()),
                   std::make_move_iterator(calls.end()));
    }
    return out;
}

// ---- what to ask

std::vector<Seeding::Unit> Seeding::plan(const Ledger& ledger, std::size_t max_calls) const {
    std::vector<Unit> wanted = plan_structure(ledger);
    std::size_t needed = 1;  // units that make no sense without the next
    const auto add = [&](Stage stage, const Address& subject) {
        wanted.push_back({stage, subject, 0, 0});
    };
    if (wanted.empty() && !ledger.owed().accounts.empty()) {
        needed = 2;
        add(Stage::indexes, {});
        for (const Address& account : ledger.owed().accounts) add(Stage::account, account);
    } else if (wanted.empty() && !ledger.owed().samples.empty()) {
        needed = 2;
        add(Stage::round, {});
        for (const auto& [account, redeemed] : ledger.owed().samples) {
            wanted.push_back({Stage::sample, account, 0, 0, redeemed});
        }
    }
    std::size_t calls = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        calls += calls_of(ledger, wanted[i]).size();
        if (i >= needed && calls > max_calls) {
            wanted.resize(i);
            break;
        }
    }
    return wanted;
}

std::vector<Seeding::Unit> Seeding::plan_structure(const Ledger& ledger) const {
    const Owed& owed = ledger.owed();
    std::vector<Unit> out;
    if (owed.comptroller) {
        out.push_back({Stage::comptroller, {}, 0, 0});
        return out;
    }
    for (const Address& c_token : owed.markets) out.push_back({Stage::market, c_token, 0, 0});
    if (!out.empty()) return out;
    for (const Address& c_token : owed.tokens) out.push_back({Stage::token, c_token, 0, 0});
    for (const unsigned pool : owed.pools) out.push_back({Stage::pool, {}, pool, 0});
    return out;
}

std::vector<Call> Seeding::calls_of(const Ledger& ledger, const Unit& unit) {
    const Structure& structure = ledger.structure();
    switch (unit.stage) {
        case Stage::comptroller:
            return comptroller_calls(structure);
        case Stage::market:
            return market_calls(structure, unit.subject);
        case Stage::token:
            return token_calls(structure.find(unit.subject)->c_token.underlying);
        case Stage::pool:
            return pool_calls(structure, unit.pool);
        case Stage::indexes:
            return index_calls(structure);
        case Stage::account:
            return account_calls(structure, unit.subject);
        case Stage::round:
            return round_calls(structure);
        case Stage::sample:
            break;
    }
    if (unit.redeemed.is_zero()) return {liquidity_call(structure, unit.subject)};
    return {hypothetical_call(structure, unit.subject, unit.redeemed)};
}

// ---- what the replies say

Expected<void, ReadFault> Seeding::accept(Ledger& ledger, std::span<const CallResult> results,
                                          const BlockRef& at) {
    std::size_t expected = 0;
    for (const Unit& unit : asked_) expected += unit.calls;
    if (results.size() != expected) {
        return Unexpected<ReadFault>{ReadFault{"as many results as calls were expected"}};
    }
    std::vector<Decoded> decoded;
    decoded.reserve(asked_.size());
    std::size_t first = 0;
    for (const Unit& unit : asked_) {
        auto one = decode(ledger, unit, results.subspan(first, unit.calls), at);
        if (!one) return Unexpected<ReadFault>{one.error()};
        decoded.push_back(std::move(*one));
        first += unit.calls;
    }
    const std::vector<Unit> asked = std::exchange(asked_, {});
    for (std::size_t i = 0; i < asked.size(); ++i) commit(ledger, asked[i], decoded[i], at);
    if (!asked.empty() && asked.front().stage == Stage::round) {
        judge_rounding(ledger, asked, decoded);
    }
    return {};
}

namespace {

constexpr std::string_view kRefused = "; this is not the deployment its name says";

const ExpectedMarket* expected_market(const Structure& structure, const Address& c_token) {
    const auto found = structure.settings->expected.find(c_token);
    return found == structure.settings->expected.end() ? nullptr : &found->second;
}

/// Where a list of the deployment is known, the Comptroller has the native coin's market of it.
/// Others may be delisted; they are told.
Reply<ComptrollerReply> as_expected(const Structure& structure,
                                    Reply<ComptrollerReply> comptroller) {
    const CompoundV2Settings& settings = *structure.settings;
    if (!comptroller || settings.expected.empty() || !settings.native_market) return comptroller;
    const Address& native = *settings.native_market;
    const auto& listed = comptroller->c_tokens;
    if (std::ranges::find(listed, native) != listed.end()) return comptroller;
    return Unexpected<ReadFault>{ReadFault{"the Comptroller does not list " +
                                           structure.written(native) + ", the market of " +
                                           settings.native_symbol + std::string(kRefused)}};
}

/// A market that a list of the deployment names must be what the list says.
Reply<MarketReply> as_expected(const Structure& structure, Reply<MarketReply> market) {
    if (!market) return market;
    const CToken& c_token = market->c_token;
    const ExpectedMarket* wanted = expected_market(structure, c_token.address);
    if (wanted == nullptr || wanted->underlying == c_token.underlying) return market;
    return Unexpected<ReadFault>{
        ReadFault{"the underlying of " + structure.written(c_token.address) + " is " +
                  structure.written(c_token.underlying) + ", expected " +
                  structure.written(wanted->underlying) + std::string(kRefused)}};
}

Reply<TokenReply> as_expected(const Structure& structure, const Address& c_token,
                              Reply<TokenReply> token) {
    const ExpectedMarket* wanted = expected_market(structure, c_token);
    if (!token || wanted == nullptr || token->decimals == wanted->decimals) return token;
    return Unexpected<ReadFault>{ReadFault{
        "the underlying of " + structure.written(c_token) + " (" + token->symbol + ") has " +
        (token->decimals ? std::to_string(*token->decimals) : std::string("no")) +
        " decimals, expected " + std::to_string(wanted->decimals) + std::string(kRefused)}};
}

}  // namespace

Reply<Seeding::Decoded> Seeding::decode(const Ledger& ledger, const Unit& unit, Results results,
                                        const BlockRef& at) {
    const Structure& structure = ledger.structure();
    Decoded out;
    const auto keep = [&](auto reply, auto& member) -> Reply<Decoded> {
        if (!reply) return Unexpected<ReadFault>{reply.error()};
        member = std::move(*reply);
        return std::move(out);
    };
    switch (unit.stage) {
        case Stage::comptroller:
            return keep(as_expected(structure, decode_comptroller(results)), out.comptroller);
        case Stage::market:
            return keep(as_expected(structure, decode_market(structure, unit.subject, results, at)),
                        out.market);
        case Stage::token:
            return keep(as_expected(structure, unit.subject, decode_token(results)), out.token);
        case Stage::pool:
            return keep(decode_pool(structure, results), out.pool);
        case Stage::indexes:
            return keep(decode_indexes(structure, results), indexes_);
        case Stage::account:
            return keep(decode_account(structure, indexes_, results), out.account);
        case Stage::round:
            return keep(decode_round(structure, results, at), round_);
        case Stage::sample:
            break;
    }
    return keep(decode_liquidity(results[0]), out.liquidity);
}

void Seeding::commit(Ledger& ledger, const Unit& unit, Decoded& decoded, const BlockRef& at) {
    switch (unit.stage) {
        case Stage::comptroller:
            return ledger.accept(decoded.comptroller, at);
        case Stage::market:
            return ledger.accept(unit.subject, decoded.market, at);
        case Stage::token:
            return ledger.accept_token(unit.subject, decoded.token);
        case Stage::pool:
            return ledger.accept_pool(unit.pool, decoded.pool);
        case Stage::account:
            return ledger.accept(unit.subject, std::move(decoded.account), at);
        case Stage::indexes:
        case Stage::round:
        case Stage::sample:
            return;
    }
}

/// The rounding that makes every sampled answer. An answer that only one of them makes decides; one
/// that neither makes says nothing about the rounding (the account may be wrong: the audit looks at
/// it), but when no answer decides, nothing is believed.
void Seeding::judge_rounding(Ledger& ledger, std::span<const Unit> units,
                             std::span<const Decoded> decoded) const {
    Market truncate = market_of(ledger.structure(), round_);
    Market half_up = truncate;
    truncate.rounding = Rounding::truncate;
    half_up.rounding = Rounding::half_up;
    std::size_t for_truncate = 0;
    std::size_t for_half_up = 0;
    std::size_t for_neither = 0;
    for (std::size_t i = 1; i < units.size(); ++i) {
        const auto view = ledger.accounts().find(units[i].subject);
        if (!view) continue;
        const Account account = account_of(*view);
        const MarketEntry* redeemed = ledger.structure().find(units[i].redeemed);
        const CToken* c_token = redeemed == nullptr ? nullptr : &redeemed->c_token;
        const auto& answer = decoded[i].liquidity;
        const bool by_truncate = expected_answer(truncate, account, c_token) == answer;
        const bool by_half_up = expected_answer(half_up, account, c_token) == answer;
        for_truncate += by_truncate && !by_half_up;
        for_half_up += by_half_up && !by_truncate;
        // A fork's hypothetical view may be another one; that its liquidity is, nobody allows.
        for_neither += c_token == nullptr && !by_truncate && !by_half_up;
    }
    const bool is_contradicted = (for_truncate != 0 && for_half_up != 0) ||
                                 (for_truncate == 0 && for_half_up == 0 && for_neither != 0);
    std::optional<Rounding> found;
    if (for_truncate != 0) found = Rounding::truncate;
    if (for_half_up != 0) found = Rounding::half_up;
    const bool is_silent = !found && std::ranges::all_of(units.subspan(1), [](const Unit& unit) {
        return !unit.redeemed.is_zero();
    });
    if (is_silent)
        return ledger.accept_rounding(std::nullopt, ledger.structure().is_rounding_contradicted);
    ledger.accept_rounding(is_contradicted ? std::nullopt : found, is_contradicted);
}

}  // namespace plimsoll::protocols::compound_v2
