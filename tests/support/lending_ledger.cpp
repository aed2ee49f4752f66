#include "tests/support/lending_ledger.hpp"

#include "abi/hex.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::test {
namespace {

using protocols::Call;
using protocols::CallResult;
using protocols::Log;
using protocols::PositionKey;
using protocols::ReadFault;
using protocols::RecordReader;
using protocols::RecordWriter;

Unexpected<ReadFault> read_fault(const std::string& message) {
    return Unexpected<ReadFault>{ReadFault{message}};
}

std::string_view text_of(const Bytes& data) {
    return {reinterpret_cast<const char*>(data.data()), data.size()};
}

Address account_in(const Log& log) {
    Address out;
    std::copy(log.topics.at(1).bytes.begin() + 12, log.topics.at(1).bytes.end(), out.bytes.begin());
    return out;
}

std::optional<LendingEvent> event_in(const Log& log) {
    for (const auto event : {LendingEvent::borrow, LendingEvent::repay, LendingEvent::deposit,
                             LendingEvent::withdraw, LendingEvent::liquidation}) {
        if (log.topics.size() == 2 && log.topics.front() == topic_of(event)) return event;
    }
    return std::nullopt;
}

std::string account_key(const char* kind, const Address& account) {
    return kind + to_hex_digits(account.bytes);
}

/// False: more is taken than there is.
bool change(std::map<Address, U256>& amounts, const Address& token, const U256& amount, bool add) {
    U256& held = amounts[token];
    if (!add && held < amount) return false;
    held = add ? held + amount : held - amount;
    if (held == 0) amounts.erase(token);
    return true;
}

std::string text_of(const std::map<Address, U256>& amounts) {
    std::string out;
    for (const auto& [token, amount] : amounts) {
        out += " " + to_lower_hex(token).substr(38) + ":" + to_decimal(amount);
    }
    return out;
}

protocols::AccountAction action_of(LendingEvent event) {
    switch (event) {
        case LendingEvent::borrow:
            return protocols::AccountAction::borrow;
        case LendingEvent::repay:
            return protocols::AccountAction::repay;
        case LendingEvent::withdraw:
            return protocols::AccountAction::withdraw;
        default:
            return protocols::AccountAction::deposit;
    }
}

}  // namespace

void write_position(RecordWriter& out, const FakeProtocol::Position& position) {
    for (const auto* amounts : {&position.collateral, &position.debt}) {
        out.number(amounts->size());
        for (const auto& [token, amount] : *amounts) out.address(token).word(amount);
    }
}

FakeProtocol::Position read_position(RecordReader& in) {
    FakeProtocol::Position out;
    for (auto* amounts : {&out.collateral, &out.debt}) {
        for (std::uint64_t left = in.below(100); left > 0; --left) {
            const Address token = in.address();
            (*amounts)[token] = in.word();
        }
    }
    return out;
}

LendingLedger::LendingLedger(const Address& market, std::vector<Token> market_tokens)
    : market_(market) {
    tokens = std::move(market_tokens);
}

Call LendingLedger::call(LendingCall what, const Address& argument) const {
    RecordWriter out(kLendingVersion);
    out.number(static_cast<std::uint64_t>(what));
    if (what != LendingCall::revision) out.address(argument);
    const std::string bytes = std::move(out).take();
    return {market_, {bytes.begin(), bytes.end()}};
}

protocols::LogFilter LendingLedger::discovery_filter() const {
    return {{market_}, {topic_of(LendingEvent::borrow)}};
}

std::vector<Address> LendingLedger::discover(const Log& log) {
    if (log.address != market_ || event_in(log) != LendingEvent::borrow) return {};
    return {account_in(log)};
}

void LendingLedger::owe(const Address& account) {
    if (owed_.insert(account).second) changed_.insert(account_key("owed/", account));
}

void LendingLedger::follow(std::span<const Address> accounts) {
    for (const Address& account : accounts) {
        if (!is_followed(account)) owe(account);
    }
}

protocols::LogFilter LendingLedger::log_filter() const {
    protocols::LogFilter out{{market_}, {}};
    for (const auto event : {LendingEvent::borrow, LendingEvent::repay, LendingEvent::deposit,
                             LendingEvent::withdraw, LendingEvent::liquidation}) {
        out.topics.push_back(topic_of(event));
    }
    return out;
}

void LendingLedger::apply(const Log& log) {
    const auto event = event_in(log);
    if (log.address != market_ || !event) return;
    const Address account = account_in(log);
    tell(account, log, *event);
    if (!is_followed(account)) {
        if (*event == LendingEvent::borrow) owe(account);
        return;
    }
    if (log.block > read_at_.at(account)) move(account, log, *event);
}

