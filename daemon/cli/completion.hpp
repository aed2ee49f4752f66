#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::cli {

/// What shells need to know of a command.
struct CompletionOption {
    std::string flag;  ///< "--limit"
    std::string help;  ///< one line
    bool takes_value = false;
    std::vector<std::string> choices;  ///< of the value; empty: a file
};
struct CompletionCommand {
    std::string name;
    std::string help;
    std::vector<CompletionOption> options;
    std::vector<std::string> words;  ///< that may stand without a flag: `snapshot now`
    bool takes_files = false;
};

/// A script that completes the command line: for "bash", "zsh" or "fish"; none for other shells.
std::optional<std::string> completion_script(std::string_view shell,
                                             const std::vector<CompletionCommand>& commands);

}  // namespace plimsoll::cli
