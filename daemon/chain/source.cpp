#include "daemon/chain/source.hpp"

namespace plimsoll::chain {

std::string_view to_string(FaultKind kind) {
    switch (kind) {
        case FaultKind::transient:
            return "transient";
        case FaultKind::rate:
            return "rate";
        case FaultKind::quota:
            return "quota";
        case FaultKind::split:
            return "split";
        case FaultKind::missing_state:
            return "missing state";
        case FaultKind::lag_or_reorg:
            return "lag or reorg";
        case FaultKind::execution:
            return "execution";
        case FaultKind::unsupported:
            return "unsupported";
        case FaultKind::auth:
            return "auth";
        case FaultKind::bad_request:
            return "bad request";
        case FaultKind::malformed:
            return "malformed";
        case FaultKind::wrong_chain:
            return "wrong chain";
        case FaultKind::disagreement:
            return "disagreement";
        case FaultKind::no_endpoint:
            return "no endpoint";
        case FaultKind::cancelled:
            return "cancelled";
    }
    return "unknown";
}

}  // namespace plimsoll::chain
