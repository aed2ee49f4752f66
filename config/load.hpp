#pragma once

#include "abi/expected.hpp"
#include "config/error.hpp"
#include "config/secret_source.hpp"
#include "config/settings.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::config {

struct LoadOptions {
    bool strict = false;  ///< secrets written into the file are errors instead of warnings
};

/// Reads a configuration: the settings with their warnings, or every error of the file in its
/// order. No message holds a secret.
Expected<Settings, std::vector<ConfigError>> load_settings(const std::filesystem::path& path,
                                                           SecretSource& secrets,
                                                           const LoadOptions& options = {});
/// As above for text already read; `filename` is what messages call it, and relative `${file:}`
/// paths begin in its directory.
Expected<Settings, std::vector<ConfigError>> parse_settings(std::string_view text,
                                                            const std::string& filename,
                                                            SecretSource& secrets,
                                                            const LoadOptions& options = {});

}  // namespace plimsoll::config
