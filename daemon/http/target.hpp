#pragma once

#include "abi/expected.hpp"
#include "daemon/http/message.hpp"

#include <string_view>

namespace plimsoll::http {

/// Reads the target of a request line: a path that begins with `/`, and behind `?` parameters
/// `name=value` joined by `&`. Percent signs and, in parameters, `+` are decoded. Control
/// characters, broken percent signs, `#` and more than 32 parameters are errors.
Expected<Request, ParseError> parse_target(std::string_view target);

}  // namespace plimsoll::http
