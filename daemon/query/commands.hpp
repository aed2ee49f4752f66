#pragma once

#include "daemon/query/reader.hpp"

#include <cstdint>
#include <iosfwd>
#include <string>

namespace plimsoll::query {

/// What the reading commands are asked for.
struct Options {
    bool json = false;
    Params params;  ///< filters, named as in HTTP
    std::size_t limit = 100;
    std::string by;           ///< `liquidations`: asset, side, protocol or account
    std::uint64_t since = 0;  ///< unix seconds; 0: everything
};

/// Each prints to `out` what it is named after and answers 0, or an exit code with a message on
/// `err`.
int status(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err);
int tvl(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err);
int markets(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err);
int positions(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err);
int bands(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err);
int explain(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err);
int liquidations(const Reader& reader, const Options& options, std::ostream& out,
                 std::ostream& err);
int alerts(const Reader& reader, const Options& options, std::ostream& out, std::ostream& err);
int snapshot_now(const Reader& reader, const Options& options, std::ostream& out,
                 std::ostream& err);

inline constexpr int kExitUnavailable = 69;  ///< EX_UNAVAILABLE

}  // namespace plimsoll::query
