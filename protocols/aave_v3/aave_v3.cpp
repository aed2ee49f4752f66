#include "protocols/aave_v3/aave_v3.hpp"

#include "abi/codec.hpp"
#include "protocols/aave_v3/account_data.hpp"
#include "protocols/aave_v3/audit.hpp"
#include "protocols/aave_v3/ledger.hpp"
#include "protocols/aave_v3/liquidation_price.hpp"
#include "protocols/aave_v3/parameter_change.hpp"
#include "protocols/aave_v3/prices.hpp"
#include "protocols/aave_v3/records.hpp"
#include "protocols/aave_v3/report.hpp"
#include "protocols/aave_v3/seeding.hpp"
#include "protocols/aave_v3/trust.hpp"
#include "protocols/aave_v3/valuation.hpp"

#include <utility>

namespace plimsoll::protocols::aave_v3 {
namespace {

std::optional<AssetPrice> asset_price(const Structure& structure,
                                      const std::optional<OraclePrice>& price) {
    if (!price) return std::nullopt;
    return AssetPrice{*price, structure.price_decimals(), {}};
}

/// The seam's methods in terms of the ledger, its seeding, and the market at the last round's
/// block.
class AaveV3 final : public Protocol {
  public:
    explicit AaveV3(const AaveV3Settings& settings)
        : ledger_(settings.provider, settings.watched) {}

    std::unique_ptr<Protocol> clone() const override { return std::make_unique<AaveV3>(*this); }

    // ---- discovery
    LogFilter discovery_filter() const override {
        return {{ledger_.structure().contracts.pool}, {borrow_topic()}};
    }
    std::vector<Address> discover(const Log& log) override;
    void follow(std::span<const Address> accounts) override;

    // ---- the round
    LogFilter log_filter() const override { return ledger_.log_filter(); }
    void apply(const Log& log) override { ledger_.apply(log); }
    std::vector<Call> reads(std::size_t max_calls) override;
    Expected<void, ReadFault> accept_reads(std::span<const CallResult> results,
                                           const BlockRef& at) override {
        return seeding_.accept(ledger_, results, at);
    }
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
    std::vector<EModeReport> e_modes() const override;
    std::vector<PositionHealth> healths_without(const ParameterChange& change) const override;

