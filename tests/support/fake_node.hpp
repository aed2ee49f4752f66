#pragma once

#include "abi/address.hpp"
#include "daemon/rpc/http_transport.hpp"
#include "protocols/common/block.hpp"
#include "protocols/common/log.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::test {

/// An error object of JSON-RPC.
struct NodeError {
    std::int64_t code = 0;
    std::string message;
    nlohmann::json data;  ///< null: absent
};

/// A chain of blocks with logs, in memory. Hashes are made of number and fork, so they are the same
/// in every run.
class FakeChain {
  public:
    /// `tron`: hashes begin with the height, as the ids of TRON's blocks do.
    enum class Hashes { evm, tron };
    explicit FakeChain(BlockNumber head, Hashes hashes = Hashes::evm);

    /// Appends a block, of a fork where `fork` is not the one before.
    void mine(unsigned count = 1, unsigned fork = 0);
    void drop(unsigned count);
    void add_log(BlockNumber block, const Address& address, const Bytes32& topic,
                 std::uint32_t index = 0);

    BlockNumber head() const { return blocks_.size() - 1; }
    const BlockRef& at(BlockNumber number) const { return blocks_.at(number); }
    const std::vector<protocols::Log>& logs() const { return logs_; }

  private:
    Hashes hashes_;
    std::vector<BlockRef> blocks_;
    std::vector<protocols::Log> logs_;
};

/// A node over a chain, with the ways of misbehaving that tests need. Answers one HTTP body at a
/// time; what it was asked is written down.
class FakeNode {
  public:
    explicit FakeNode(const FakeChain& chain);

    // How it behaves; change at will.
    std::uint64_t chain_id = 1;
    Address multicall;
    BlockNumber multicall_from = 0;   ///< no code there below this block
    BlockNumber lag = 0;              ///< its head is so far behind the chain's
    bool knows_block_hash = true;     ///< takes `{blockHash}` as block argument
    bool ignores_block = false;       ///< runs calls at the head whatever was asked
    bool denies_unknown_hash = true;  ///< an unknown hash is an error, not the head
    bool denies_unknown_logs = true;  ///< eth_getLogs of an unknown hash is an error, not `[]`
    bool runs_code = true;            ///< runs calls without a target
    bool has_log_times = true;
    std::size_t most_batch = 1'000'000;
    std::optional<NodeError> batch_error;  ///< the bare answer to a batch that is too large
    std::uint64_t most_gas = 1'000'000'000;
    /// The return of a contract at a block; none: reverts without data.
    std::function<protocols::CallResult(const protocols::Call&, const BlockRef&)> contract;
    /// What a call costs; it fails without data when less is left.
    std::function<std::uint64_t(const protocols::Call&)> gas;
    /// Refuses a range of logs, with the provider's wording.
    std::function<std::optional<NodeError>(BlockNumber from, BlockNumber to, std::size_t addresses,
                                           std::size_t logs)>
        log_limit;
    /// Answers a method in place of the node.
    std::function<std::optional<nlohmann::json>(const std::string& method,
                                                const nlohmann::json& params)>
        override_result;
    std::function<std::optional<NodeError>(const std::string& method, const nlohmann::json& params)>
        override_error;
    /// Answers an exchange in place of the node.
    std::function<std::optional<rpc::HttpResult>(const std::string& body)> override_http;

    rpc::HttpResult answer(const std::string& body);

    std::vector<std::string> methods;  ///< of every request, in order
    std::size_t exchanges = 0;
    std::size_t count(const std::string& method) const;

    BlockNumber head() const { return chain_.head() - std::min(chain_.head(), lag); }
    static nlohmann::json header_json(const BlockRef& block);
    static nlohmann::json log_json(const protocols::Log& log, bool with_time = true);

  private:
    using Answer = Expected<nlohmann::json, NodeError>;

    nlohmann::json reply_to(const nlohmann::json& request);
    Answer run(const std::string& method, const nlohmann::json& params);
    Answer block(const nlohmann::json& tag);
    Answer logs(const nlohmann::json& filter);
    Answer call(const nlohmann::json& params);
    protocols::CallResult execute(const protocols::Call& call, const BlockRef& at,
                                  std::uint64_t& gas_left);
    protocols::CallResult aggregate(const Bytes& calldata, const BlockRef& at,
                                    std::uint64_t& gas_left);
    Expected<BlockRef, NodeError> argument(const nlohmann::json& value) const;
    std::optional<BlockRef> by_hash(const std::string& hash) const;

    const FakeChain& chain_;
};

/// Carries requests to nodes by the alias of the endpoint. Every exchange takes no time.
class FakeTransport final : public rpc::HttpTransport {
  public:
    std::map<std::string, FakeNode*> nodes;
    /// Called before each exchange, for instance to let time pass.
    std::function<void(const rpc::HttpRequest&)> on_send;

    std::vector<rpc::HttpResult> send(std::span<const rpc::HttpRequest> requests) override;
    void cancel() override { is_cancelled_ = true; }

  private:
    bool is_cancelled_ = false;
};

}  // namespace plimsoll::test
