#include "daemon/cli/completion.hpp"

namespace plimsoll::cli {
namespace {

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
    return out;
}

/// In single quotes for bash, zsh and fish.
std::string in_quotes(std::string_view text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

std::vector<std::string> names_of(const std::vector<CompletionCommand>& commands) {
    std::vector<std::string> out;
    for (const auto& command : commands) out.push_back(command.name);
    return out;
}

std::vector<std::string> words_of(const CompletionCommand& command) {
    std::vector<std::string> out = command.words;
    for (const auto& option : command.options) out.push_back(option.flag);
    return out;
}

// ---- bash --------------------------------------------------------------------------------------

/// Completes the value behind an option, by command and option.
std::string bash_values(const std::vector<CompletionCommand>& commands) {
    std::string out;
    for (const auto& command : commands) {
        for (const auto& option : command.options) {
            if (!option.takes_value) continue;
            out += "        " + command.name + "," + option.flag + ") ";
            out += option.choices.empty()
                       ? std::string("COMPREPLY=($(compgen -f -- \"$current\"))")
                       : "COMPREPLY=($(compgen -W " + in_quotes(joined(option.choices)) +
                             " -- \"$current\"))";
            out += "; return ;;\n";
        }
    }
    return out;
}

std::string bash_words(const std::vector<CompletionCommand>& commands) {
    std::string out;
    for (const auto& command : commands) {
        out += "        " + command.name + ") COMPREPLY=($(compgen -W " +
               in_quotes(joined(words_of(command))) + (command.takes_files ? " -f" : "") +
               " -- \"$current\")) ;;\n";
    }
    return out;
}

std::string bash_script(const std::vector<CompletionCommand>& commands) {
    return "# Completion of plimsoll for bash: source <(plimsoll completion bash)\n"
           "_plimsoll() {\n"
           "    local current=\"${COMP_WORDS[COMP_CWORD]}\"\n"
           "    local previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
           "    local command=\"${COMP_WORDS[1]}\"\n"
           "    COMPREPLY=()\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
           "        COMPREPLY=($(compgen -W " +
           in_quotes(joined(names_of(commands)) + " --help --version") +
           " -- \"$current\"))\n"
           "        return\n"
           "    fi\n"
           "    case \"$command,$previous\" in\n" +
           bash_values(commands) +
           "    esac\n"
           "    case \"$command\" in\n" +
           bash_words(commands) +
           "    esac\n"
           "}\n"
           "complete -F _plimsoll plimsoll\n";
}

// ---- zsh ---------------------------------------------------------------------------------------

/// For the descriptions of `_arguments`, in which brackets and colons mean something.
std::string zsh_help(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

std::string zsh_option(const CompletionOption& option) {
    std::string out = option.flag;
    if (option.takes_value) out += '=';
    out += "[" + zsh_help(option.help) + "]";
    if (option.takes_value) {
        out += option.choices.empty() ? ":value:_files" : ":value:(" + joined(option.choices) + ")";
    }
    return in_quotes(out);
}

std::string zsh_script(const std::vector<CompletionCommand>& commands) {
    std::string out =
        "#compdef plimsoll\n"
        "# Completion of plimsoll for zsh: put it as _plimsoll into a folder of $fpath.\n"
        "_plimsoll() {\n"
        "    local -a commands\n"
        "    commands=(\n";
    for (const auto& command : commands) {
        out += "        " + in_quotes(command.name + ":" + zsh_help(command.help)) + "\n";
    }
    out +=
        "    )\n"
        "    if (( CURRENT == 2 )); then\n"
        "        _describe 'command' commands\n"
        "        return\n"
        "    fi\n"
        "    local command=$words[2]\n"
        "    shift words\n"
        "    (( CURRENT-- ))\n"
        "    case $command in\n";
    for (const auto& command : commands) {
        out += "        " + command.name + ") _arguments";
        for (const auto& option : command.options) out += " \\\n            " + zsh_option(option);
        if (!command.words.empty()) {
            out += " \\\n            " + in_quotes("1:word:(" + joined(command.words) + ")");
        }
        if (command.takes_files) out += " \\\n            '*:file:_files'";
        out += " ;;\n";
    }
    return out +
           "    esac\n"
           "}\n"
           "if [ \"$funcstack[1]\" = _plimsoll ]; then _plimsoll \"$@\"; else compdef _plimsoll "
           "plimsoll; fi\n";
}

// ---- fish --------------------------------------------------------------------------------------

/// In fish's single quotes only the backslash and the quote are special.
std::string fish_in_quotes(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

std::string fish_script(const std::vector<CompletionCommand>& commands) {
    std::string out =
        "# Completion of plimsoll for fish: plimsoll completion fish | source\n"
        "complete -c plimsoll -f\n";
    for (const auto& command : commands) {
        out += "complete -c plimsoll -n __fish_use_subcommand -a " + command.name + " -d " +
               fish_in_quotes(command.help) + "\n";
        const std::string here =
            "complete -c plimsoll -n '__fish_seen_subcommand_from " + command.name + "'";
        for (const auto& word : command.words) out += here + " -a " + fish_in_quotes(word) + "\n";
        if (command.takes_files) out += here + " -F\n";
        for (const auto& option : command.options) {
            out += here + " -l " + option.flag.substr(2) + " -d " + fish_in_quotes(option.help);
            if (option.takes_value) out += option.choices.empty() ? " -r -F" : " -r -f -a ";
            if (option.takes_value && !option.choices.empty()) {
                out += fish_in_quotes(joined(option.choices));
            }
            out += "\n";
        }
    }
    return out;
}

}  // namespace

std::optional<std::string> completion_script(std::string_view shell,
                                             const std::vector<CompletionCommand>& commands) {
    if (shell == "bash") return bash_script(commands);
    if (shell == "zsh") return zsh_script(commands);
    if (shell == "fish") return fish_script(commands);
    return std::nullopt;
}

}  // namespace plimsoll::cli
