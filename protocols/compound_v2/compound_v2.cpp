#include "protocols/compound_v2/compound_v2.hpp"

#include "protocols/compound_v2/audit.hpp"
#include "protocols/compound_v2/ledger.hpp"
#include "protocols/compound_v2/parameter_change.hpp"
#include "protocols/compound_v2/prices.hpp"
#include "protocols/compound_v2/records.hpp"
#include "protocols/compound_v2/report.hpp"
#include "protocols/compound_v2/seeding.hpp"
#include "protocols/compound_v2/trust.hpp"
#include "protocols/compound_v2/valuation.hpp"

#include <utility>

namespace plimsoll::protocols::compound_v2 {
namespace {

/// The seam's methods in terms of the ledger, its seeding, and the markets at the last round's
/// block.
class CompoundV2 final : public Protocol {
  public:
    explicit CompoundV2(const CompoundV2Settings& settings) : ledger_(settings) {}

    std::unique_ptr<Protocol> clone() const override { return std::make_unique<CompoundV2>(*this); }

    // ---- discovery
    LogFilter discovery_filter() const override { return ledger_.discovery_filter(); }
    std::vector<Address> discover(const Log& log) override { return ledger_.discover(log); }
    std::vector<Record> take_discovered() override { return encode_discovered(ledger_); }
    Expected<void, ParseError> resume_discovery(std::span<const Record> records) override {
        return load_discovered(ledger_, records);
    }
    void follow(std::span<const Address> accounts) override;

    // ---- the round
    LogFilter log_filter() const override { return ledger_.log_filter(); }
    void apply(const Log& log) override { ledger_.apply(log); }
    std::optional<OwedLogs> owed_logs() const override { return ledger_.owed_logs(); }
    void accept_owed_logs(std::span<const Log> logs) override { ledger_.accept_owed_logs(logs); }
    std::vector<Call> reads(std::size_t max_calls) override;
    Expected<void, ReadFault> accept_reads(std::span<const CallResult> results,
                                           const BlockRef& at) override;
    std::vector<Call> price_reads() const override { return round_calls(ledger_.structure()); }
    Expected<void, ReadFault> accept_prices(std::span<const CallResult> results,
                                            const BlockRef& at) override;
    LedgerEvents take_events() override { return ledger_.take_events(); }
    void price_liquidation(Liquidation& event) const override;
    void price_liquidation(Liquidation& event, std::span<const CallResult> prices) const override;
    void price_activity(AccountEvent& event) const override;
    void price_activity(AccountEvent& event, std::span<const CallResult> prices) const override;

    // ---- questions
    Trust trust() const override { return trust_of(ledger_, valuation_.get()); }
    std::size_t position_count() const override { return ledger_.accounts().size(); }
    std::optional<std::uint64_t> coverage_ppm() const override;
    void for_each_position(const std::function<void(const PositionKey&)>& visit) const override;
    bool has_position(const PositionKey& key) const override { return account(key).has_value(); }
    PositionHealth health(const PositionKey& key) const override;
    std::optional<bool> liquidatable_at(const PositionKey& key, const AssetGroup& group,
                                        const OraclePrice& leader_price) const override;
    GroupExposure exposure(const PositionKey& key, const AssetGroup& group) const override;
    std::optional<OraclePrice> price(const Address& token) const override;
    PositionReport report(const PositionKey& key, std::span<const AssetGroup> groups,
                          const Wad& target) const override;
    std::vector<MarketReport> markets() const override;
    std::vector<PositionHealth> healths_without(const ParameterChange& change) const override;

    // ---- audit
    std::vector<Call> audit_reads(const PositionKey& key) const override {
        return {liquidity_call(ledger_.structure(), key.account)};
    }
    std::vector<AuditDifference> audit(const PositionKey& key,
                                       std::span<const CallResult> results) const override;
    std::vector<PositionKey> last_read_at(BlockNumber block) const override {
        return ledger_.last_read().at(block);
    }
    void reseed(std::span<const PositionKey> keys) override;

    // ---- persistence
    std::vector<Record> take_changed_records() override {
        const Changed changed = ledger_.take_changed();
        return encode_records(ledger_, changed);
    }
    Expected<void, ParseError> load(std::span<const Record> records) override {
        return load_records(ledger_, records);
    }

  private:
    /// The followed account of a key; none where it is not followed.
    std::optional<Account> account(const PositionKey& key) const;
    Book book() const { return {ledger_, *valuation_}; }
    /// The markets by `price_reads` made at another block; null: they do not decode.
    std::shared_ptr<const Valuation> valuation_at(std::span<const CallResult> prices,
                                                  const BlockRef& at) const;