void LendingLedger::tell(const Address& account, const Log& log, LendingEvent event) {
    RecordReader in(text_of(log.data), kLendingVersion);
    const BlockRef at{log.block, log.block_hash, {}, log.block_time};
    if (event == LendingEvent::liquidation) {
        protocols::Liquidation told;
        told.tx = log.tx;
        told.log_index = log.index;
        told.block = at;
        told.account = account;
        told.collateral_token = in.address();
        told.collateral = TokenAmount::from_raw(in.word());
        told.debt_token = in.address();
        told.debt = TokenAmount::from_raw(in.word());
        told.collateral_decimals = told.debt_decimals = decimals;
        events_.liquidations.push_back(std::move(told));
        return;
    }
    if (!watches_all) return;
    protocols::AccountEvent told;
    told.tx = log.tx;
    told.log_index = log.index;
    told.block = at;
    told.action = action_of(event);
    told.account = account;
    told.token = in.address();
    told.amount = TokenAmount::from_raw(in.word());
    told.decimals = decimals;
    events_.activity.push_back(std::move(told));
}

void LendingLedger::move(const Address& account, const Log& log, LendingEvent event) {
    RecordReader in(text_of(log.data), kLendingVersion);
    const Address token = in.address();
    const U256 amount = in.word();
    Position& position = positions[account];
    bool fits = true;
    switch (event) {
        case LendingEvent::borrow:
        case LendingEvent::repay:
            fits = change(position.debt, token, amount, event == LendingEvent::borrow);
            break;
        case LendingEvent::deposit:
        case LendingEvent::withdraw:
            fits = change(position.collateral, token, amount, event == LendingEvent::deposit);
            break;
        case LendingEvent::liquidation: {
            const Address debt = in.address();
            fits = change(position.collateral, token, amount, false) &&
                   change(position.debt, debt, in.word(), false);
            break;
        }
    }
    if (!fits) owe(account);
    changed_.insert(account_key("account/", account));
}

/// Forgets accounts whose debt is gone.
void LendingLedger::settle() {
    for (auto one = positions.begin(); one != positions.end();) {
        if (!one->second.debt.empty() || owed_.contains(one->first)) {
            ++one;
            continue;
        }
        changed_.insert(account_key("account/", one->first));
        read_at_.erase(one->first);
        one = positions.erase(one);
    }
}

std::vector<Call> LendingLedger::reads(std::size_t max_calls) {
    settle();
    asked_.clear();
    if (!revision_) return {call(LendingCall::revision)};
    std::vector<Call> out;
    for (const Address& account : owed_) {
        if (out.size() == std::max<std::size_t>(1, std::min<std::size_t>(max_calls, 3))) break;
        asked_.push_back(account);
        out.push_back(call(LendingCall::position, account));
    }
    return out;
}

Expected<void, ReadFault> LendingLedger::accept_reads(std::span<const CallResult> results,
                                                      const BlockRef& at) {
    if (results.size() != std::max<std::size_t>(asked_.size(), 1)) {
        return read_fault("as many results as calls were expected");
    }
    if (asked_.empty()) {
        RecordReader in(text_of(results.front().data), kLendingVersion);
        const std::uint64_t revision = in.number();
        if (!results.front().success || !in.finish().empty()) {
            return read_fault("revision: does not decode");
        }
        if (revision > kNewestRevision) {
            return read_fault("revision " + std::to_string(revision) + " is not known");
        }
        revision_ = revision;
        changed_.insert("market");
        return {};
    }
    std::vector<Position> read;
    for (const CallResult& result : results) {
        RecordReader in(text_of(result.data), kLendingVersion);
        read.push_back(read_position(in));
        if (!result.success || !in.finish().empty()) return read_fault("position: does not decode");
    }
    for (std::size_t i = 0; i < read.size(); ++i) {
        const Address& account = asked_[i];
        owed_.erase(account);
        positions[account] = std::move(read[i]);
        read_at_[account] = at.number;
        last_read_.add(account, at.number);
        changed_.insert(account_key("owed/", account));
        changed_.insert(account_key("account/", account));
    }
    settle();
    return {};
}

std::vector<Call> LendingLedger::price_reads() const {
    std::vector<Call> out;
    for (const Token& token : tokens) out.push_back(call(LendingCall::price, token.address));
    return out;
}

Expected<void, ReadFault> LendingLedger::accept_prices(std::span<const CallResult> results,
                                                       const BlockRef&) {
    if (results.size() != tokens.size()) return read_fault("prices: too few");
    std::vector<U256> prices;
    for (const CallResult& result : results) {
        RecordReader in(text_of(result.data), kLendingVersion);
        prices.push_back(in.word());
        if (!result.success || !in.finish().empty()) return read_fault("price: does not decode");
    }
    for (std::size_t i = 0; i < prices.size(); ++i) tokens[i].price = prices[i];
    is_priced_ = true;
    settle();
    return {};
}

