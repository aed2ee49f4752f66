#pragma once

#include "config/document.hpp"
#include "config/error.hpp"
#include "config/keys.hpp"
#include "config/load.hpp"
#include "config/secret_source.hpp"

#include <toml++/toml.h>

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::config {

/// A text of the file after `${...}` was put in. Hidden: some of it came from there, or the key is
/// a secret, so no message may show it.
struct Text {
    Secret value;
    bool hidden = false;
    bool substituted = false;
    bool is_verbatim = false;  ///< stands in the file byte for byte, between one pair of quotes
    Position at;

    /// Where a byte of the value stands in the file; the value's own place unless it is verbatim.
    Position at_offset(std::size_t offset) const;
    std::string_view view() const { return value.reveal(); }
    /// For messages: `'value'`, or "the value" where it is hidden.
    std::string shown() const { return hidden ? "the value" : in_quotes(view()); }
};

/// What all readers of sections share.
class Reading {
  public:
    Reading(std::string_view text, const std::string& filename, SecretSource& source,
            const LoadOptions& given);

    Problems problems;
    const SourceText source;
    SecretSource& secrets;
    const LoadOptions& options;
    const std::filesystem::path directory;  ///< of the file; relative `${file:}` begin here
    /// Names of the elements of each named section, broken ones too; what references are checked
    /// against.
    std::map<std::string, std::vector<std::string>, std::less<>> names;

    /// The text of a node with its `${...}` replaced; a problem and nothing when it is no text or
    /// a replacement fails. `spec` says whether it is secret.
    std::optional<Text> text_of(const toml::node& node, const KeySpec& spec);
    /// Text, or an integer written without quotes, for forms that allow both.
    std::optional<Text> number_text_of(const toml::node& node, const KeySpec& spec);
    /// A problem unless `text` is a name of the section.
    bool check_reference(const Text& text, std::string_view section);
    /// A problem unless `text` is one of the key's choices.
    bool check_choice(const Text& text, const KeySpec& spec);
    void wrong_type(const toml::node& node, const KeySpec& spec);
    /// A secret standing in the file itself: a warning, or an error when strict.
    void tell_literal_secret(const Text& text, std::string_view what);

  private:
    /// The value with every `${...}` replaced; `substituted` tells whether there was one.
    std::optional<Secret> substitute(std::string_view value, Position at, bool& substituted);
    std::optional<Secret> look_up(std::string_view reference, Position at);
};

/// "text", "an integer" ... for messages.
std::string describe_type(const toml::node& node);
/// "a duration such as \"12s\"" ... for messages.
std::string describe_form(const KeySpec& spec);

}  // namespace plimsoll::config
