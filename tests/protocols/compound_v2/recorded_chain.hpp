#pragma once

#include "protocols/common/protocol.hpp"
#include "protocols/compound_v2/compound_v2.hpp"
#include "protocols/compound_v2/rule_set.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::protocols::compound_v2 {

/// A market with two cTokens (the native coin's and a token's) that lived through the recorded
/// steps of one family: its logs, and its answers to a ledger's calls after each step. Answers may
/// be overridden.
class RecordedChain {
  public:
    /// `family`: "compound" or "justlend".
    explicit RecordedChain(const std::string& family);

    CompoundV2Settings settings() const;
    std::size_t steps() const { return steps_.size(); }
    /// The chain now stands after step `index`.
    void stand_after(std::size_t index) { step_ = index; }
    /// So many blocks in which nothing happens.
    void wait(BlockNumber blocks) { waited_ += blocks; }
    BlockRef at() const;
    /// The logs of step `index`.
    std::vector<Log> logs(std::size_t index) const;
    /// Those up to the step the chain stands after; none while they are lost.
    std::vector<Log> logs(const OwedLogs& wanted) const;
    void lose_old_logs(bool is_so) { has_lost_logs_ = is_so; }
    std::vector<CallResult> answer(std::span<const Call> calls) const;

    const nlohmann::ordered_json& expected() const { return steps_.at(step_)["expected"]; }
    Address user(const std::string& name) const;
    Address native() const;
    Address token() const;

    Address oracle() const;
    void answer_instead(const Address& to, Bytes calldata, std::optional<Bytes> reply) {
        overrides[{to, std::move(calldata)}] = std::move(reply);
    }
    /// False where the native coin's price is the unit of all others and has been moved.
    bool tells_its_price_unit() const { return !is_priced_in_coin_ || !has_fallen(); }
    void set_price(const Address& market, const U256& price);
    /// What `getAccountLiquidity` would answer with this rounding, had the user redeemed 1e18 units
    /// of that cToken.
    Bytes liquidity(const std::string& user, Rounding rounding,
                    const std::optional<Address>& redeemed = {}) const;

    /// By contract and calldata; none: the call reverts.
    std::map<std::pair<Address, Bytes>, std::optional<Bytes>> overrides;

  private:
    std::optional<Bytes> reply(const Call& call) const;
    std::optional<Bytes> reply_of_comptroller(const std::string& name, const Bytes& data) const;
    std::optional<Bytes> reply_of_market(const std::string& market, const std::string& name,
                                         const Bytes& data) const;
    std::string user_in(const Bytes& data) const;
    bool has_fallen() const;

    nlohmann::ordered_json config_;
    nlohmann::ordered_json steps_;
    std::size_t step_ = 0;
    BlockNumber waited_ = 0;
    bool has_lost_logs_ = false;
    bool is_priced_in_coin_ = false;
};

/// Plays the follower's part: logs and reads until nothing is owed, then prices, then what they
/// make owed.
void finish_round(Protocol& ledger, const RecordedChain& chain);

/// A ledger as a first scan makes it at the step the chain stands after.
std::unique_ptr<Protocol> scanned(const RecordedChain& chain, std::size_t step);

Bytes bytes_of_words(std::initializer_list<U256> words);
U256 word_of(const Address& address);

}  // namespace plimsoll::protocols::compound_v2
