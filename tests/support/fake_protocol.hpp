#pragma once

#include "protocols/common/protocol.hpp"
#include "protocols/common/supposition.hpp"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace plimsoll::test {

/// A lending protocol small enough to check by hand: every account has one position, a health
/// factor is sum(amount * price * threshold) / sum(debt * price), liquidatable strictly below 1.
/// All tokens have the same decimals. It answers questions; it applies no logs and reads nothing.
class FakeProtocol : public protocols::Protocol {
  public:
    struct Token {
        std::string symbol;
        Address address;
        U256 price = 0;  ///< 0: the oracle has none
        unsigned threshold_pct = 0;
    };
    struct Position {
        std::map<Address, U256> collateral;
        std::map<Address, U256> debt;
        bool computable = true;
    };

    unsigned decimals = 6;
    unsigned oracle_decimals = 8;
    std::vector<Token> tokens;
    std::map<Address, Position> positions;
    /// Nobody's threshold is another one in them.
    std::vector<protocols::EModeReport> categories;

    std::vector<protocols::PositionHealth> healths() const;

    // ---- questions
    protocols::PositionHealth health(const protocols::PositionKey& key) const override;
    std::optional<bool> liquidatable_at(const protocols::PositionKey& key,
                                        const protocols::AssetGroup& group,
                                        const OraclePrice& leader_price) const override;
    GroupExposure exposure(const protocols::PositionKey& key,
                           const protocols::AssetGroup& group) const override;
    std::optional<OraclePrice> price(const Address& token) const override;
    std::vector<protocols::MarketReport> markets() const override;
    std::vector<protocols::EModeReport> e_modes() const override { return categories; }
    bool has_position(const protocols::PositionKey& key) const override {
        return positions.contains(key.account);
    }
    std::size_t position_count() const override { return positions.size(); }
    void for_each_position(
        const std::function<void(const protocols::PositionKey&)>& visit) const override;

    // ---- nothing of these is used by the stages that only ask
    std::unique_ptr<Protocol> clone() const override {
        return std::make_unique<FakeProtocol>(*this);
    }
    protocols::LogFilter discovery_filter() const override { return {}; }
    std::vector<Address> discover(const protocols::Log&) override { return {}; }
    void follow(std::span<const Address>) override {}
    protocols::LogFilter log_filter() const override { return {}; }
    void apply(const protocols::Log&) override {}
    std::vector<protocols::Call> reads(std::size_t) override { return {}; }
    Expected<void, protocols::ReadFault> accept_reads(std::span<const protocols::CallResult>,
                                                      const BlockRef&) override {
        return {};
    }
    std::vector<protocols::Call> price_reads() const override { return {}; }
    Expected<void, protocols::ReadFault> accept_prices(std::span<const protocols::CallResult>,
                                                       const BlockRef&) override {
        return {};
    }
    protocols::LedgerEvents take_events() override { return {}; }
    void price_liquidation(protocols::Liquidation&) const override {}
    void price_liquidation(protocols::Liquidation&,
                           std::span<const protocols::CallResult>) const override {}
    void price_activity(protocols::AccountEvent&) const override {}
    void price_activity(protocols::AccountEvent&,
                        std::span<const protocols::CallResult>) const override {}
    std::vector<protocols::PositionHealth> healths_without(
        const protocols::ParameterChange& change) const override {
        const bool is_of_category = dynamic_cast<const protocols::SupposedCategoryThreshold*>(
                                        change.before.get()) != nullptr;
        return is_of_category ? healths() : std::vector<protocols::PositionHealth>{};
    }
    protocols::Trust trust() const override { return {}; }
    std::optional<std::uint64_t> coverage_ppm() const override { return 1'000'000; }
    protocols::PositionReport report(const protocols::PositionKey& key,
                                     std::span<const protocols::AssetGroup>,
                                     const Wad&) const override {
        protocols::PositionReport out;
        out.health = health(key);
        return out;
    }
    std::vector<protocols::Call> audit_reads(const protocols::PositionKey&) const override {
        return {};
    }
    std::vector<protocols::AuditDifference> audit(
        const protocols::PositionKey&, std::span<const protocols::CallResult>) const override {
        return {};
    }
    std::vector<protocols::PositionKey> last_read_at(BlockNumber) const override { return {}; }
    void reseed(std::span<const protocols::PositionKey>) override {}
    std::vector<protocols::Record> take_changed_records() override { return {}; }
    Expected<void, ParseError> load(std::span<const protocols::Record>) override { return {}; }

  private:
    using Prices = std::map<Address, U256>;
    Prices present_prices() const;
    const Token& token(const Address& address) const;
    U256 value(const std::map<Address, U256>& amounts, const Prices& prices) const;
    U256 weighted(const std::map<Address, U256>& amounts, const Prices& prices) const;
    bool is_liquidatable(const Position& position, const Prices& prices) const;
};

/// 0x00…0n.
Address address(std::uint64_t number);
/// A hash that says which block of which branch it is.
Bytes32 block_hash(std::uint64_t number, char branch = 'a');

}  // namespace plimsoll::test