    Ledger ledger_;
    Seeding seeding_;
    /// None before the first round. Shared between copies; immutable.
    std::shared_ptr<const Valuation> valuation_;
};

/// Accounts that owe nothing by the last event of every market are not read.
void CompoundV2::follow(std::span<const Address> accounts) {
    for (const Address& account : accounts) {
        const bool may_owe =
            ledger_.traces().contains(account) || ledger_.is_stable_minter(account);
        if (may_owe && !ledger_.accounts().find(account)) ledger_.owe_account(account);
    }
}

std::vector<Call> CompoundV2::reads(std::size_t max_calls) {
    ledger_.settle();
    return seeding_.next(ledger_, max_calls);
}

/// What the reads change counts at once where this round's prices are there already.
Expected<void, ReadFault> CompoundV2::accept_reads(std::span<const CallResult> results,
                                                   const BlockRef& at) {
    auto accepted = seeding_.accept(ledger_, results, at);
    if (!accepted) return accepted;
    const bool is_valued = valuation_ && valuation_->round.at == at &&
                           valuation_->market.markets.size() == ledger_.structure().markets.size();
    if (is_valued) valuation_ = make_valuation(ledger_, valuation_->round);
    return {};
}

Expected<void, ReadFault> CompoundV2::accept_prices(std::span<const CallResult> results,
                                                    const BlockRef& at) {
    auto round = decode_round(ledger_.structure(), results, at);
    if (!round) return Unexpected<ReadFault>{round.error()};
    ledger_.settle();
    ledger_.accept_scale(updated_scale(ledger_.structure(), *round));
    valuation_ = make_valuation(ledger_, std::move(*round));
    ledger_.owe_samples(valuation_->samples);
    ledger_.note_missed(valuation_->stored, at.number);
    return {};
}

void CompoundV2::price_liquidation(Liquidation& event) const {
    if (valuation_) price_event(ledger_.structure(), *valuation_, event);
}

void CompoundV2::price_liquidation(Liquidation& event, std::span<const CallResult> prices) const {
    const auto valuation = valuation_at(prices, event.block);
    if (valuation) price_event(ledger_.structure(), *valuation, event);
}

void CompoundV2::price_activity(AccountEvent& event) const {
    if (valuation_) price_event(ledger_.structure(), *valuation_, event);
}

void CompoundV2::price_activity(AccountEvent& event, std::span<const CallResult> prices) const {
    const auto valuation = valuation_at(prices, event.block);
    if (valuation) price_event(ledger_.structure(), *valuation, event);
}

std::shared_ptr<const Valuation> CompoundV2::valuation_at(std::span<const CallResult> prices,
                                                          const BlockRef& at) const {
    auto round = decode_round(ledger_.structure(), prices, at);
    return round ? make_valuation(ledger_, std::move(*round)) : nullptr;
}

std::optional<std::uint64_t> CompoundV2::coverage_ppm() const {
    if (!valuation_) return std::nullopt;
    return compound_v2::coverage_ppm(ledger_, *valuation_);
}

void CompoundV2::for_each_position(const std::function<void(const PositionKey&)>& visit) const {
    ledger_.accounts().for_each([&](const AccountView& view) {
        visit(PositionKey{view.address, {}});
    });
}

std::optional<Account> CompoundV2::account(const PositionKey& key) const {
    if (!key.market.is_zero()) return std::nullopt;
    const auto view = ledger_.accounts().find(key.account);
    return view ? std::optional(account_of(*view)) : std::nullopt;
}

PositionHealth CompoundV2::health(const PositionKey& key) const {
    PositionHealth unknown;
    unknown.key = key;
    const auto found = account(key);
    return found && valuation_ ? position_health(book(), key, *found) : unknown;
}

std::optional<bool> CompoundV2::liquidatable_at(const PositionKey& key, const AssetGroup& group,
                                                const OraclePrice& leader_price) const {
    const auto found = account(key);
    if (!found || !valuation_) return std::nullopt;
    const auto markets = markets_of(book(), group);
    if (!markets) return std::nullopt;
    return compound_v2::liquidatable_at(*valuation_->accrued, *found, markets->moving(),
                                        leader_price);
}

Protocol::GroupExposure CompoundV2::exposure(const PositionKey& key,
                                             const AssetGroup& group) const {
    const auto found = account(key);
    if (!found || !valuation_) return {};
    return group_exposure(book(), *found, group);
}

std::optional<OraclePrice> CompoundV2::price(const Address& token) const {
    if (!valuation_) return std::nullopt;
    const auto found = asset_price(*valuation_, ledger_.structure(), token);
    return found ? std::optional(found->price) : std::nullopt;
}

PositionReport CompoundV2::report(const PositionKey& key, std::span<const AssetGroup> groups,
                                  const Wad& target) const {
    PositionReport unknown;
    unknown.health.key = key;
    const auto found = account(key);
    return found && valuation_ ? position_report(book(), key, *found, groups, target) : unknown;
}

std::vector<MarketReport> CompoundV2::markets() const {
    return valuation_ ? market_reports(book()) : std::vector<MarketReport>{};
}

std::vector<PositionHealth> CompoundV2::healths_without(const ParameterChange& change) const {
    const auto* before = dynamic_cast<const ConfigurationBefore*>(change.before.get());
    const auto* supposed = dynamic_cast<const SupposedThreshold*>(change.before.get());
    if ((before == nullptr && supposed == nullptr) || !valuation_) return {};
    const Market market = before != nullptr ? market_without(valuation_->market, *before)
                                            : market_with(valuation_->market, *supposed);
    const AccruedMarket accrued(market);
    std::vector<PositionHealth> out;
    out.reserve(ledger_.accounts().size());
    ledger_.accounts().for_each([&](const AccountView& view) {
        out.push_back(
            position_health(*valuation_, accrued, PositionKey{view.address, {}}, account_of(view)));
    });
    return out;
}

std::vector<AuditDifference> CompoundV2::audit(const PositionKey& key,
                                               std::span<const CallResult> results) const {
    const auto found = account(key);
    if (!found || !valuation_) return {};
    return audit_differences(key, account_data(*valuation_->accrued, *found, State::stored),
                             results);
}

void CompoundV2::reseed(std::span<const PositionKey> keys) {
    for (const PositionKey& key : keys) ledger_.owe_account(key.account);
    if (!keys.empty()) ledger_.owe_structure();
}

}  // namespace

std::unique_ptr<Protocol> make_compound_v2(const CompoundV2Settings& settings) {
    return std::make_unique<CompoundV2>(settings);
}

}  // namespace plimsoll::protocols::compound_v2
