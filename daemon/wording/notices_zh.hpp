#pragma once

#include "daemon/alerts/read.hpp"

#include <optional>
#include <string>

namespace plimsoll::wording {

/// The text of a message about the daemon itself in Chinese, made from what it carries; in English
/// the message has its text. None: another kind of message.
std::optional<std::string> notice_zh(const alerts::ReadAlert& alert);

}  // namespace plimsoll::wording
