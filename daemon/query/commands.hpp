#pragma once

#include "daemon/query/reader.hpp"
#include "daemon/query/table.hpp"
#include "daemon/query/when.hpp"

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::query {

/// A group of assets by the name that people use, for snapshots, which know leaders only.
struct GroupName {
    std::string name;
    std::string leader;  ///< symbol or address
    std::vector<std::string> members = {};
};

/// What the reading commands are asked for.
struct Options {
    Format format = Format::table;
    Style style;
    Params params;  ///< filters, named as in HTTP
    std::size_t limit = kRowsForPeople;
    bool has_limit = false;              ///< it was given
    std::optional<std::uint64_t> since;  ///< unix seconds
    std::optional<std::uint64_t> until;  ///< excluded
    std::uint64_t now = 0;               ///< unix seconds, of the newest block where that is known
    /// Unix seconds; none: not known, or no time was asked for.
    std::optional<std::uint64_t> newest_block;
    TimeZone zone;
    std::string by;      ///< `liquidations`: asset, side, protocol or account
    std::string window;  ///< `liquidations`: a duration such as 24h, or day
    std::vector<GroupName> groups;
    std::string action;              ///< of commands that do several things: "list"
    std::vector<std::string> words;  ///< what is given besides: ids, names, matchers

    bool is_for_people() const { return format == Format::table; }
};

/// Each prints to `out` what it is named after and answers 0, or an exit code with a message on
/// `err`. In a format other than `table` nothing but rows goes to `out`. Those whose answer is no
/// list of rows of one kind have no `csv`.
int status(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err);
int tvl(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err);
int markets(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err);
int positions(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err);
int bands(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err);
int explain(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err);
int heatmap(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err);
int what_if(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err);
int liquidations(const Reader& reader, const Options& options, std::ostream& out,
                 std::ostream& err);
int alerts(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err);
/// `options.action` is list, show, retry or drop.
int outbox(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err);
/// `options.action` is add, list or expire.
int silence(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err);
/// `options.action` is test or enable.
int sink(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err);
/// Writes a copy of the store beside it, without stopping the daemon.
int backup(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err);
int snapshot_now(const Reader& reader, const Options& options, std::ostream& out,
                 std::ostream& err);

}  // namespace plimsoll::query
