#pragma once

#include "daemon/rpc/http_transport.hpp"
#include "tests/support/fake_node.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::test {

/// A TRON node over a chain whose hashes tell the height. Its blocks and calls are those of `evm`,
/// which also answers under /jsonrpc; calls run at the head whatever was asked.
class FakeTron {
  public:
    explicit FakeTron(const FakeChain& chain);

    // How it behaves; change at will.
    FakeNode evm;
    bool has_wallet = true;
    bool has_light_blocks = true;
    bool has_constant_calls = true;
    bool has_solidity = true;
    bool has_rpc = true;
    bool has_events = true;
    bool has_transactions = false;  ///< whole blocks show one
    BlockNumber solid_depth = 18;
    BlockNumber event_lag = 0;              ///< event pages lack the newest so many blocks
    bool loses_fingerprint = false;         ///< event pages do not name the next one
    std::size_t page_size = 200;            ///< of event pages, at most
    std::size_t most_calldata = 1'000'000;  ///< hex digits; more is more than 80 ms of work
    /// Called before each constant call or eth_call, with how many came before it.
    std::function<void(std::size_t)> before_call;
    /// Blocks by which the backend of one call is behind.
    std::function<BlockNumber(std::size_t)> call_lag;
    /// Answers in place of the node.
    std::function<std::optional<rpc::HttpResult>(const rpc::HttpRequest&)> override_http;

    rpc::HttpResult answer(const rpc::HttpRequest& request);

    std::vector<std::string> paths;  ///< of every request, in order, queries cut off
    std::size_t count(const std::string& path) const;
    std::size_t calls = 0;

  private:
    nlohmann::json wallet(const std::string& name, const nlohmann::json& params, BlockNumber top);
    nlohmann::json block(BlockNumber number, BlockNumber top) const;
    nlohmann::json call(const nlohmann::json& params);
    nlohmann::json infos(BlockNumber number, BlockNumber top) const;
    nlohmann::json events(const std::string& path) const;
    rpc::HttpResult json_rpc(const std::string& body);
    void begin_call();

    const FakeChain& chain_;
};

/// Carries requests to TRON nodes by the alias of the endpoint. Every exchange takes no time.
class TronTransport final : public rpc::HttpTransport {
  public:
    std::map<std::string, FakeTron*> nodes;

    std::vector<rpc::HttpResult> send(std::span<const rpc::HttpRequest> requests) override;
    void cancel() override {}
};

}  // namespace plimsoll::test
