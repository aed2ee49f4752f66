#include "tests/support/lending_chain.hpp"

#include "protocols/common/record_bytes.hpp"
#include "tests/support/lending_ledger.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::test {
namespace {

using chain::Fault;
using chain::FaultKind;
using protocols::RecordReader;
using protocols::RecordWriter;

Unexpected<Fault> fail(FaultKind kind, const std::string& message) {
    return Unexpected<Fault>{Fault{kind, message}};
}

Bytes to_bytes(const std::string& text) { return {text.begin(), text.end()}; }

Bytes amount_of(const Address& token, const U256& amount) {
    RecordWriter out(kLendingVersion);
    out.address(token).word(amount);
    return to_bytes(std::move(out).take());
}

void subtract(std::map<Address, U256>& amounts, const Address& token, const U256& amount) {
    amounts[token] -= amount;
    if (amounts[token] == 0) amounts.erase(token);
}

}  // namespace

Bytes32 topic_of(LendingEvent event) {
    Bytes32 out;
    out.bytes.front() = 0xee;
    out.bytes.back() = static_cast<std::uint8_t>(event);
    return out;
}

protocols::CallResult MarketState::answer(const Bytes& data) const {
    if (!has_code) return {true, {}};
    RecordReader in(std::string_view(reinterpret_cast<const char*>(data.data()), data.size()),
                    kLendingVersion);
    RecordWriter out(kLendingVersion);
    switch (static_cast<LendingCall>(in.number())) {
        case LendingCall::revision:
            out.number(revision);
            break;
        case LendingCall::price: {
            const auto found = prices.find(in.address());
            if (found == prices.end()) return {false, {}};
            out.word(found->second);
            break;
        }
        case LendingCall::position: {
            const auto found = positions.find(in.address());
            write_position(out,
                           found == positions.end() ? FakeProtocol::Position{} : found->second);
            break;
        }
    }
    return {true, to_bytes(std::move(out).take())};
}

LendingChain::LendingChain(BlockTime genesis_time) {
    next_.ref = {0, block_hash(0), {}, genesis_time};
    mine();
}

void LendingChain::log(const Address& market, std::uint64_t account, LendingEvent event,
                       Bytes data) {
    protocols::Log log;
    log.address = market;
    Bytes32 who;
    const Address user = address(account);
    std::copy(user.bytes.begin(), user.bytes.end(), who.bytes.begin() + 12);
    log.topics = {topic_of(event), who};
    log.data = std::move(data);
    log.tx = block_hash(++transactions_, 't');
    log.index = static_cast<std::uint32_t>(next_.logs.size());
    next_.logs.push_back(std::move(log));
}

void LendingChain::deposit(const Address& market, std::uint64_t account, const Address& token,
                           U256 amount) {
    next_.markets[market].positions[address(account)].collateral[token] += amount;
    log(market, account, LendingEvent::deposit, amount_of(token, amount));
}

void LendingChain::withdraw(const Address& market, std::uint64_t account, const Address& token,
                            U256 amount) {
    subtract(next_.markets[market].positions[address(account)].collateral, token, amount);
    log(market, account, LendingEvent::withdraw, amount_of(token, amount));
}

void LendingChain::borrow(const Address& market, std::uint64_t account, const Address& token,
                          U256 amount) {
    next_.markets[market].positions[address(account)].debt[token] += amount;
    log(market, account, LendingEvent::borrow, amount_of(token, amount));
}

void LendingChain::repay(const Address& market, std::uint64_t account, const Address& token,
                         U256 amount) {
    subtract(next_.markets[market].positions[address(account)].debt, token, amount);
    log(market, account, LendingEvent::repay, amount_of(token, amount));
}

