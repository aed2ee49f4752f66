#pragma once

#include "abi/expected.hpp"
#include "config/settings.hpp"
#include "daemon/sinks/sink.hpp"

#include <filesystem>
#include <memory>

namespace plimsoll::sinks {

/// The sink a `[sinks.NAME]` section asks for. Does no I/O yet. The error names the sink and what
/// is wrong, never a secret.
Expected<std::unique_ptr<Sink>, ParseError> make_sink(const config::SinkSettings& settings,
                                                      const std::filesystem::path& state_dir);

}  // namespace plimsoll::sinks
