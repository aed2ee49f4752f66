#pragma once

#include "daemon/store/store.hpp"
#include "daemon/view/rows.hpp"

#include <optional>
#include <string>

namespace plimsoll::http {

/// Which alerts somebody wants to see; empty members want all.
struct AlertFilter {
    std::string severity;  ///< at least: info, warning, critical
    std::string type;      ///< "position.liquidated", or a beginning of it: "position"
    std::string rule;
    std::string chain;  ///< CAIP-2
    std::string protocol;
    std::string subject;  ///< an address in any spelling, or another name whatever the case

    /// `alert` is a body, or a line of the archive.
    bool wants(const view::Row& alert) const;
};

/// "there is no type 'positon'; known: …" unless types may begin so; an empty one is fine.
std::optional<std::string> unknown_type(const std::string& type);
/// The alert as its line in the archive has it; null when its body is no object.
view::Row archive_row(const store::StoredAlert& alert);

}  // namespace plimsoll::http
