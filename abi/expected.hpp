#pragma once

#include <tl/expected.hpp>

#include <string>

namespace plimsoll {

/// A value or the reason why there is none. Errors from outside travel as values; see
/// docs/architecture.md.
template <class T, class E>
using Expected = tl::expected<T, E>;

template <class E>
using Unexpected = tl::unexpected<E>;

/// Text from outside did not have the form it should have. `message` names what is wrong with it.
struct ParseError {
    std::string message;
};

inline Unexpected<ParseError> parse_error(std::string message) {
    return Unexpected<ParseError>{ParseError{std::move(message)}};
}

}  // namespace plimsoll