void LendingChain::liquidate(const Address& market, std::uint64_t account,
                             const Address& collateral, U256 seized, const Address& debt,
                             U256 repaid) {
    FakeProtocol::Position& position = next_.markets[market].positions[address(account)];
    subtract(position.collateral, collateral, seized);
    subtract(position.debt, debt, repaid);
    RecordWriter data(kLendingVersion);
    data.address(collateral).word(seized).address(debt).word(repaid);
    log(market, account, LendingEvent::liquidation, to_bytes(std::move(data).take()));
}

/// The same in every run, and another one for every fork.
void LendingChain::begin_next() {
    const BlockRef head = blocks_.back().ref;
    next_.logs.clear();
    next_.ref = {head.number + 1, block_hash(head.number + 1), head.hash, head.time + 12};
    for (unsigned i = 0; i < 4; ++i) {
        next_.ref.hash.bytes.at(1 + i) = static_cast<std::uint8_t>(fork_ >> (8 * i));
    }
}

BlockRef LendingChain::mine(unsigned count) {
    for (; count > 0; --count) {
        for (protocols::Log& log : next_.logs) {
            log.block = next_.ref.number;
            log.block_hash = next_.ref.hash;
            log.block_time = next_.ref.time;
        }
        blocks_.push_back(next_);
        begin_next();
    }
    return head();
}

void LendingChain::cut(unsigned count) {
    ++fork_;
    blocks_.resize(blocks_.size() - count);
    next_.markets = blocks_.back().markets;
    begin_next();
}

bool LendingChain::has(const BlockRef& block) const {
    return block.number < blocks_.size() && blocks_[block.number].ref.hash == block.hash;
}

// ---- the source

void LendingSource::fail_at(std::size_t n, FaultKind kind) {
    fault = [left = n, kind](const std::string& call) mutable -> std::optional<Fault> {
        if (left-- != 0) return std::nullopt;
        return Fault{kind, "injected at " + call};
    };
}

std::size_t LendingSource::count(const std::string& prefix) const {
    return static_cast<std::size_t>(
        std::count_if(calls.begin(), calls.end(),
                      [&](const std::string& call) { return call.starts_with(prefix); }));
}

std::optional<Fault> LendingSource::enter(const std::string& call) {
    calls.push_back(call);
    return fault ? fault(call) : std::nullopt;
}

BlockNumber LendingSource::head_number() const {
    const BlockNumber newest = chain_->head().number;
    return head_at ? std::min(*head_at, newest) : newest;
}

LendingSource::Answer<void> LendingSource::connect() {
    if (auto failed = enter("connect")) return Unexpected<Fault>{*failed};
    return {};
}

LendingSource::Answer<BlockRef> LendingSource::head() {
    if (auto failed = enter("head")) return Unexpected<Fault>{*failed};
    return chain_->at(head_number()).ref;
}

LendingSource::Answer<BlockRef> LendingSource::final_block(const chain::Finality& asked,
                                                           const BlockRef& head) {
    const bool is_safe = asked.kind == chain::Finality::Kind::safe;
    if (auto failed = enter(is_safe ? "safe" : "final")) return Unexpected<Fault>{*failed};
    if (!has_final) return fail(FaultKind::unsupported, "no such tag");
    if (is_safe) return chain_->at(head.number - std::min(head.number, safety)).ref;
    const BlockNumber number =
        std::min(final_at.value_or(head.number - std::min(head.number, finality)), head.number);
    return chain_->at(number).ref;
}

LendingSource::Answer<std::optional<BlockRef>> LendingSource::block_at(BlockNumber number) {
    if (auto failed = enter("block " + std::to_string(number))) return Unexpected<Fault>{*failed};
    if (number > head_number()) return std::optional<BlockRef>();
    return std::optional(chain_->at(number).ref);
}

LendingSource::Answer<std::vector<BlockRef>> LendingSource::blocks(BlockNumber first,
                                                                   BlockNumber last) {
    const std::string what = "blocks " + std::to_string(first) + " " + std::to_string(last);
    if (auto failed = enter(what)) return Unexpected<Fault>{*failed};
    if (first > last || last - first >= 1024) return fail(FaultKind::bad_request, what);
    if (last > head_number()) return fail(FaultKind::lag_or_reorg, "no block so high");
    std::vector<BlockRef> out;
    for (BlockNumber number = first; number <= last; ++number) {
        out.push_back(chain_->at(number).ref);
    }
    return out;
}

