#include "protocols/common/protocol.hpp"

#include <algorithm>

namespace plimsoll::protocols {

bool AssetGroup::contains(const Address& token) const {
    return std::find(members.begin(), members.end(), token) != members.end();
}

}  // namespace plimsoll::protocols
