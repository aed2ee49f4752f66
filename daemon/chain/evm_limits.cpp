#include "daemon/chain/evm_limits.hpp"

#include <algorithm>

namespace plimsoll::chain {

LogSpan::LogSpan(std::uint64_t start, std::optional<std::uint64_t> configured_most)
    : most_(std::max<std::uint64_t>(1, configured_most.value_or(UINT64_MAX))),
      blocks_(std::clamp<std::uint64_t>(start, 1, most_)) {}

void LogSpan::succeeded(std::uint64_t asked) {
    if (asked < blocks_) return;
    if (blocks_ >= found_ && ++successes_ >= kSuccessesToRetry) {
        found_ = found_ > UINT64_MAX / 2 ? UINT64_MAX : found_ * 2;
        successes_ = 0;
    }
    const std::uint64_t step = std::max<std::uint64_t>(1, blocks_ / 4);
    const std::uint64_t grown = blocks_ > UINT64_MAX - step ? UINT64_MAX : blocks_ + step;
    blocks_ = std::min({grown, most_, std::max<std::uint64_t>(1, found_)});
}

void LogSpan::refused(BlockNumber from, BlockNumber to, const rpc::RangeHint& hint) {
    const std::uint64_t asked = to - from + 1;
    std::uint64_t next = std::max<std::uint64_t>(1, asked / 2);
    if (hint.from && hint.to && *hint.from >= from && *hint.from <= *hint.to && *hint.to <= to &&
        *hint.to - *hint.from + 1 < asked) {
        next = *hint.to - *hint.from + 1;
    }
    if (hint.max_blocks && *hint.max_blocks > 0 && *hint.max_blocks < asked) {
        next = *hint.max_blocks;
        most_ = std::min(most_, next);
    }
    found_ = std::max<std::uint64_t>(1, asked - 1);
    successes_ = 0;
    blocks_ = std::min(next, most_);
}

void ChunkSize::succeeded(std::size_t sent) {
    if (sent < size_ || size_ == most_) return;
    if (++successes_ < kSuccessesToGrow) return;
    successes_ = 0;
    size_ = std::min(most_, size_ * 2);
}

void ChunkSize::refused(std::size_t sent) {
    successes_ = 0;
    size_ = std::max<std::size_t>(1, std::min(size_, sent / 2));
}

void SeenBlocks::add(const Bytes32& hash) {
    if (!hashes_.insert(hash).second) return;
    order_.push_back(hash);
    if (order_.size() <= kMost) return;
    hashes_.erase(order_.front());
    order_.pop_front();
}

}  // namespace plimsoll::chain
