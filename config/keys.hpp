#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace plimsoll::config {

/// What a value of the file looks like.
enum class Form {
    text,
    boolean,
    integer,
    duration,    ///< text: "12s"
    usd,         ///< integer or decimal text, 8 decimals
    ratio,       ///< integer or decimal text, 18 decimals
    factor,      ///< integer or decimal text, 3 decimals
    address,     ///< text: 0x and 40 hex digits
    depth,       ///< "finalized", "safe", "latest" or an integer
    window,      ///< a duration as text, or an integer of blocks
    choice,      ///< one of `choices`
    path,        ///< text
    listen,      ///< text: host:port, or empty
    url,         ///< text: http(s); never shown beyond its host
    secret,      ///< text that is never shown
    expression,  ///< text: a rule's condition
    cidr,        ///< text: address/length
    headers,     ///< table of secret text
    matchers,    ///< table of text
    endpoints,   ///< list of URLs or tables
};

/// What this version does with a key it knows.
enum class Support {
    now,
    not_acted_on,  ///< read and checked; a warning says that it has no effect yet
};

/// One key of the configuration: the only place that names it. The parser, its error messages, the
/// JSON Schema and the reference page are made from these rows.
struct KeySpec {
    std::string_view section;  ///< id of a `SectionSpec`
    std::string_view key;
    Form form = Form::text;
    std::string_view help;
    std::string_view fallback = {};       ///< the default as it would be written; lists by '|'
    std::string_view fallback_note = {};  ///< said instead of the default where it depends
    bool list = false;
    bool required = false;
    std::string_view least = {};  ///< of integers, durations and decimals
    std::string_view most = {};
    std::string_view choices = {};  ///< by '|'
    std::string_view later = {};    ///< choices of later versions, by '|'
    std::string_view refers = {};   ///< values are names of `[refers.NAME]`
    std::string_view kind = {};     ///< only for elements of these kinds, by '|'
    std::string_view example = {};  ///< as it would be written
    Support support = Support::now;
};

enum class Shape {
    root,
    table,     ///< [daemon]
    named,     ///< [chains.NAME]
    repeated,  ///< [[inhibit]]
    inside,    ///< inline tables of a list
};

struct SectionSpec {
    std::string_view id;  ///< "daemon", "chains", "endpoints"
    Shape shape = Shape::table;
    std::string_view heading;  ///< as people write it
    std::string_view help;
};

std::span<const SectionSpec> section_specs();
std::span<const KeySpec> key_specs();
const SectionSpec* find_section(std::string_view id);
const KeySpec* find_key(std::string_view section, std::string_view key);
/// As above for keys the code itself names: a missing row is our own mistake and aborts.
const KeySpec& key_spec(std::string_view section, std::string_view key);

/// The parts between the bars of "a|b|c"; none of the empty text.
std::vector<std::string_view> split_bars(std::string_view text);
/// Whether the key means something for elements of this kind.
bool fits_kind(const KeySpec& spec, std::string_view kind);

}  // namespace plimsoll::config
