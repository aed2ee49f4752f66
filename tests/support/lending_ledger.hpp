#pragma once

#include "protocols/common/last_read.hpp"
#include "protocols/common/record_bytes.hpp"
#include "tests/support/fake_protocol.hpp"
#include "tests/support/lending_chain.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace plimsoll::test {

inline constexpr std::uint64_t kLendingVersion = 1;
/// Newest revision of the market that the ledger understands.
inline constexpr std::uint64_t kNewestRevision = 2;

enum class LendingCall : std::uint8_t { revision, price, position };
void write_position(protocols::RecordWriter& out, const FakeProtocol::Position& position);
FakeProtocol::Position read_position(protocols::RecordReader& in);

/// The ledger of a market on a `LendingChain`: positions move by the amounts that logs tell, so a
/// log applied twice, left out or out of order shows. Keeps every rule of `Protocol` that real
/// kinds keep: seeds at a block, older logs ignored, reads owed in stages.
class LendingLedger final : public FakeProtocol {
  public:
    LendingLedger(const Address& market, std::vector<Token> market_tokens);

    bool watches_all = false;  ///< tells what accounts do

    std::unique_ptr<Protocol> clone() const override {
        return std::make_unique<LendingLedger>(*this);
    }
    protocols::LogFilter discovery_filter() const override;
    std::vector<Address> discover(const protocols::Log& log) override;
    void follow(std::span<const Address> accounts) override;
    protocols::LogFilter log_filter() const override;
    void apply(const protocols::Log& log) override;
    std::vector<protocols::Call> reads(std::size_t max_calls) override;
    Expected<void, protocols::ReadFault> accept_reads(
        std::span<const protocols::CallResult> results, const BlockRef& at) override;
    std::vector<protocols::Call> price_reads() const override;
    Expected<void, protocols::ReadFault> accept_prices(
        std::span<const protocols::CallResult> results, const BlockRef& at) override;
    protocols::LedgerEvents take_events() override { return std::exchange(events_, {}); }
    void price_liquidation(protocols::Liquidation& event) const override;
    void price_liquidation(protocols::Liquidation& event,
                           std::span<const protocols::CallResult> prices) const override;
    void price_activity(protocols::AccountEvent& event) const override;
    void price_activity(protocols::AccountEvent& event,
                        std::span<const protocols::CallResult> prices) const override;
    protocols::PositionHealth health(const protocols::PositionKey& key) const override;
    std::vector<protocols::Call> audit_reads(const protocols::PositionKey& key) const override;
    std::vector<protocols::AuditDifference> audit(
        const protocols::PositionKey& key,
        std::span<const protocols::CallResult> results) const override;
    std::vector<protocols::PositionKey> last_read_at(BlockNumber block) const override {
        return last_read_.at(block);
    }
    void reseed(std::span<const protocols::PositionKey> keys) override;
    std::vector<protocols::Record> take_changed_records() override;
    Expected<void, ParseError> load(std::span<const protocols::Record> records) override;

    /// Everything it holds, for comparison.
    std::string text() const;

  private:
    bool is_followed(const Address& account) const { return read_at_.contains(account); }
    protocols::Call call(LendingCall what, const Address& argument = {}) const;
    void owe(const Address& account);
    void tell(const Address& account, const protocols::Log& log, LendingEvent event);
    void move(const Address& account, const protocols::Log& log, LendingEvent event);
    void settle();

    Address market_;
    std::optional<std::uint64_t> revision_;
    protocols::LastRead last_read_;
    std::map<Address, BlockNumber> read_at_;  ///< of every followed account
    std::set<Address> owed_;
    std::vector<Address> asked_;  ///< by the last `reads`; empty: the revision
    bool is_priced_ = false;
    protocols::LedgerEvents events_;
    std::set<std::string> changed_;
};

}  // namespace plimsoll::test
