#include "protocols/compound_v2/valuation.hpp"

#include "protocols/compound_v2/balances.hpp"
#include "protocols/compound_v2/exponential.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace plimsoll::protocols::compound_v2 {
namespace {

/// Wider than a sum of products of two words.
using U1024 = boost::multiprecision::checked_uint1024_t;

constexpr std::size_t kMaxUndecided = 50;
constexpr std::size_t kMaxProbes = 4;

/// The accounts to ask of all that would do: other ones in each round, since the views of some may
/// never answer.
class Turn {
  public:
    Turn(std::size_t most, std::uint64_t round, std::size_t accounts)
        : most_(most), first_(accounts == 0 ? 0 : round % accounts * most % accounts) {}

    /// Whether the account at this place of all is still of use. Places come in order.
    bool wants(std::size_t place) const {
        return (place < first_ ? before_ : after_).size() < most_;
    }
    void add(std::size_t place, const Address& account, const Address& market) {
        (place < first_ ? before_ : after_).emplace_back(account, market);
    }
    /// Those from the turn's first place on, then from the beginning.
    std::map<Address, Address> chosen() const {
        std::map<Address, Address> out(after_.begin(), after_.end());
        for (std::size_t i = 0; i < before_.size() && out.size() < most_; ++i) {
            out.insert(before_[i]);
        }
        return out;
    }

