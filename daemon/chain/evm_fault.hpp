#pragma once

#include "daemon/chain/source.hpp"
#include "daemon/rpc/endpoint.hpp"
#include "daemon/rpc/rpc_error.hpp"

namespace plimsoll::chain {

/// What a failed request means to the stages above.
Fault to_fault(const rpc::RpcError& error);
EndpointStatus to_status(const rpc::EndpointReport& report);

}  // namespace plimsoll::chain
