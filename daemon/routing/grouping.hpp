#pragma once

#include "daemon/routing/traits.hpp"
#include "daemon/store/store.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace plimsoll::routing {

/// How one sink is told.
struct SinkTraits {
    bool is_chat = false;
    std::vector<std::string> group_by;  ///< empty: every alert in a message of its own
    std::int64_t group_wait_ms = 0;
    std::int64_t group_interval_ms = 0;
};

/// What alerts of one message have in common: "rule=hf, chain=eip155:1, protocol=aave".
std::string group_of(const Traits& alert, const std::vector<std::string>& labels);

/// Whether it wakes somebody: it is critical and says that something begins or grows worse. Such
/// a message waits for no other.
bool is_urgent(const Traits& alert);

/// The same destination, with what its group asks for.
store::Destination grouped(store::Destination destination, const SinkTraits& sink,
                           const Traits& alert);

}  // namespace plimsoll::routing
