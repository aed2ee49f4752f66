#pragma once

#include "abi/address.hpp"
#include "config/reading.hpp"
#include "config/scalars.hpp"
#include "config/settings.hpp"

#include <toml++/toml.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::config {

/// One table of the file, read by its rows of the table of keys. On construction everything is
/// checked that needs no value: unknown keys, keys of later versions, missing keys. Every getter
/// returns the default (or nothing) when the key is absent or wrong; a wrong one is told.
class Section {
  public:
    /// `label` is how messages call it: "[chains.eth]".
    Section(Reading& reading, std::string_view id, const toml::table& table, std::string label,
            Position at);

    const std::string& label() const { return label_; }
    Position at() const { return at_; }
    /// Of the key's value, or of the section where it is absent.
    Position at(std::string_view key) const;
    const toml::node* node(std::string_view key) const;
    bool has(std::string_view key) const { return node(key) != nullptr; }
    /// Errors for the keys given that belong to another `kind` of this section.
    void check_kind(std::string_view kind);

    std::optional<Text> optional_text(std::string_view key);
    std::string text(std::string_view key);
    bool boolean(std::string_view key);
    std::uint64_t integer(std::string_view key);
    std::optional<std::uint64_t> optional_integer(std::string_view key);
    Milliseconds duration(std::string_view key);
    std::optional<Milliseconds> optional_duration(std::string_view key);
    U256 decimal(std::string_view key);
    /// As chains of that style have it: base58check only on TRON, hex anywhere.
    std::optional<Address> address(std::string_view key, AddressStyle style);
    std::optional<Depth> depth(std::string_view key);
    std::optional<Window> window(std::string_view key);
    std::string choice(std::string_view key);
    /// Elements of a list of texts, each checked for its choices or references and told when it
    /// comes twice.
    std::vector<Text> texts(std::string_view key);
    std::vector<std::string> names(std::string_view key);
    /// Elements of a list of numbers, scaled by the form's decimals.
    std::vector<U256> decimals(std::string_view key);
    std::map<std::string, std::string> matchers(std::string_view key);

  private:
    const KeySpec& spec(std::string_view key) const { return key_spec(id_, key); }
    void check_known(const toml::key& key);
    std::optional<U256> decimal_of(const toml::node& node, const KeySpec& spec);
    const toml::array* array(std::string_view key);

    Reading& reading_;
    std::string id_;
    const toml::table& table_;
    std::string label_;
    Position at_;
};

/// A table of the file by the name it has there.
struct NamedTable {
    std::string name;
    const toml::table* table = nullptr;
    Position at;
};
/// The tables of a named section in the order of the file; what is no table, and names that are
/// unfit for paths and keys, are told.
std::vector<NamedTable> named_tables(Reading& reading, const toml::table& root,
                                     std::string_view section);
/// Letters, digits and `. _ -`, at most 64, beginning with a letter or digit.
bool is_fit_name(std::string_view name);

/// How many decimals a number of this form is scaled by.
unsigned decimals_of(Form form);

}  // namespace plimsoll::config
