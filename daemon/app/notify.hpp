#pragma once

#include <string_view>

namespace plimsoll::app {

/// Tells systemd (`$NOTIFY_SOCKET`; `@` leads an abstract name). Does nothing without one.
void notify_systemd(std::string_view message);

}  // namespace plimsoll::app