void LendingLedger::price_liquidation(protocols::Liquidation& event) const {
    const auto priced = [this](const Address& token) -> std::optional<protocols::AssetPrice> {
        const auto known = price(token);
        if (!known) return std::nullopt;
        return protocols::AssetPrice{*known, oracle_decimals, {}};
    };
    event.collateral_price = priced(event.collateral_token);
    event.debt_price = priced(event.debt_token);
}

void LendingLedger::price_liquidation(protocols::Liquidation& event,
                                      std::span<const CallResult> prices) const {
    for (std::size_t i = 0; i < tokens.size() && i < prices.size(); ++i) {
        RecordReader in(text_of(prices[i].data), kLendingVersion);
        const protocols::AssetPrice price{OraclePrice::from_raw(in.word()), oracle_decimals, {}};
        if (event.collateral_token == tokens[i].address) event.collateral_price = price;
        if (event.debt_token == tokens[i].address) event.debt_price = price;
    }
}

void LendingLedger::price_activity(protocols::AccountEvent& event) const {
    const auto known = price(event.token);
    if (known) event.price = protocols::AssetPrice{*known, oracle_decimals, {}};
}

void LendingLedger::price_activity(protocols::AccountEvent& event,
                                   std::span<const CallResult> prices) const {
    for (std::size_t i = 0; i < tokens.size() && i < prices.size(); ++i) {
        RecordReader in(text_of(prices[i].data), kLendingVersion);
        const protocols::AssetPrice price{OraclePrice::from_raw(in.word()), oracle_decimals, {}};
        if (event.token == tokens[i].address) event.price = price;
    }
}

protocols::PositionHealth LendingLedger::health(const PositionKey& key) const {
    protocols::PositionHealth unknown;
    unknown.key = key;
    return is_priced_ ? FakeProtocol::health(key) : unknown;
}

std::vector<Call> LendingLedger::audit_reads(const PositionKey& key) const {
    return {call(LendingCall::position, key.account)};
}

std::vector<protocols::AuditDifference> LendingLedger::audit(
    const PositionKey& key, std::span<const CallResult> results) const {
    RecordReader in(text_of(results.front().data), kLendingVersion);
    const Position contract = read_position(in);
    const Position& ours = positions.at(key.account);
    std::vector<protocols::AuditDifference> out;
    if (contract.debt != ours.debt) {
        out.push_back({key, "debt", text_of(ours.debt), text_of(contract.debt)});
    }
    if (contract.collateral != ours.collateral) {
        out.push_back({key, "collateral", text_of(ours.collateral), text_of(contract.collateral)});
    }
    return out;
}

void LendingLedger::reseed(std::span<const PositionKey> keys) {
    for (const PositionKey& key : keys) owe(key.account);
    revision_.reset();
}

std::vector<protocols::Record> LendingLedger::take_changed_records() {
    std::vector<protocols::Record> out;
    for (const std::string& key : std::exchange(changed_, {})) {
        protocols::Record& record = out.emplace_back();
        record.key = key;
        RecordWriter value(kLendingVersion);
        if (key == "market") {
            value.optional(revision_);
            record.value = std::move(value).take();
            continue;
        }
        const Address account = *parse_address("0x" + key.substr(key.find('/') + 1));
        if (key.starts_with("owed/")) {
            if (owed_.contains(account)) record.value = std::move(value).take();
        } else if (is_followed(account)) {
            value.number(read_at_.at(account));
            write_position(value, positions.at(account));
            record.value = std::move(value).take();
        }
    }
    return out;
}

Expected<void, ParseError> LendingLedger::load(std::span<const protocols::Record> records) {
    bool has_market = false;
    for (const protocols::Record& record : records) {
        RecordReader in(*record.value, kLendingVersion);
        if (record.key == "market") {
            has_market = true;
            revision_ = in.optional();
        } else {
            const auto slash = record.key.find('/');
            const Address account = *parse_address("0x" + record.key.substr(slash + 1));
            if (record.key.starts_with("owed/")) {
                owed_.insert(account);
            } else {
                read_at_[account] = in.number();
                positions[account] = read_position(in);
            }
        }
        if (const std::string fault = in.finish(); !fault.empty()) {
            return parse_error(record.key + ": " + fault);
        }
    }
    changed_.clear();
    if (!has_market) return parse_error("the market's record is missing");
    return {};
}

std::string LendingLedger::text() const {
    std::string out;
    for (const auto& [account, position] : positions) {
        out += to_lower_hex(account).substr(36) + " has" + text_of(position.collateral) + " owes" +
               text_of(position.debt) + "\n";
    }
    return out;
}

}  // namespace plimsoll::test
