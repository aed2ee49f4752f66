#include "daemon/chain/merged_faults.hpp"

namespace plimsoll::chain {
namespace {

int rank(FaultKind kind) {
    if (kind == FaultKind::cancelled) return 0;
    if (kind == FaultKind::lag_or_reorg) return 1;
    return is_own_failure(kind) ? 3 : 2;
}

}  // namespace

bool is_own_failure(FaultKind kind) {
    switch (kind) {
        case FaultKind::lag_or_reorg:
        case FaultKind::missing_state:
        case FaultKind::execution:
        case FaultKind::split:
        case FaultKind::unsupported:
        case FaultKind::bad_request:
        case FaultKind::cancelled:
            return false;
        default:
            return true;
    }
}

void MergedFaults::add(const Fault& fault) {
    if (!text_.empty()) text_ += "; ";
    text_ += fault.message;
    if (!kind_ || rank(fault.kind) < rank(*kind_)) kind_ = fault.kind;
}

}  // namespace plimsoll::chain
