#pragma once

#include "abi/expected.hpp"
#include "config/secret.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace plimsoll::config {

/// Where `${env:NAME}`, `${file:PATH}` and `${credential:NAME}` are looked up. A message names the
/// place, never the content.
class SecretSource {
  public:
    virtual ~SecretSource() = default;
    virtual Expected<Secret, ParseError> environment(const std::string& name) = 0;
    /// One file's content without the line breaks at its end.
    virtual Expected<Secret, ParseError> file(const std::filesystem::path& path) = 0;
    virtual Expected<Secret, ParseError> credential(const std::string& name) = 0;
};

/// The process's environment, its files, and `$CREDENTIALS_DIRECTORY` as systemd sets it. A file
/// that its group or others can read or write, or that is another user's, is refused; so is a
/// credential that everybody can read, which systemd never makes.
class SystemSecrets final : public SecretSource {
  public:
    Expected<Secret, ParseError> environment(const std::string& name) override;
    Expected<Secret, ParseError> file(const std::filesystem::path& path) override;
    Expected<Secret, ParseError> credential(const std::string& name) override;
};

}  // namespace plimsoll::config
