#pragma once

#include "daemon/alerts/read.hpp"

#include <set>
#include <string>
#include <string_view>

namespace plimsoll::routing {

/// What decides where and when an alert is told.
struct Traits {
    alerts::ReadAlert alert;
    std::string chain_name;          ///< as configured; empty: of no chain
    std::set<std::string> accounts;  ///< that a message about a band names

    /// The value of a label as matchers and groups know it: type (without its state), rule,
    /// severity, chain (CAIP-2), protocol, subject, or a label of the alert such as `band`.
    std::string value(std::string_view label) const;
    /// Whether a pattern fits the label. `type` may be given with its state, and `chain` by its
    /// configured name.
    bool fits(std::string_view label, std::string_view pattern) const;
};

/// The error is that the bytes are no alert.
Expected<Traits, ParseError> traits_of(std::string_view body, const std::string& chain_name);

}  // namespace plimsoll::routing
