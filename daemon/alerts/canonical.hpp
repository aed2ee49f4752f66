#pragma once

#include "abi/expected.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>

namespace plimsoll::alerts {

/// The largest integer every JSON reader keeps: 2^53 - 1.
inline constexpr std::int64_t kMaxInteger = 9'007'199'254'740'991;
inline constexpr unsigned kMaxDepth = 64;

/// A value that has no canonical form: our own mistake, never that of an input.
struct CanonicalError {
    enum class Kind {
        floating_point,
        integer_range,  ///< outside +-(2^53 - 1): belongs in a decimal string
        key,            ///< not ASCII snake_case, so readers may order it differently
        depth,          ///< nested deeper than `kMaxDepth`
        not_json,       ///< binary or discarded
    };
    Kind kind = Kind::not_json;
    std::string message;  ///< names the member, never its value
};

/// The one text of a value: UTF-8, no blanks, keys sorted by byte, integers only, strings as
/// `clean_text` leaves them with nothing escaped but quote, backslash and line feed. JSON.parse and
/// JSON.stringify, Python's json, jq -c and nlohmann's dump() all give the same bytes back.
Expected<std::string, CanonicalError> canonical_json(const nlohmann::json& value);

}  // namespace plimsoll::alerts
