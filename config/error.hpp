#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::config {

/// A place in the configuration file, both counted from 1. Line 0: the file as a whole.
struct Position {
    std::uint32_t line = 0;
    std::uint32_t column = 0;

    friend auto operator<=>(const Position&, const Position&) = default;
};

/// One thing wrong with the configuration, or worth a warning. Never holds a secret.
struct ConfigError {
    enum class Kind {
        invalid,     ///< the text is wrong
        missing,     ///< the file is not there
        unreadable,  ///< the file is there but cannot be read
    };
    Kind kind = Kind::invalid;
    std::string file;
    Position at;
    std::string message;
    std::string hint;  ///< what to write instead; may be empty

    friend bool operator==(const ConfigError&, const ConfigError&) = default;
};

/// `file:line:col: message (hint)`.
std::string to_string(const ConfigError& error);

/// Collects what is found in one file, so that one run tells everything.
class Problems {
  public:
    explicit Problems(std::string file) : file_(std::move(file)) {}

    void error(Position at, std::string message, std::string hint = {});
    void warn(Position at, std::string message, std::string hint = {});
    /// An error that is only certain when the whole file was understood: something is missing, or
    /// a name points nowhere. Dropped after `set_incomplete`, where it may be a mere consequence.
    void error_of_whole(Position at, std::string message, std::string hint = {});
    void set_incomplete() { complete_ = false; }

    bool ok() const { return errors_.empty(); }
    std::size_t error_count() const { return errors_.size(); }
    /// In the order of the file, each once.
    std::vector<ConfigError> take_errors() &&;
    std::vector<ConfigError> take_warnings() &&;

  private:
    std::string file_;
    bool complete_ = true;
    std::vector<ConfigError> errors_;
    std::vector<ConfigError> warnings_;
};

/// `'text'` for a message: at most 60 bytes, control characters replaced.
std::string in_quotes(std::string_view text);

/// The candidate that `text` most likely meant, or empty when none is near: at most one edit in
/// three characters (insertion, deletion, substitution, swap of neighbours; two for five
/// characters), or one of them begins with the other.
std::string_view nearest(std::string_view text, const std::vector<std::string_view>& candidates);
/// "did you mean 'x'?", or empty.
std::string did_you_mean(std::string_view text, const std::vector<std::string_view>& candidates);
/// As above, and where none is near "one of: a, b, c".
std::string did_you_mean_or_list(std::string_view text,
                                 const std::vector<std::string_view>& candidates);

}  // namespace plimsoll::config
