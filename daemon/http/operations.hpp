#pragma once

#include "abi/expected.hpp"
#include "daemon/http/message.hpp"
#include "daemon/store/store.hpp"
#include "daemon/view/rows.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace plimsoll::http {

/// Why an operator's command was not carried out: a status of HTTP, and what to do about it.
struct OperationError {
    int status = 503;
    std::string message;
};
using OperationResult = Expected<view::Row, OperationError>;

/// The operator's commands that need nothing but the store, so that they work on a stopped
/// daemon's, too. `request.path` is what the command is called: "outbox/list", "outbox/show",
/// "outbox/retry", "outbox/drop", "silence/add", "silence/list", "silence/expire", "sink/enable".
/// What is changed is durable on return. `now_ms` is wall clock. `sinks` are the configured ones,
/// none where no configuration was read; a sink that is neither among them nor known to the store
/// is refused.
OperationResult operate(store::Store& store, const Request& request, std::int64_t now_ms,
                        std::span<const store::Destination> sinks = {});

/// Whether the command changes something that senders should look at.
bool changes_outbox(const std::string& path);

}  // namespace plimsoll::http