  private:
    std::size_t most_;
    std::size_t first_;
    std::vector<std::pair<Address, Address>> before_;
    std::vector<std::pair<Address, Address>> after_;
};

/// What is wrong with a market's numbers; empty when nothing is.
std::string doubt_of(const Market& market, const MarketEntry& entry, const MarketRound& round) {
    if (!round.state) return "its state cannot be read";
    const auto rate = as_contract([&] { return exchange_rate(*round.state); });
    const bool same = rate ? round.exchange_rate == *rate : !round.exchange_rate;
    if (!same) {
        return "the exchange rate is " +
               (round.exchange_rate ? to_decimal(round.exchange_rate->raw())
                                    : std::string("not answered")) +
               ", its parts make " + (rate ? to_decimal(rate->raw()) : std::string("none"));
    }
    if (round.state->accrued_at > market.now) return "it was accrued in the future";
    return entry.doubt;
}

/// What of its borrows no log told; empty when all was told.
std::string untold_of(const MarketEntry& entry, const MarketState& state) {
    if (entry.last_index != state.borrow_index) {
        return "the borrow index is " + to_decimal(state.borrow_index.raw()) + ", its logs told " +
               to_decimal(entry.last_index.raw());
    }
    if (entry.last_total.value_or(state.total_borrows.raw()) != state.total_borrows.raw()) {
        return "total borrows are " + to_decimal(state.total_borrows.raw()) + ", its logs told " +
               to_decimal(*entry.last_total);
    }
    return {};
}

bool is_second_native(const Structure& structure, const MarketEntry& entry) {
    return entry.c_token.is_native() && structure.native_market() != &entry;
}

void set_scale(const Structure& structure, Valuation& out) {
    out.scale = structure.scale;
    if (out.scale.unit == PriceUnit::usd) {
        out.usd_numerator = 1;
        out.usd_denominator = U256(10'000'000'000ULL);
        return;
    }
    if (out.scale.unit != PriceUnit::native) {
        out.quote = {"unknown", 0, 1};
        return;
    }
    const CToken* dollar = dollar_market(structure);
    const auto price = dollar == nullptr ? std::nullopt : price_of(out.round, dollar->id);
    out.quote.name = structure.settings->native_symbol;
    if (!price) {
        out.quote.numerator = 0;
        return;
    }
    // One dollar is price * 10^decimals / 1e18 of the Comptroller's unit.
    const auto dollar_value = as_contract([&] { return *price * token_unit(dollar->decimals); });
    out.quote.numerator = 0;
    if (!dollar_value) return;  // no price of a dollar
    out.usd_numerator = U256(100'000'000U) * kExpScale;
    out.usd_denominator = *dollar_value;
    out.quote.numerator = token_unit(structure.settings->native_decimals + out.scale.exponent);
    out.quote.denominator = *dollar_value;
}

bool differs(const Valuation& valuation, const Account& account, const AccruedMarket& other) {
    const auto ours = account_data(*valuation.accrued, account, State::stored);
    const auto theirs = account_data(other, account, State::stored);
    return ours.has_value() != theirs.has_value() || (ours && *ours != *theirs);
}

/// An entered cToken of which one counts otherwise by the other rounding; zero where there is none.
Address telling_market(const Valuation& valuation, const Account& account) {
    for (const Holding& holding : account.holdings) {
        const AccruedCToken* market = valuation.accrued->find(holding.market);
        if (!holding.entered || market == nullptr) continue;
        const auto differ = as_contract([&] {
            return collateral_of_one(Rounding::truncate, valuation.market, account, *market) !=
                   collateral_of_one(Rounding::half_up, valuation.market, account, *market);
        });
        if (differ && *differ) return market->market().address;
    }
    return {};
}

void look_at_accounts(const Ledger& ledger, Valuation& out) {
    Market other = out.market;
    other.rounding = other.rounding == Rounding::truncate ? Rounding::half_up : Rounding::truncate;
    const AccruedMarket other_accrued(other);
    const bool is_undecided = !ledger.structure().is_rounding_known;
    // With pools the hypothetical view judges by other factors.
    const bool can_be_asked = !ledger.structure().has_pools;
    const std::size_t accounts = ledger.accounts().size();
    Turn undecided(kMaxUndecided, out.round.at.number, accounts);
    Turn probes(kMaxProbes, out.round.at.number, accounts);
    std::size_t next_place = 0;
    ledger.accounts().for_each([&](const AccountView& view) {
        const std::size_t place = next_place++;
        const Account account = account_of(view);
        for (std::size_t i = 0; i < account.holdings.size(); ++i) {
            const Holding& holding = account.holdings[i];
            const AccruedCToken* market = out.accrued->find(holding.market);
            if (!holding.has_debt() || market == nullptr) continue;
            if (!view.holdings[i].is_exact) ++out.inexact;
            const auto sum = as_contract([&] {
                return out.known_borrows[holding.market] +
                       borrow_balance(holding.principal, holding.interest_index,
                                      market->borrow_index(State::stored))
                           .raw();
            });
            if (sum) out.known_borrows[holding.market] = *sum;
            ++out.borrowers[holding.market];
        }
        if (is_undecided && undecided.wants(place) && differs(out, account, other_accrued)) {
            undecided.add(place, view.address, {});
        }
        if (is_undecided && can_be_asked && probes.wants(place)) {
            const Address market = telling_market(out, account);
            if (!market.is_zero()) probes.add(place, view.address, market);
        }
    });
    out.samples = undecided.chosen();
    if (out.samples.empty()) out.samples = probes.chosen();
}

}  // namespace

Market market_of(const Structure& structure, const Round& round) {
    Market out;
    out.rounding = structure.rounding;
    out.clock = structure.clock;
    out.now = out.clock == AccrualClock::block ? round.at.number : round.at.time;
    out.skips_empty = structure.has_pools;
    out.close_factor = structure.close_factor;
    out.liquidation_incentive = structure.liquidation_incentive;
    out.pools = structure.pools;
    out.stable_index = round.stable_index;
    for (const auto& [id, entry] : structure.markets) {
        CToken& market = out.markets[id];
        market = entry.c_token;
        const auto read = round.markets.find(id);
        if (read == round.markets.end()) continue;
        market.is_readable = read->second.state.has_value();
        if (read->second.state) market.stored = *read->second.state;
        if (read->second.price) out.prices[id] = *read->second.price;
    }
    return out;
}

std::shared_ptr<const Valuation> make_valuation(const Ledger& ledger, Round round) {
    const Structure& structure = ledger.structure();
    auto out = std::make_shared<Valuation>();
    out->round = std::move(round);
    out->market = market_of(structure, out->round);
    out->accrued.emplace(out->market);
    set_scale(structure, *out);
    for (const auto& [id, entry] : structure.markets) {
        const auto read = out->round.markets.find(id);
        if (read == out->round.markets.end()) continue;
        std::string doubt = doubt_of(out->market, entry, read->second);
        if (doubt.empty()) {
            const MarketState& state = *read->second.state;
            out->stored[id] = {state.borrow_index, state.total_borrows};
            doubt = untold_of(entry, state);
        }
        if (doubt.empty() && entry.missed_from != 0) {
            doubt = "logs of it since block " + std::to_string(entry.missed_from) +
                    " were missing and did not all come yet";
        }
        if (doubt.empty() && read->second.price && !structure.can_tell_price(entry.c_token)) {
            doubt = "its token has " + std::to_string(entry.c_token.decimals) +
                    " decimals, more than its price can be told with";
        }
        if (doubt.empty() && is_second_native(structure, entry)) {
            doubt = "it answers no underlying(), nor does another market";
        }
        if (!doubt.empty()) out->doubts[id] = std::move(doubt);
    }
    look_at_accounts(ledger, *out);
    return out;
}

std::optional<BorrowCoverage> borrow_coverage(const Ledger& ledger, const Valuation& valuation,
                                              unsigned market) {
    const auto read = valuation.round.markets.find(market);
    if (read == valuation.round.markets.end() || !read->second.state) return std::nullopt;
    const MarketEntry& entry = ledger.structure().markets.at(market);
    const auto known = valuation.known_borrows.find(market);
    BorrowCoverage out;
    out.total = read->second.state->total_borrows;
    const U256 sum = known == valuation.known_borrows.end() ? U256(0) : known->second;
    const auto bound = as_contract([&] {
        // Each balance is rounded, and so may be the accrual to the block.
        const auto owing = valuation.borrowers.find(market);
        const std::size_t count = owing == valuation.borrowers.end() ? 0 : owing->second;
        return entry.rounding + out.total.raw() / kExpScale + U256(count) + 3U;
    });
    out.bound = bound.value_or(U256(0));
    const U256& total = out.total.raw();
    const U256 away = sum > total ? sum - total : total - sum;
    out.is_complete = away <= out.bound;
    out.is_above_total = sum > total && !out.is_complete;
    out.known = out.is_complete ? out.total : TokenAmount::from_raw(std::min(sum, total));
    return out;
}

std::uint64_t coverage_ppm(const Ledger& ledger, const Valuation& valuation) {
    constexpr std::uint64_t kAll = 1'000'000;
    bool is_complete = true;
    U1024 known = 0;
    U1024 total = 0;
    for (const auto& [id, market] : valuation.market.markets) {
        const auto coverage = borrow_coverage(ledger, valuation, id);
        if (!coverage) {
            is_complete = false;
            continue;
        }
        is_complete = is_complete && coverage->is_complete;
        const auto price = valuation.market.prices.find(id);
        if (price == valuation.market.prices.end()) continue;
        known += U1024(coverage->known.raw()) * U1024(price->second.raw());
        total += U1024(coverage->total.raw()) * U1024(price->second.raw());
    }
    if (is_complete) return kAll;
    if (total == 0) return 0;
    return std::min(static_cast<std::uint64_t>(known * kAll / total), kAll - 1);
}

Usd8 to_usd(const Valuation& valuation, const U256& value) {
    const U512 usd = U512(value) * U512(valuation.usd_numerator) / U512(valuation.usd_denominator);
    return Usd8::from_raw(usd > U512(u256_max()) ? u256_max() : static_cast<U256>(usd));
}

Usd8 usd_of(const Valuation& valuation, const TokenAmount& amount,
            const std::optional<OraclePrice>& price) {
    if (!price) return {};
    const U512 value = U512(amount.raw()) * U512(price->raw()) / U512(kExpScale);
    return to_usd(valuation, value > U512(u256_max()) ? u256_max() : static_cast<U256>(value));
}

}  // namespace plimsoll::protocols::compound_v2
