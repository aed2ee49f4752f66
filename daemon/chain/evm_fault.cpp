#include "daemon/chain/evm_fault.hpp"

#include <algorithm>

namespace plimsoll::chain {
namespace {

constexpr std::size_t kMostMessage = 600;

FaultKind kind_of(rpc::ErrorKind kind) {
    using rpc::ErrorKind;
    switch (kind) {
        case ErrorKind::transient:
        case ErrorKind::timeout:
            return FaultKind::transient;
        case ErrorKind::split:
        case ErrorKind::split_addresses:
        case ErrorKind::split_batch:
            return FaultKind::split;
        case ErrorKind::quota:
            return FaultKind::quota;
        case ErrorKind::rate:
            return FaultKind::rate;
        case ErrorKind::missing_state:
            return FaultKind::missing_state;
        case ErrorKind::lag_or_reorg:
            return FaultKind::lag_or_reorg;
        case ErrorKind::execution:
            return FaultKind::execution;
        case ErrorKind::unsupported:
            return FaultKind::unsupported;
        case ErrorKind::auth:
            return FaultKind::auth;
        case ErrorKind::bad_request:
            return FaultKind::bad_request;
        case ErrorKind::malformed:
        case ErrorKind::unpinned:
            return FaultKind::malformed;
        case ErrorKind::wrong_chain:
            return FaultKind::wrong_chain;
        case ErrorKind::no_endpoint:
            return FaultKind::no_endpoint;
        case ErrorKind::cancelled:
            return FaultKind::cancelled;
    }
    return FaultKind::transient;
}

}  // namespace

Fault to_fault(const rpc::RpcError& error) {
    return Fault{kind_of(error.kind), error.message.substr(0, kMostMessage)};
}

EndpointStatus to_status(const rpc::EndpointReport& report) {
    using State = rpc::EndpointHealth::State;
    EndpointStatus status;
    status.alias = report.alias;
    status.up = report.state == State::ok || report.state == State::lagging;
    status.state = to_string(report.state);
    status.head = report.head;
    status.requests = report.requests;
    status.failures = report.failures;
    status.last_error = report.last_error;
    return status;
}

}  // namespace plimsoll::chain
