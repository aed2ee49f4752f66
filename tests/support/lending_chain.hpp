#pragma once

#include "daemon/chain/source.hpp"
#include "tests/support/fake_protocol.hpp"

#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace plimsoll::test {

/// What the contract of one lending market holds at the end of a block.
struct MarketState {
    std::map<Address, FakeProtocol::Position> positions;
    std::map<Address, U256> prices;  ///< by token
    std::uint64_t revision = 1;
    bool has_code = true;

    /// Answers a call as `LendingLedger` asks it; without code nothing, successfully.
    protocols::CallResult answer(const Bytes& data) const;
};

/// The logs of a market. Their data says token, amount and, where a liquidation repays debt, the
/// debt's token and amount.
enum class LendingEvent : std::uint8_t { borrow = 1, repay, deposit, withdraw, liquidation };
Bytes32 topic_of(LendingEvent event);

/// A chain of blocks with markets on it, to be mined, cut and mined otherwise. Actions change the
/// block that is mined next. A value: a copy is another fork.
class LendingChain {
  public:
    struct Block {
        BlockRef ref;
        std::vector<protocols::Log> logs;
        std::map<Address, MarketState> markets;
    };

    /// Blocks are 12 seconds apart and begin here.
    explicit LendingChain(BlockTime genesis_time = 1'700'000'000);

    MarketState& market(const Address& address) { return next_.markets[address]; }
    void deposit(const Address& market, std::uint64_t account, const Address& token, U256 amount);
    void withdraw(const Address& market, std::uint64_t account, const Address& token, U256 amount);
    void borrow(const Address& market, std::uint64_t account, const Address& token, U256 amount);
    void repay(const Address& market, std::uint64_t account, const Address& token, U256 amount);
    void liquidate(const Address& market, std::uint64_t account, const Address& collateral,
                   U256 seized, const Address& debt, U256 repaid);
    /// The node forgets the log of the last action.
    void lose_log() { next_.logs.pop_back(); }
    /// The last action is that transaction: the same may lie on several forks.
    void as_transaction(std::uint64_t number) { next_.logs.back().tx = block_hash(number, 'T'); }

    BlockRef mine(unsigned count = 1);
    /// Drops the newest blocks; those mined next have other hashes.
    void cut(unsigned count);

    const BlockRef& head() const { return blocks_.back().ref; }
    const Block& at(BlockNumber number) const { return blocks_.at(number); }
    bool has(const BlockRef& block) const;
    const std::vector<Block>& blocks() const { return blocks_; }
    const std::vector<protocols::Log>& next_logs() const { return next_.logs; }

  private:
    void begin_next();
    void log(const Address& market, std::uint64_t account, LendingEvent event, Bytes data);

    std::vector<Block> blocks_;
    Block next_;
    unsigned fork_ = 0;
    std::uint64_t transactions_ = 0;
};

/// A source over such a chain that fails on demand.
class LendingSource final : public chain::Source {
  public:
    template <class T>
    using Answer = Expected<T, chain::Fault>;

    explicit LendingSource(const LendingChain& chain) : chain_(&chain) {}
    void use(const LendingChain& chain) { chain_ = &chain; }

    // How it behaves; change at will.
    BlockNumber finality = 8;             ///< blocks below the head that are final
    std::optional<BlockNumber> final_at;  ///< in place of it
    BlockNumber safety = 4;               ///< blocks below the head that are safe
    bool has_final = true;
    std::optional<BlockNumber> head_at;  ///< the node stands still there
    BlockNumber states_kept = std::numeric_limits<BlockNumber>::max();  ///< blocks with state
    bool only_head = false;                                             ///< ... that of the head
    std::set<BlockNumber> withheld;  ///< blocks whose logs are not there yet
    std::size_t most_reads = 4'000;
    BlockNumber most_range = 1'000'000;  ///< of one step of logs
    /// Asked before every call by its name and what it is about, such as "logs 5 9".
    std::function<std::optional<chain::Fault>(const std::string& call)> fault;
    /// Reads, counted from 0, that are answered from the state of the block after the one asked
    /// for, as a node does that is just making that block.
    std::set<std::size_t> strays;
    std::string dispute;  ///< who contradicts whom, if somebody does
    std::vector<std::string> calls;
    BlockNumber expected = 0;  ///< as told by `expect_head`

    /// The n-th call from now on fails, counted from 0.
    void fail_at(std::size_t n, chain::FaultKind kind = chain::FaultKind::transient);
    void fail_never() { fault = nullptr; }
    std::size_t count(const std::string& prefix) const;
    /// `strays` counts from now on.
    void stray_at(std::set<std::size_t> reads) {
        strays = std::move(reads);
        reads_ = 0;
    }

    Answer<void> connect() override;
    void expect_head(BlockNumber known) override { expected = known; }
    Answer<BlockRef> head() override;
    Answer<BlockRef> final_block(const chain::Finality& finality, const BlockRef& head) override;
    Answer<std::optional<BlockRef>> block_at(BlockNumber number) override;
    Answer<std::vector<BlockRef>> blocks(BlockNumber first, BlockNumber last) override;
    Answer<std::vector<protocols::Log>> logs_of(const BlockRef& block,
                                                const protocols::LogFilter& filter) override;
    Answer<RangeLogs> logs_in(BlockNumber from, BlockNumber to, const protocols::LogFilter& filter,
                              bool with_time) override;
    Answer<std::vector<protocols::CallResult>> read(std::span<const protocols::Call> calls,
                                                    const BlockRef& at) override;
    Answer<std::vector<bool>> has_code(std::span<const Address> addresses,
                                       const BlockRef& at) override;
    bool keeps_only_head() const override { return only_head; }
    std::size_t read_limit() const override { return most_reads; }
    /// One that is contradicted, while there is a dispute.
    std::vector<chain::EndpointStatus> endpoints() const override {
        if (dispute.empty()) return {};
        chain::EndpointStatus one;
        one.alias = "one";
        one.state = "disagrees";
        one.last_error = dispute;
        return {one};
    }
    std::uint64_t requests() const override { return calls.size(); }
    void cancel() override {}

  private:
    std::optional<chain::Fault> enter(const std::string& call);
    Answer<const LendingChain::Block*> state_at(const BlockRef& at) const;
    BlockNumber head_number() const;
    void collect(const LendingChain::Block& block, const protocols::LogFilter& filter,
                 std::vector<protocols::Log>& out) const;

    const LendingChain* chain_;
    std::size_t reads_ = 0;
};

}  // namespace plimsoll::test
