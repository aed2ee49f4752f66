#include "daemon/app/beating_source.hpp"

#include <utility>

namespace plimsoll::app {
namespace {

using chain::Fault;

/// Beats now and when it goes.
class Work {
  public:
    explicit Work(const pulse::Pulse& pulse) : pulse_(pulse) { pulse_.beat(); }
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;
    ~Work() { pulse_.beat(); }

  private:
    const pulse::Pulse& pulse_;
};

class BeatingSource final : public chain::Source {
  public:
    BeatingSource(std::unique_ptr<chain::Source> source, const pulse::Pulse& pulse)
        : source_(std::move(source)), pulse_(pulse) {}

    Expected<void, Fault> connect() override {
        const Work work(pulse_);
        return source_->connect();
    }
    void expect_head(BlockNumber known) override { source_->expect_head(known); }
    Expected<BlockRef, Fault> head() override {
        const Work work(pulse_);
        return source_->head();
    }
    Expected<BlockRef, Fault> final_block(const chain::Finality& finality,
                                          const BlockRef& head) override {
        const Work work(pulse_);
        return source_->final_block(finality, head);
    }
    Expected<std::optional<BlockRef>, Fault> block_at(BlockNumber number) override {
        const Work work(pulse_);
        return source_->block_at(number);
    }
    Expected<std::vector<BlockRef>, Fault> blocks(BlockNumber first, BlockNumber last) override {
        const Work work(pulse_);
        return source_->blocks(first, last);
    }
    Expected<std::vector<protocols::Log>, Fault> logs_of(
        const BlockRef& block, const protocols::LogFilter& filter) override {
        const Work work(pulse_);
        return source_->logs_of(block, filter);
    }
    Expected<RangeLogs, Fault> logs_in(BlockNumber from, BlockNumber to,
                                       const protocols::LogFilter& filter,
                                       bool with_time) override {
        const Work work(pulse_);
        return source_->logs_in(from, to, filter, with_time);
    }
    Expected<std::vector<protocols::CallResult>, Fault> read(std::span<const protocols::Call> calls,
                                                             const BlockRef& at) override {
        const Work work(pulse_);
        return source_->read(calls, at);
    }
    Expected<std::vector<bool>, Fault> has_code(std::span<const Address> addresses,
                                                const BlockRef& at) override {
        const Work work(pulse_);
        return source_->has_code(addresses, at);
    }

    // These are not calls of the worker.
    bool keeps_only_head() const override { return source_->keeps_only_head(); }
    std::size_t read_limit() const override { return source_->read_limit(); }
    std::vector<chain::EndpointStatus> endpoints() const override { return source_->endpoints(); }
    std::uint64_t requests() const override { return source_->requests(); }
    void cancel() override { source_->cancel(); }

  private:
    const std::unique_ptr<chain::Source> source_;
    const pulse::Pulse& pulse_;
};

}  // namespace

std::unique_ptr<chain::Source> with_pulse(std::unique_ptr<chain::Source> source,
                                          const pulse::Pulse& pulse) {
    return std::make_unique<BeatingSource>(std::move(source), pulse);
}

}  // namespace plimsoll::app
