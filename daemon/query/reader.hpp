#pragma once

#include "abi/expected.hpp"
#include "daemon/view/rows.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::query {

/// Nothing could be read; `message` says what was tried and what to do.
struct QueryError {
    std::string message;
};

using Params = std::map<std::string, std::string>;

/// Rows of one table and where they come from.
struct RowSet {
    std::vector<view::Row> rows;
    bool live = false;
    std::string origin;  ///< one line for people
};

/// Reads what a daemon knows: from the running one through its control socket, else from the files
/// it left. Links no network code but the socket's.
class Reader {
  public:
    Reader(std::filesystem::path state_dir, std::filesystem::path control_socket)
        : state_dir_(std::move(state_dir)), socket_(std::move(control_socket)) {}

    /// GET on the control socket. None: no daemon answers there.
    std::optional<view::Row> ask(const std::string& path, const Params& params) const;
    /// POST on the control socket.
    Expected<view::Row, QueryError> command(const std::string& path) const;

    /// All rows of a table: live (all pages), else of the newest snapshot, filtered alike.
    Expected<RowSet, QueryError> table(const std::string& table, const Params& params,
                                       std::size_t limit) const;
    /// Lines of the alert archive from `since` (unix seconds) on, oldest first, the last `limit`.
    Expected<RowSet, QueryError> alerts(std::uint64_t since, std::size_t limit) const;

    const std::filesystem::path& state_dir() const { return state_dir_; }

  private:
    Expected<RowSet, QueryError> from_files(const std::string& table, const Params& params,
                                            std::size_t limit) const;

    std::filesystem::path state_dir_;
    std::filesystem::path socket_;
};

}  // namespace plimsoll::query