    // ---- audit
    std::vector<Call> audit_reads(const PositionKey& key) const override {
        return audit_calls(ledger_.structure(), key.account);
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
    /// A price out of a round's results.
    /// What the oracle of now answers about that block was not what counted then.
    bool is_of_another_oracle(const BlockRef& at) const {
        return at.number < ledger_.structure().oracle_since;
    }
    std::optional<AssetPrice> price_in(const Address& token,
                                       std::span<const CallResult> prices) const;
    Book book() const { return {ledger_, *valuation_}; }

    Ledger ledger_;
    Seeding seeding_;
    /// None before the first round. Shared between copies; immutable.
    std::shared_ptr<const Valuation> valuation_;
};

std::vector<Address> AaveV3::discover(const Log& log) {
    if (log.address != ledger_.structure().contracts.pool) return {};
    const auto event = decode(log, Emitter::pool);
    if (!event || !*event) return {};
    const auto* borrowed = std::get_if<Borrowed>(&**event);
    if (borrowed == nullptr || borrowed->kind != EventKind::borrow) return {};
    return {borrowed->account};
}

void AaveV3::follow(std::span<const Address> accounts) {
    for (const Address& account : accounts) {
        if (!ledger_.accounts().find(account)) ledger_.owe_account(account);
    }
}

std::vector<Call> AaveV3::reads(std::size_t max_calls) {
    ledger_.settle();
    return seeding_.next(ledger_, max_calls);
}

Expected<void, ReadFault> AaveV3::accept_prices(std::span<const CallResult> results,
                                                const BlockRef& at) {
    auto round = decode_round(ledger_.structure(), results, at);
    if (!round) return Unexpected<ReadFault>{round.error()};
    ledger_.settle();
    valuation_ = make_valuation(ledger_, std::move(*round));
    for (const auto& [id, doubt] : valuation_->doubts) {
        ledger_.owe_reserve(valuation_->stored.reserves.at(id).asset);
    }
    for (const auto& [id, reserve] : valuation_->accrued.reserves) {
        const auto coverage = debt_coverage(ledger_, *valuation_, id);
        if (coverage && coverage->is_above_total) ledger_.owe_borrowers(id, at.number);
    }
    ledger_.owe_unread_revisions(at.number);
    return {};
}

void AaveV3::price_liquidation(Liquidation& event, std::span<const CallResult> prices) const {
    if (is_of_another_oracle(event.block)) return;
    event.collateral_price = price_in(event.collateral_token, prices);
    event.debt_price = price_in(event.debt_token, prices);
}

void AaveV3::price_activity(AccountEvent& event, std::span<const CallResult> prices) const {
    if (is_of_another_oracle(event.block)) return;
    event.price = price_in(event.token, prices);
}

std::optional<AssetPrice> AaveV3::price_in(const Address& token,
                                           std::span<const CallResult> prices) const {
    const Structure& structure = ledger_.structure();
    const ReserveState* reserve = structure.find(token);
    const auto round = decode_round(structure, prices, {});
    if (!round || reserve == nullptr) return std::nullopt;
    return asset_price(structure, round->reserves.at(reserve->stored.id).price);
}

void AaveV3::price_liquidation(Liquidation& event) const {
    if (is_of_another_oracle(event.block)) return;
    const Structure& structure = ledger_.structure();
    event.collateral_price = asset_price(structure, price(event.collateral_token));
    event.debt_price = asset_price(structure, price(event.debt_token));
}

void AaveV3::price_activity(AccountEvent& event) const {
    if (is_of_another_oracle(event.block)) return;
    event.price = asset_price(ledger_.structure(), price(event.token));
}

std::optional<std::uint64_t> AaveV3::coverage_ppm() const {
    if (!valuation_) return std::nullopt;
    return aave_v3::coverage_ppm(ledger_, *valuation_);
}

void AaveV3::for_each_position(const std::function<void(const PositionKey&)>& visit) const {
    ledger_.accounts().for_each([&](const AccountView& view) {
        visit(PositionKey{view.address, {}});
    });
}

std::optional<Account> AaveV3::account(const PositionKey& key) const {
    if (!key.market.is_zero()) return std::nullopt;
    const auto view = ledger_.accounts().find(key.account);
    return view ? std::optional(account_of(*view)) : std::nullopt;
}

PositionHealth AaveV3::health(const PositionKey& key) const {
    PositionHealth unknown;
    unknown.key = key;
    const auto found = account(key);
    return found && valuation_ ? position_health(book(), key, *found) : unknown;
}

std::optional<bool> AaveV3::liquidatable_at(const PositionKey& key, const AssetGroup& group,
                                            const OraclePrice& leader_price) const {
    const auto found = account(key);
    const auto reserves = reserves_of(ledger_.structure(), group);
    if (!found || !valuation_ || !reserves) return std::nullopt;
    return aave_v3::liquidatable_at(valuation_->accrued, *found,
                                    {reserves->leader, reserves->members}, leader_price);
}

Protocol::GroupExposure AaveV3::exposure(const PositionKey& key, const AssetGroup& group) const {
    const auto found = account(key);
    if (!found || !valuation_) return {};
    return group_exposure(book(), *found, group);
}

std::optional<OraclePrice> AaveV3::price(const Address& token) const {
    const ReserveState* reserve = ledger_.structure().find(token);
    if (reserve == nullptr || !valuation_) return std::nullopt;
    const auto& prices = valuation_->accrued.prices;
    const auto found = prices.find(reserve->stored.id);
    return found == prices.end() ? std::nullopt : std::optional(found->second);
}

PositionReport AaveV3::report(const PositionKey& key, std::span<const AssetGroup> groups,
                              const Wad& target) const {
    PositionReport unknown;
    unknown.health.key = key;
    const auto found = account(key);
    return found && valuation_ ? position_report(book(), key, *found, groups, target) : unknown;
}

std::vector<MarketReport> AaveV3::markets() const {
    return valuation_ ? market_reports(book()) : std::vector<MarketReport>{};
}

std::vector<EModeReport> AaveV3::e_modes() const {
    return valuation_ ? e_mode_reports(valuation_->accrued) : std::vector<EModeReport>{};
}

std::vector<PositionHealth> AaveV3::healths_without(const ParameterChange& change) const {
    if (!valuation_) return {};
    const auto market = market_in_thought(valuation_->accrued, change.before.get());
    if (!market) return {};
    const AccruedMarket prepared(*market);
    std::vector<PositionHealth> out;
    out.reserve(ledger_.accounts().size());
    ledger_.accounts().for_each([&](const AccountView& view) {
        out.push_back(position_health(ledger_.structure(), prepared, PositionKey{view.address, {}},
                                      account_of(view)));
    });
    return out;
}

std::vector<AuditDifference> AaveV3::audit(const PositionKey& key,
                                           std::span<const CallResult> results) const {
    const auto found = account(key);
    if (!found || !valuation_ || !valuation_->prepared) return {};
    return audit_differences(key, account_data(*valuation_->prepared, *found), results);
}

void AaveV3::reseed(std::span<const PositionKey> keys) {
    for (const PositionKey& key : keys) ledger_.owe_account(key.account);
    if (!keys.empty()) ledger_.owe_structure();
}

}  // namespace

std::unique_ptr<Protocol> make_aave_v3(const AaveV3Settings& settings) {
    return std::make_unique<AaveV3>(settings);
}

}  // namespace plimsoll::protocols::aave_v3
