#pragma once

#include "abi/codec.hpp"
#include "protocols/aave_v3/events.hpp"
#include "protocols/aave_v3/model.hpp"
#include "protocols/common/log.hpp"
#include "protocols/common/protocol.hpp"
#include "tests/protocols/aave_v3/vector_files.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace plimsoll::protocols::aave_v3 {

/// A token of the fake market: balances as the contract keeps them, and its event rules.
struct FakeToken {
    Address address;
    bool is_debt = false;
    std::uint64_t revision = 5;
    std::map<Address, U256> scaled;
    std::map<Address, U256> last_index;
    U256 total = 0;
};

struct FakeReserve {
    Reserve stored;
    std::optional<U256> price;  ///< none: the oracle reverts
    U256 cash = 0;
    FakeToken a_token;
    FakeToken debt_token;
    std::map<Address, StableDebt> stable;
    U256 stable_total = 0;  ///< what `totalSupply` answers
    U256 deficit = 0;
    std::optional<BlockTime> price_updated_at;  ///< none: the source is no feed that tells
};

struct FakeUser {
    std::set<unsigned> collateral;
    unsigned e_mode = 0;
};

/// A small Aave V3 in memory: state changes with the contracts' steps and events in their order,
/// and answers to the calls of a ledger at the head. What the contracts would refuse (health,
/// caps) is not refused: only the books are kept.
class FakeAave {
  public:
    FakeAave(std::uint64_t pool_revision, std::uint64_t token_revision);

    // ---- the market
    FakeReserve& list(unsigned id, const std::string& symbol, const ConfigFields& config,
                      std::uint64_t price);
    void drop(unsigned id);
    /// A configurator event about the asset comes with it.
    void configure(unsigned id, const ConfigFields& config);
    void set_category(unsigned id, const EMode& category);
    void upgrade_pool(std::uint64_t revision);
    void upgrade_tokens(unsigned id, std::uint64_t revision);

    // ---- the chain
    void mine(BlockTime seconds);
    const BlockRef& head() const { return head_; }
    std::vector<Log> take_logs();
    std::vector<CallResult> answer(std::span<const Call> calls) const;

    // ---- accounts; false: refused, and nothing changed
    bool supply(const Address& user, unsigned id, const U256& amount);
    bool withdraw(const Address& user, unsigned id, const U256& amount);
    bool withdraw_all(const Address& user, unsigned id);
    bool borrow(const Address& user, unsigned id, const U256& amount);
    bool borrow_stable(const Address& user, unsigned id, const U256& amount, const U256& rate);
    bool repay(const Address& user, unsigned id, const U256& amount);
    bool repay_all(const Address& user, unsigned id);
    bool repay_stable(const Address& user, unsigned id, const U256& amount);
    bool transfer(const Address& from, const Address& to, unsigned id, const U256& amount);
    bool set_collateral(const Address& user, unsigned id, bool on);
    void set_e_mode(const Address& user, unsigned category);
    /// `fee` goes to the treasury besides `collateral`; `write_off` of the same debt is bad debt.
    bool liquidate(const Address& user, const Address& liquidator, unsigned collateral_id,
                   unsigned debt_id, const U256& debt, const U256& collateral, const U256& fee,
                   bool receive_a_token, bool write_off = false);

    // ---- state
    FakeReserve& reserve(unsigned id) { return reserves_.at(id); }
    const std::map<unsigned, FakeReserve>& reserves() const { return reserves_; }
    U256 supplied(const Address& user, unsigned id) const;
    U256 variable_debt(const Address& user, unsigned id) const;
    U256 stable_debt(const Address& user, unsigned id) const;
    bool has_debt(const Address& user) const;
    /// The account as the arithmetic wants it, from this state alone.
    Account account(const Address& user) const;
    Market market() const;

    Address provider;
    Address pool;
    Address configurator;
    Address oracle;
    Address treasury;
    std::uint64_t pool_revision;
    bool emits_transfers = true;
    std::set<Bytes> reverting;  ///< calldata that reverts, whatever the contract

  private:
    /// One transaction: what it changed is undone when it answers false.
    bool attempt(const std::function<bool()>& transaction);
    RuleSet rules() const;
    void emit(const Address& emitter, EventKind kind, std::initializer_list<U256> topics,
              std::initializer_list<U256> words);
    void touch(FakeReserve& reserve);
    void update(FakeReserve& reserve);
    U256 balance(const FakeToken& token, const U256& scaled, const U256& index) const;
    bool mint(FakeToken& token, const Address& user, const U256& amount, const U256& index);
    bool burn(FakeToken& token, const Address& user, const U256& amount, const U256& index);
    bool move(FakeReserve& reserve, const Address& from, const Address& to, const U256& amount,
              const U256& index, bool validate);
    void flag(const Address& user, unsigned id, bool on);
    std::optional<Bytes> reply(const Call& call) const;
    std::optional<Bytes> reply_of_pool(const std::string& name, const abi::Reader& in) const;
    std::optional<Bytes> reply_of_token(const std::string& name, const Call& call,
                                        const abi::Reader& in) const;

    std::map<unsigned, FakeReserve> reserves_;
    std::map<unsigned, EMode> categories_;
    std::map<Address, FakeUser> users_;
    BlockRef head_;
    std::vector<Log> logs_;
    std::uint64_t transactions_ = 0;
    std::uint32_t log_index_ = 0;
    std::uint64_t rate_seed_ = 0;
    std::uint64_t default_token_revision_ = 5;
};

/// Plays the follower's part of a round: reads until nothing is owed, then prices, all answered by
/// the fake at its head. The number of read requests.
std::size_t finish_round(Protocol& ledger, const FakeAave& chain, std::size_t max_calls = 4000);

}  // namespace plimsoll::protocols::aave_v3