void LendingSource::collect(const LendingChain::Block& block, const protocols::LogFilter& filter,
                            std::vector<protocols::Log>& out) const {
    const auto among = [](const auto& list, const auto& one) {
        return std::find(list.begin(), list.end(), one) != list.end();
    };
    if (withheld.contains(block.ref.number)) return;
    for (const protocols::Log& log : block.logs) {
        if (among(filter.addresses, log.address) && among(filter.topics, log.topics.front())) {
            out.push_back(log);
        }
    }
}

LendingSource::Answer<std::vector<protocols::Log>> LendingSource::logs_of(
    const BlockRef& block, const protocols::LogFilter& filter) {
    if (auto failed = enter("logs of " + std::to_string(block.number))) {
        return Unexpected<Fault>{*failed};
    }
    if (!chain_->has(block)) return fail(FaultKind::lag_or_reorg, "unknown block");
    std::vector<protocols::Log> out;
    collect(chain_->at(block.number), filter, out);
    return out;
}

LendingSource::Answer<chain::Source::RangeLogs> LendingSource::logs_in(
    BlockNumber from, BlockNumber to, const protocols::LogFilter& filter, bool with_time) {
    const std::string what = "logs " + std::to_string(from) + " " + std::to_string(to);
    if (auto failed = enter(what)) return Unexpected<Fault>{*failed};
    if (from > to || to > head_number()) return fail(FaultKind::bad_request, what);
    RangeLogs out;
    out.last = std::min(to, from + most_range - 1);
    for (BlockNumber number = from; number <= out.last; ++number) {
        collect(chain_->at(number), filter, out.logs);
    }
    if (!with_time) {
        for (protocols::Log& log : out.logs) log.block_time = 0;
    }
    return out;
}

LendingSource::Answer<const LendingChain::Block*> LendingSource::state_at(
    const BlockRef& at) const {
    if (!chain_->has(at) || at.number > head_number()) {
        return fail(FaultKind::lag_or_reorg, "unknown block");
    }
    if (head_number() - at.number >= (only_head ? 1 : states_kept)) {
        return fail(FaultKind::missing_state, "the state is gone");
    }
    return &chain_->at(at.number);
}

LendingSource::Answer<std::vector<protocols::CallResult>> LendingSource::read(
    std::span<const protocols::Call> calls_at, const BlockRef& at) {
    if (auto failed = enter("read " + std::to_string(at.number))) {
        return Unexpected<Fault>{*failed};
    }
    const auto block = state_at(at);
    if (!block) return Unexpected<Fault>{block.error()};
    const bool is_stray = strays.contains(reads_++);
    const auto& markets = is_stray ? chain_->at(at.number + 1).markets : (*block)->markets;
    std::vector<protocols::CallResult> out;
    for (const protocols::Call& call : calls_at) {
        const auto market = markets.find(call.to);
        const bool is_there = market != markets.end();
        out.push_back(is_there ? market->second.answer(call.data)
                               : protocols::CallResult{true, {}});
    }
    return out;
}

LendingSource::Answer<std::vector<bool>> LendingSource::has_code(std::span<const Address> addresses,
                                                                 const BlockRef& at) {
    if (auto failed = enter("code " + std::to_string(at.number))) {
        return Unexpected<Fault>{*failed};
    }
    const auto block = state_at(at);
    if (!block) return Unexpected<Fault>{block.error()};
    std::vector<bool> out;
    for (const Address& one : addresses) {
        const auto market = (*block)->markets.find(one);
        out.push_back(market != (*block)->markets.end() && market->second.has_code);
    }
    return out;
}

}  // namespace plimsoll::test
