#include "protocols/compound_v2/seeding.hpp"

#include "protocols/compound_v2/account_data.hpp"
#include "protocols/compound_v2/valuation.hpp"

#include <utility>

namespace plimsoll::protocols::compound_v2 {
namespace {

/// Whether the contract's answer is what this arithmetic makes of the account.
bool reproduces(const Market& market, const Account& account,
                const std::optional<LiquidityReply>& answer) {
    const auto ours = account_data(AccruedMarket(market), account, State::stored);
    if (!ours || !answer) return !ours && !answer;
    return *answer == LiquidityReply{ours->error, ours->liquidity(), ours->shortfall()};
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
        for (const Address& account : ledger.owed().samples) add(Stage::sample, account);
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
    return {liquidity_call(structure, unit.subject)};
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
            return keep(decode_comptroller(results), out.comptroller);
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
        const bool by_truncate = reproduces(truncate, account, decoded[i].liquidity);
        const bool by_half_up = reproduces(half_up, account, decoded[i].liquidity);
        for_truncate += by_truncate && !by_half_up;
        for_half_up += by_half_up && !by_truncate;
        for_neither += !by_truncate && !by_half_up;
    }
    const bool is_contradicted = (for_truncate != 0 && for_half_up != 0) ||
                                 (for_truncate == 0 && for_half_up == 0 && for_neither != 0);
    std::optional<Rounding> found;
    if (for_truncate != 0) found = Rounding::truncate;
    if (for_half_up != 0) found = Rounding::half_up;
    ledger.accept_rounding(is_contradicted ? std::nullopt : found, is_contradicted);
}

}  // namespace plimsoll::protocols::compound_v2
