#pragma once

#include "config/load.hpp"

#include <iosfwd>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::config::testing {

/// Secrets by name; a name that is not there fails as it would on a machine.
class FakeSecrets final : public SecretSource {
  public:
    std::map<std::string, std::string> variables;
    std::map<std::string, std::string> files;
    std::map<std::string, std::string> credentials;

    Expected<Secret, ParseError> environment(const std::string& name) override;
    Expected<Secret, ParseError> file(const std::filesystem::path& path) override;
    Expected<Secret, ParseError> credential(const std::string& name) override;
};

/// The least that is a configuration: chain "eth" (chain_id 1) and protocol "aave-v3-ethereum".
extern const std::string_view kLeast;

/// Parses `text`, called "t.toml".
Expected<Settings, std::vector<ConfigError>> parse(std::string_view text, FakeSecrets& secrets,
                                                   const LoadOptions& options = {});
Expected<Settings, std::vector<ConfigError>> parse(std::string_view text);
/// `kLeast` and what follows it; fails the test when there are errors.
Settings parse_good(std::string_view rest);
Settings parse_good(std::string_view rest, FakeSecrets& secrets);

/// All messages, one to a line.
std::string joined(const std::vector<ConfigError>& errors);

/// Text with a mark "@@" at the place a message should name.
struct Marked {
    std::string text;
    Position at;
};
Marked take_mark(std::string_view text);

/// One wrong file. The mark @@ stands where the message points. Text that begins with "version" is
/// a whole file, any other follows `kLeast`.
struct Broken {
    const char* name;
    const char* text;
    const char* message;
    const char* hint = "";
};
void PrintTo(const Broken& broken, std::ostream* out);
/// The file has exactly the error it should have, at its place.
void expect_told_once(const Broken& broken);

}  // namespace plimsoll::config::testing
