#pragma once

#include "protocols/common/block.hpp"
#include "protocols/common/position.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace plimsoll::protocols {

/// The accounts that were read last: the block, and the first few of them.
class LastRead {
  public:
    void add(const Address& account, BlockNumber at) {
        if (at != at_) accounts_.clear();
        at_ = at;
        const bool is_there =
            std::find(accounts_.begin(), accounts_.end(), account) != accounts_.end();
        if (!is_there && accounts_.size() < kMost) accounts_.push_back(account);
    }
    /// Those read at this block; none when others were read later.
    std::vector<PositionKey> at(BlockNumber block) const {
        std::vector<PositionKey> out;
        if (block != at_) return out;
        for (const Address& account : accounts_) out.push_back({account, {}});
        return out;
    }

  private:
    static constexpr std::size_t kMost = 32;
    BlockNumber at_ = 0;
    std::vector<Address> accounts_;
};

}  // namespace plimsoll::protocols
