#include "daemon/query/row_files.hpp"

#include "abi/address.hpp"
#include "daemon/http/params.hpp"
#include "daemon/query/when.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

namespace plimsoll::query {
namespace {

namespace fs = std::filesystem;
using view::Row;

QueryError cannot_read(const fs::path& path, int code) {
    const int exit_code = code == EACCES   ? kExitPermission
                          : code == ENOENT ? kExitNoInput
                                           : kExitIo;
    return {path.string() + ": " + std::generic_category().message(code), exit_code};
}

}  // namespace

std::string param(const Params& params, const char* name) {
    const auto found = params.find(name);
    return found == params.end() ? std::string() : found->second;
}

std::string text_of(const Row& row, const char* key) {
    if (!row.is_object()) return {};
    const auto found = row.find(key);
    return found != row.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Expected<RowFilter, std::string> RowFilter::make(const Params& params) {
    RowFilter out;
    out.protocol_ = param(params, "protocol");
    if (const auto text = param(params, "max_health_factor"); !text.empty()) {
        const auto value = http::parse_fixed(text, 18);
        if (!value) return Unexpected<std::string>{"max_health_factor: " + value.error().message};
        out.below_ = *value;
    }
    if (param(params, "at_risk") == "true") {
        const U256& line = view::at_risk_below().raw();
        out.below_ = out.below_ ? std::min(*out.below_, line) : line;
    }
    if (const auto text = param(params, "account"); !text.empty()) {
        const auto address = parse_any_address(text);
        if (!address) return Unexpected<std::string>{"account: " + address.error().message};
        out.account_ = *address;
    }
    if (const auto text = param(params, "since"); !text.empty()) out.since_ = std::stoull(text);
    if (const auto text = param(params, "until"); !text.empty()) out.until_ = std::stoull(text);
    return out;
}

bool RowFilter::wants(const Row& row) const {
    if (!protocol_.empty() && text_of(row, "protocol") != protocol_) return false;
    if (account_ && parse_any_address(text_of(row, "account")) != *account_) return false;
    const Row& time = row.contains("block_time") ? row["block_time"] : Row(0);
    if (time.is_number_unsigned()) {
        const auto at = time.get<std::uint64_t>();
        if (at < since_ || at >= until_) return false;
    }
    if (!below_) return true;
    // Unknown is not healthy: what cannot be computed is shown to those who ask for risk.
    if (row.contains("computable") && row["computable"] == false) return true;
    const auto health = parse_decimal(text_of(row, "health_factor"));
    return health && *health <= *below_;
}

Expected<void, QueryError> for_each_line(const fs::path& path,
                                         const std::function<void(Row)>& use) {
    errno = 0;
    std::ifstream in(path);
    if (!in) return Unexpected<QueryError>{cannot_read(path, errno)};
    std::size_t number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        Row row = Row::parse(line, nullptr, false);
        if (row.is_object()) {
            use(std::move(row));
        } else if (!in.eof()) {  // a last line without an end is being written, or was torn
            return Unexpected<QueryError>{QueryError{
                path.string() + ":" + std::to_string(number) + ": no JSON object", kExitData}};
        }
    }
    if (in.bad()) return Unexpected<QueryError>{cannot_read(path, EIO)};
    return {};
}

Expected<void, QueryError> add_rows(const fs::path& path, const RowFilter& filter,
                                    std::vector<Row>& rows) {
    return for_each_line(path, [&](Row row) {
        if (filter.wants(row)) rows.push_back(std::move(row));
    });
}

void let_age(Row& row, std::uint64_t stale_after, std::uint64_t now) {
    if (text_of(row, "state") != "live") return;
    const auto time = row.find("block_time");
    const bool has_time = time != row.end() && time->is_number_unsigned();
    const std::uint64_t at = has_time ? time->get<std::uint64_t>() : 0;
    const std::uint64_t distance = at < now ? now - at : at - now;
    if (distance > stale_after) row["state"] = "stale";
}

std::vector<fs::path> files_under(const fs::path& folder) {
    std::vector<fs::path> out;
    std::error_code error;
    for (auto entry = fs::recursive_directory_iterator(folder, error);
         !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
        const fs::path& path = entry->path();
        if (path.extension() == ".jsonl" && path.filename().string().front() != '.') {
            out.push_back(path);
        }
    }
    std::sort(out.begin(), out.end());
    return out;
}

bool is_day_before(const fs::path& path, std::uint64_t unix_seconds) {
    const std::string folder = path.parent_path().filename().string();
    if (!folder.starts_with("date=")) return false;
    const auto end = TimeZone().start_of_day(folder.substr(5), 1);
    return end && *end <= unix_seconds;
}

std::uint64_t time_of_alert(const Row& alert) {
    const std::string text = text_of(alert, "timestamp");  // 2026-01-15T12:00:11Z
    if (text.size() != 20) return 0;
    const auto day = TimeZone().start_of_day(text.substr(0, 10));
    const auto number = [&text](std::size_t at) {
        const auto digit = [&text](std::size_t i) {
            return static_cast<std::uint64_t>(text[i] - '0');
        };
        return digit(at) * 10 + digit(at + 1);
    };
    return day ? *day + number(11) * 3600 + number(14) * 60 + number(17) : 0;
}

}  // namespace plimsoll::query
