#include "protocols/common/protocol.hpp"

#include <algorithm>

namespace plimsoll::protocols {

bool AssetGroup::contains(const Address& token) const {
    return std::find(members.begin(), members.end(), token) != members.end();
}

void Protocol::price_activity(AccountEvent& /*event*/,
                              std::span<const CallResult> /*prices*/) const {}

std::vector<PositionHealth> Protocol::healths_without(const ParameterChange& /*change*/) const {
    return {};
}

}  // namespace plimsoll::protocols
