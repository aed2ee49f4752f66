#pragma once

#include "daemon/chain/source.hpp"
#include "daemon/rpc/endpoint_pool.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace plimsoll::chain {

Unexpected<Fault> fault(FaultKind kind, std::string message);
/// What a failed request means to the stages above.
Fault to_fault(const rpc::RpcError& error);
EndpointStatus to_status(const rpc::EndpointReport& report);

template <class T>
Expected<T, Fault> to_answer(Expected<T, rpc::RpcError> result) {
    if (result) return std::move(*result);
    return Unexpected<Fault>{to_fault(result.error())};
}

/// The machine as a source sees it. `transport` serves that source alone (cancelling the source
/// cancels it); where the two are not `owned`, they outlive it. `random` is for jitter only.
struct Machine {
    struct Owned {
        std::unique_ptr<rpc::HttpTransport> transport = rpc::make_curl_transport();
        rpc::SystemClock clock;
    };
    std::unique_ptr<Owned> owned;
    rpc::HttpTransport& transport;
    rpc::Clock& clock;
    std::function<std::uint64_t()> random;

    /// libcurl, the system's clock, and randomness of its own.
    static Machine real();
};

struct PooledSettings {
    std::string name;  ///< of the chain, for logs
    std::vector<rpc::EndpointSettings> endpoints;
    std::chrono::milliseconds block_time{12'000};
    std::chrono::milliseconds poll_every{12'000};  ///< how often it is asked for a new block
    /// How long one call of the source may take in all, retries and other endpoints included.
    std::chrono::milliseconds deadline{45'000};
    /// A head that did not change for so long is compared with another endpoint's; none: the longer
    /// of three block times and 60 s.
    std::optional<std::chrono::milliseconds> stale_after;
    rpc::RequestObserver* observer = nullptr;  ///< outlives the source; may be none
    rpc::Dialect dialect;
};

/// What sources over several endpoints do alike: heads, with a second endpoint's word where one
/// alone is doubtful, finality, and blocks linked by their parents' hashes. How an endpoint is
/// asked for a block, and everything about logs and state, is the derived source's.
class PooledSource : public Source {
  public:
    Expected<void, Fault> connect() override;
    void expect_head(BlockNumber known) override { known_ = known; }
    Expected<BlockRef, Fault> head() override;
    Expected<BlockRef, Fault> final_block(const Finality& finality, const BlockRef& head) override;
    Expected<std::optional<BlockRef>, Fault> block_at(BlockNumber number) override;
    Expected<std::vector<BlockRef>, Fault> blocks(BlockNumber first, BlockNumber last) override;
    std::vector<EndpointStatus> endpoints() const override;
    std::uint64_t requests() const override { return pool_.requests(); }
    void cancel() override;

  protected:
    using Time = rpc::Clock::Time;
    template <class T>
    using Answer = Expected<T, rpc::RpcError>;

    PooledSource(PooledSettings settings, Machine machine);

    /// Proves an endpoint's identity and finds out its abilities.
    virtual Answer<void> check(rpc::Endpoint& endpoint, Time deadline) = 0;
    virtual Answer<BlockRef> latest(rpc::Endpoint& endpoint, Time deadline) = 0;
    /// The newest block that is `finalized` or `safe`; none while the chain has none.
    virtual Answer<std::optional<BlockRef>> final_by_tag(rpc::Endpoint& endpoint,
                                                         Finality::Kind kind, Time deadline) = 0;
    /// None where the endpoint has no such block.
    virtual Answer<std::optional<BlockRef>> header(rpc::Endpoint& endpoint, BlockNumber number,
                                                   Time deadline) = 0;
    /// Those of [first, last], in order.
    virtual Answer<std::vector<std::optional<BlockRef>>> headers(rpc::Endpoint& endpoint,
                                                                 BlockNumber first,
                                                                 BlockNumber last,
                                                                 Time deadline) = 0;

    rpc::EndpointPool& pool() { return pool_; }
    rpc::Clock& clock() const { return machine_.clock; }
    std::stop_token stop_token() const { return stop_.get_token(); }
    const std::optional<BlockRef>& tip() const { return tip_; }
    Time deadline() const { return clock().now() + settings_.deadline; }
    /// Options of a run about this block that takes so many requests.
    rpc::RunOptions about(BlockNumber number, std::size_t requests = 1) const;

  private:
    void compare_heads(BlockRef& head);
    /// How high the chain is known to be.
    BlockNumber least_head() const { return std::max(known_, tip_ ? tip_->number : 0); }
    bool wants_second_opinion(const BlockRef& head) const;
    Answer<std::optional<BlockRef>> find_block(BlockNumber number);
    Answer<std::vector<BlockRef>> linked(rpc::Endpoint& endpoint, BlockNumber first,
                                         BlockNumber last, Time deadline);

    PooledSettings settings_;
    Machine machine_;
    std::stop_source stop_;
    rpc::EndpointPool pool_;
    BlockNumber known_ = 0;        ///< how high the chain was before the first head
    std::optional<BlockRef> tip_;  ///< the head answered last
    Time tip_changed_at_{};        ///< when it was first answered
    Time compared_at_{};           ///< when another endpoint was asked for its head
};

}  // namespace plimsoll::chain
