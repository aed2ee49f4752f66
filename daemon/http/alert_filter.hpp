#pragma once

#include "daemon/view/rows.hpp"

#include <string>

namespace plimsoll::http {

/// Which alerts somebody wants to see; empty members want all.
struct AlertFilter {
    std::string severity;  ///< at least: info, warning, critical
    std::string type;      ///< "position.liquidated", or a beginning of it: "position"
    std::string rule;
    std::string chain;  ///< CAIP-2
    std::string protocol;
    std::string subject;  ///< whatever the case: it may be an address

    /// `alert` is a body, or a line of the archive.
    bool wants(const view::Row& alert) const;
};

}  // namespace plimsoll::http
