#pragma once

#include "config/error.hpp"

#include <toml++/toml.h>

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::config {

/// The lines of a file, for messages that show or point into what was written.
class SourceText {
  public:
    explicit SourceText(std::string_view text);

    std::size_t line_count() const { return lines_.size(); }
    /// Counted from 1; empty beyond the end.
    std::string_view line(std::size_t number) const;
    /// The text of a node that lies on one line; empty otherwise.
    std::string_view slice(const toml::source_region& region) const;
    /// Byte offset of a column, which counts characters.
    std::size_t offset_in_line(std::size_t line_number, std::size_t column) const;

  private:
    std::vector<std::string_view> lines_;
};

Position begin_of(const toml::node& node);
Position begin_of(const toml::key& key);

/// Parses TOML. Syntax errors go to `problems`; where a line with one can be left out, the rest is
/// still read, so that its errors are told too. After any syntax error `problems` is incomplete.
toml::table parse_document(std::string_view text, const SourceText& source, Problems& problems);

}  // namespace plimsoll::config
