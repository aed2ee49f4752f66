#pragma once

#include "daemon/query/reader.hpp"
#include "daemon/query/table.hpp"

#include <iosfwd>
#include <string>

namespace plimsoll::query {

// Columns that several tables have. `key` names the row's member.

Column text(std::string title, const std::string& key);
Column number(std::string title, const std::string& key);
Column dollars(std::string title, const std::string& key);
/// Basis points as "12.34 %".
Column percent(std::string title, const std::string& key);
/// A list of words: "a, b", or "none".
Column words(std::string title, const std::string& key);
Column health(std::string title);
/// `price_raw` in dollars.
Column price(std::string title);
/// `state`, with its colour.
Column state();
/// The time in `key`, unix seconds, in UTC.
Column time(std::string title, const std::string& key);

/// A member that may be missing; null then.
view::Row member(const view::Row& row, const std::string& key);

/// The price in a row or in its member `liquidation_price`, in dollars with at most `digits`
/// decimals; `decimals` are those of `price_raw`.
std::string price_text(const view::Row& row, unsigned decimals, unsigned digits);

/// Cents as a number of dollars with 2 decimals.
view::Row dollars_of(std::int64_t cents);

int fail(std::ostream& err, const QueryError& error);
/// Says `late` unless it is empty: see `begins_too_late`.
void tell_late(std::ostream& err, const std::string& late);
/// Says that the limit left rows out.
/// Of whom nothing is known, on standard error.
void tell_unknown(std::ostream& err, const std::vector<std::string>& unknown);
void tell_more(std::ostream& err, const RowSet& rows);

}  // namespace plimsoll::query
