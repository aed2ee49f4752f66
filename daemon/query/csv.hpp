#pragma once

#include "daemon/view/rows.hpp"

#include <iosfwd>
#include <string>
#include <vector>

namespace plimsoll::query {

/// Prints rows as comma separated values (RFC 4180, lines end with a line feed): first the names of
/// all members in the order in which rows bring them, then a line for each row. A member that a row
/// lacks, or that is null, is empty; lists and objects are JSON text. Nothing for no rows, since
/// their members are not known.
void print_csv(std::ostream& out, const std::vector<view::Row>& rows);

/// One value as it stands between commas. A text that a spreadsheet would take for a formula gets a
/// single quote before it: names of tokens come from whoever made the token.
std::string csv_field(const view::Row& value);

}  // namespace plimsoll::query
