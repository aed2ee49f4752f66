#pragma once

#include "abi/address.hpp"
#include "daemon/query/reader.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace plimsoll::query {

/// A member of a row that is text; empty where it is not.
std::string text_of(const view::Row& row, const char* key);

/// A parameter that may be missing; empty then.
std::string param(const Params& params, const char* name);

/// The filters of the HTTP interface, on rows read from files.
class RowFilter {
  public:
    /// The error says which parameter makes no sense.
    static Expected<RowFilter, std::string> make(const Params& params);
    bool wants(const view::Row& row) const;

  private:
    std::string protocol_;
    std::optional<Address> account_;
    std::optional<U256> below_;
    std::uint64_t since_ = 0;
    std::uint64_t until_ = UINT64_MAX;
};

/// Calls `use` with every line of the file that is a JSON object; a torn last line is none.
Expected<void, QueryError> for_each_line(const std::filesystem::path& path,
                                         const std::function<void(view::Row)>& use);
Expected<void, QueryError> add_rows(const std::filesystem::path& path, const RowFilter& filter,
                                    std::vector<view::Row>& rows);

/// A row that nobody renews: `live` becomes `stale` once its block is more than `stale_after`
/// seconds away from `now`; other states stay. A block ahead of the clock is of a chain with times
/// of its own, which do not say how old it is.
void let_age(view::Row& row, std::uint64_t stale_after, std::uint64_t now);

/// Every complete `.jsonl` file below the folder, by path, which is by date and block.
std::vector<std::filesystem::path> files_under(const std::filesystem::path& folder);
/// The file lies in a `date=` folder of a day that was over before this second.
bool is_day_before(const std::filesystem::path& path, std::uint64_t unix_seconds);

/// Unix seconds of an alert's `timestamp`; 0 when it has none.
std::uint64_t time_of_alert(const view::Row& alert);

}  // namespace plimsoll::query
