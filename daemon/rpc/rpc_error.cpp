#include "daemon/rpc/rpc_error.hpp"

namespace plimsoll::rpc {

std::string_view to_string(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::transient:
            return "transient";
        case ErrorKind::timeout:
            return "timeout";
        case ErrorKind::split:
            return "split";
        case ErrorKind::split_addresses:
            return "split addresses";
        case ErrorKind::split_batch:
            return "split batch";
        case ErrorKind::quota:
            return "quota";
        case ErrorKind::rate:
            return "rate";
        case ErrorKind::missing_state:
            return "missing state";
        case ErrorKind::lag_or_reorg:
            return "lag or reorg";
        case ErrorKind::execution:
            return "execution";
        case ErrorKind::unsupported:
            return "unsupported";
        case ErrorKind::auth:
            return "auth";
        case ErrorKind::bad_request:
            return "bad request";
        case ErrorKind::malformed:
            return "malformed";
        case ErrorKind::wrong_chain:
            return "wrong chain";
        case ErrorKind::unpinned:
            return "unpinned";
        case ErrorKind::no_endpoint:
            return "no endpoint";
        case ErrorKind::cancelled:
            return "cancelled";
    }
    return "unknown";
}

}  // namespace plimsoll::rpc
