#include "daemon/sinks/jsonl.hpp"

#include "daemon/alerts/jsonl.hpp"
#include "daemon/alerts/utc.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <system_error>
#include <utility>

namespace plimsoll::sinks {
namespace {

constexpr std::string_view kFolderPrefix = "date=";

std::optional<std::int64_t> day_of(std::string_view folder) {
    if (!folder.starts_with(kFolderPrefix)) return std::nullopt;
    return alerts::parse_utc_date(folder.substr(kFolderPrefix.size()));
}

/// Whether one of the lines is the alert `id`. The text of other members may hold the same
/// characters, so a line that has them is parsed.
bool has_alert(std::string_view lines, const std::string& id) {
    const std::string member = "\"id\":\"" + id + "\"";
    while (!lines.empty()) {
        const std::size_t end = std::min(lines.find('\n'), lines.size());
        const std::string_view line = lines.substr(0, end);
        lines.remove_prefix(std::min(end + 1, lines.size()));
        if (line.find(member) == std::string_view::npos) continue;
        const auto alert = nlohmann::json::parse(line, nullptr, false);
        if (alert.is_object() && alert.contains("id") && alert.at("id") == id) return true;
    }
    return false;
}

}  // namespace

std::vector<std::string> expired_folders(std::span<const std::string> names,
                                         std::chrono::sys_seconds now,
                                         std::chrono::milliseconds keep) {
    std::optional<std::int64_t> newest;
    for (const std::string& name : names) {
        if (const auto day = day_of(name)) newest = std::max(newest.value_or(*day), *day);
    }
    if (!newest) return {};
    const std::int64_t today = std::min<std::int64_t>(
        *newest, std::chrono::floor<std::chrono::days>(now).time_since_epoch().count());
    const std::int64_t days =
        std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::days>(keep).count());
    std::vector<std::string> out;
    for (const std::string& name : names) {
        if (const auto day = day_of(name); day && *day < today - days) out.push_back(name);
    }
    return out;
}

JsonlSink::JsonlSink(std::string name, std::filesystem::path folder, std::chrono::milliseconds keep)
    : name_(std::move(name)), folder_(std::move(folder)), keep_(keep) {}

Expected<void, std::string> JsonlSink::open_for(std::uint64_t at) {
    const auto path =
        folder_ / (std::string(kFolderPrefix) + alerts::utc_date(at)) / "alerts.jsonl";
    if (file_ && file_->path() == path && file_->is_current()) return {};
    file_.reset();
    auto opened = LineFile::open(path);
    if (!opened) return Unexpected<std::string>{opened.error()};
    file_ = std::move(*opened);
    return {};
}

Expected<void, std::string> JsonlSink::store_line(const Message& message, const std::string& line) {
    if (auto opened = open_for(message.at); !opened) return opened;
    const auto tail = file_->tail();
    if (!tail) return Unexpected<std::string>{tail.error()};
    if (has_alert(*tail, message.id)) return file_->sync();
    return file_->append(line);
}

Outcome JsonlSink::deliver(const Message& message, std::chrono::sys_seconds /*now*/) {
    const auto line =
        alerts::jsonl_line(message.body, message.signature, message.signer, message.muted_by);
    if (!line) return {Outcome::Kind::refused, std::nullopt, line.error().message};
    if (auto stored = store_line(message, *line); !stored) {
        file_.reset();  // opening it again looks at what is really there
        return {Outcome::Kind::retry, std::nullopt, stored.error()};
    }
    return {Outcome::Kind::ok};
}

void JsonlSink::maintain(std::chrono::sys_seconds now, const Report& /*report*/) {
    std::error_code error;  // a folder that cannot be read or removed today may be tomorrow
    std::vector<std::string> names;
    for (std::filesystem::directory_iterator entry(folder_, error), end; !error && entry != end;
         entry.increment(error)) {
        names.push_back(entry->path().filename().string());
    }
    for (const std::string& name : expired_folders(names, now, keep_)) {
        std::filesystem::remove_all(folder_ / name, error);
    }
}

}  // namespace plimsoll::sinks
