#pragma once

#include "abi/expected.hpp"
#include "daemon/query/names.hpp"
#include "daemon/store/store.hpp"
#include "daemon/view/rows.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::query {

/// Exit codes of the reading commands, after sysexits.h.
inline constexpr int kExitUsage = 64;        ///< the question makes no sense
inline constexpr int kExitData = 65;         ///< a file holds what it should not
inline constexpr int kExitNoInput = 66;      ///< a file is missing
inline constexpr int kExitUnavailable = 69;  ///< nobody and nothing answers
inline constexpr int kExitIo = 74;
inline constexpr int kExitPermission = 77;

inline constexpr std::size_t kAllRows = 10'000'000;
inline constexpr std::size_t kRowsForPeople = 100;

/// Nothing could be read; `message` says what was tried and what to do.
struct QueryError {
    std::string message;
    int exit_code = kExitUnavailable;
};

using Params = std::map<std::string, std::string>;

/// What the running daemon answered.
struct Answer {
    int status = 0;  ///< of HTTP
    view::Row body;
};

/// Where a live answer comes from, for people: the blocks of all chains, or that of the chain of
/// the one protocol that was asked for.
std::string live_origin(const view::Row& body, const std::string& protocol);

/// Of whom the daemon says that nothing is known just now, and why.
std::vector<std::string> unknown_in(const view::Row& body);

/// Rows of one table and where they come from.
struct RowSet {
    std::vector<view::Row> rows;
    bool live = false;
    bool more = false;                      ///< there are more rows than were asked for
    std::string origin;                     ///< one line for people
    std::vector<std::string> unknown = {};  ///< of whom nothing is known just now, and why
};

/// Reads what a daemon knows: from the running one through its control socket, else from the files
/// and the store it left. The store is opened only while no daemon holds it, and never changed.
class Reader {
  public:
    /// `now` is unix seconds; `configured` is empty where no configuration is known.
    Reader(std::filesystem::path state_dir, std::filesystem::path control_socket, std::uint64_t now,
           Names configured = {})
        : state_dir_(std::move(state_dir)),
          socket_(std::move(control_socket)),
          now_(now),
          configured_(std::move(configured)) {}

    /// GET on the control socket. None: no daemon answers there.
    std::optional<Answer> ask(const std::string& path, const Params& params) const;
    /// The body of a 200; anything else is an error.
    static Expected<view::Row, QueryError> accept(Answer answer);
    /// POST on the control socket.
    Expected<view::Row, QueryError> command(const std::string& path,
                                            const Params& params = {}) const;
    /// An operator's command such as "outbox/list": the running daemon's, else on the store that a
    /// stopped one left. `now` is unix seconds.
    Expected<view::Row, QueryError> operate(const std::string& path, const Params& params,
                                            std::uint64_t now) const;
    bool is_running() const { return ask("/-/healthy", {}).has_value(); }

    /// The first `limit` rows of a table: live, else of the newest snapshot, filtered alike;
    /// liquidations of a stopped daemon from its store. Rows of a snapshot that were `live` are
    /// `stale` once their block is as old as that.
    Expected<RowSet, QueryError> table(const std::string& table, const Params& params,
                                       std::size_t limit) const;
    /// Lines of the alert archive in [since, until) that `wants` wants, oldest first, the last
    /// `limit`. Without an archive, what the daemon or its store has.
    template <class Wants>
    Expected<RowSet, QueryError> alerts(std::uint64_t since, std::uint64_t until, std::size_t limit,
                                        Wants&& wants) const {
        auto all = alerts(since, until);
        if (!all) return all;
        std::erase_if(all->rows, [&wants](const view::Row& row) { return !wants(row); });
        all->more = all->rows.size() > limit;
        if (all->more) {
            all->rows.erase(all->rows.begin(),
                            all->rows.end() - static_cast<std::ptrdiff_t>(limit));
        }
        return all;
    }
    /// What is known of a stopped daemon, in the shape of `/status`.
    Expected<view::Row, QueryError> last_status() const;
    /// What `latest.json` says.
    Expected<view::Row, QueryError> latest() const;
    /// Unix seconds of the newest block of all chains: processed, or left by a stopped daemon.
    std::optional<std::uint64_t> newest_block_time() const;
    /// Since when each chain's events were recorded, in unix seconds: the time of the first
    /// snapshot that is kept.
    std::map<std::string, std::uint64_t> recorded_since() const;

    /// What may be named: chains and protocols of the running daemon, which knows them better than
    /// a file that may have changed since; else the configured ones and those of the last snapshot.
    Names names() const;
    /// Bands of the configuration, by name.
    const std::vector<std::string>& bands() const { return configured_.bands; }

    const std::filesystem::path& state_dir() const { return state_dir_; }

  private:
    Expected<RowSet, QueryError> alerts(std::uint64_t since, std::uint64_t until) const;
    Expected<std::vector<std::string>, QueryError> missing_in(const view::Row& runs,
                                                              const std::string& wanted) const;
    Expected<RowSet, QueryError> from_files(const std::string& table, const Params& params,
                                            std::size_t limit) const;
    Expected<RowSet, QueryError> stopped_liquidations(const Params& params,
                                                      std::size_t limit) const;
    Expected<RowSet, QueryError> first_of(RowSet all, const Params& params,
                                          std::size_t limit) const;
    std::vector<std::string> chain_names() const;
    std::unique_ptr<store::Store> open_store() const;

    std::filesystem::path state_dir_;
    std::filesystem::path socket_;
    std::uint64_t now_;
    Names configured_;
};

}  // namespace plimsoll::query
