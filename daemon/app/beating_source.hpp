#pragma once

#include "daemon/chain/source.hpp"
#include "daemon/pulse/pulses.hpp"

#include <memory>

namespace plimsoll::app {

/// The source, beating before and after every call: each bounds itself, however many there are.
/// `pulse` outlives it.
std::unique_ptr<chain::Source> with_pulse(std::unique_ptr<chain::Source> source,
                                          const pulse::Pulse& pulse);

}  // namespace plimsoll::app
