#include "daemon/snapshots/writer.hpp"

#include "abi/hex.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace plimsoll::snapshots {
namespace {

namespace fs = std::filesystem;

Unexpected<WriteError> failed(const fs::path& path, const std::string& what) {
    return Unexpected<WriteError>{WriteError{path.string() + ": " + what}};
}

Unexpected<WriteError> failed_errno(const fs::path& path, const char* step) {
    return failed(path, std::string(step) + ": " + std::strerror(errno));
}

class File {
  public:
    File(const fs::path& path, int flags, mode_t mode) : fd_(::open(path.c_str(), flags, mode)) {}
    ~File() {
        if (fd_ >= 0) ::close(fd_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    bool is_open() const { return fd_ >= 0; }
    bool write_all(std::string_view text) const {
        while (!text.empty()) {
            const ssize_t written = ::write(fd_, text.data(), text.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) return false;
            text.remove_prefix(static_cast<std::size_t>(written));
        }
        return true;
    }
    bool sync() const { return ::fsync(fd_) == 0; }

  private:
    int fd_;
};

Expected<void, WriteError> sync_folder(const fs::path& folder) {
    const File file(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (!file.is_open() || !file.sync()) return failed_errno(folder, "sync");
    return {};
}

Expected<void, WriteError> make_folders(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) return failed(folder, "cannot be made: " + error.message());
    return {};
}

nlohmann::ordered_json read_latest(const fs::path& path) {
    std::ifstream in(path);
    auto latest = nlohmann::ordered_json::parse(in, nullptr, false);
    if (latest.is_discarded() || !latest.is_object()) latest = nlohmann::ordered_json::object();
    if (!latest.contains("chains") || !latest["chains"].is_object()) {
        latest["chains"] = nlohmann::ordered_json::object();
    }
    return latest;
}

}  // namespace

std::string utc_date(std::uint64_t unix_seconds) {
    const auto seconds = static_cast<std::time_t>(unix_seconds);
    std::tm parts{};
    if (::gmtime_r(&seconds, &parts) == nullptr) return "1970-01-01";
    std::array<char, 32> text{};
    const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts);
    return {text.data(), size};
}

fs::path snapshot_path(const std::string& table, const std::string& chain, const BlockRef& block) {
    std::string number = std::to_string(block.number);
    if (number.size() < 12) number.insert(0, 12 - number.size(), '0');
    return fs::path("table=" + table) / ("chain=" + chain) / ("date=" + utc_date(block.time)) /
           (number + ".jsonl");
}

Expected<void, WriteError> replace_file(const fs::path& path, const std::string& content) {
    if (auto made = make_folders(path.parent_path()); !made) return made;
    const fs::path temporary = path.parent_path() / ("." + path.filename().string() + ".tmp");
    {
        const File file(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
        if (!file.is_open()) return failed_errno(temporary, "open");
        if (!file.write_all(content)) return failed_errno(temporary, "write");
        if (!file.sync()) return failed_errno(temporary, "sync");
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) return failed_errno(path, "rename");
    return sync_folder(path.parent_path());
}

Expected<void, WriteError> write_tables(const fs::path& snapshots_dir, const Tables& tables) {
    nlohmann::ordered_json files = nlohmann::ordered_json::object();
    for (const auto& [table, lines] : tables.lines) {
        const fs::path path = snapshot_path(table, tables.chain, tables.block);
        std::string content;
        for (const std::string& line : lines) {
            content += line;
            content += '\n';
        }
        if (auto written = replace_file(snapshots_dir / path, content); !written) return written;
        files[table] = nlohmann::ordered_json::array({path.string()});
    }
    nlohmann::ordered_json latest = read_latest(snapshots_dir / "latest.json");
    latest["chains"][tables.chain] = {{"block", tables.block.number},
                                      {"block_hash", to_hex(tables.block.hash)},
                                      {"block_time", tables.block.time},
                                      {"files", std::move(files)}};
    return replace_file(snapshots_dir / "latest.json", latest.dump() + "\n");
}

void remove_before(const fs::path& snapshots_dir, const std::string& oldest_date) {
    std::error_code error;
    for (const auto& table : fs::directory_iterator(snapshots_dir, error)) {
        if (!table.is_directory(error)) continue;
        for (const auto& chain : fs::directory_iterator(table, error)) {
            for (const auto& date : fs::directory_iterator(chain, error)) {
                const std::string name = date.path().filename().string();
                if (name.starts_with("date=") && name.substr(5) < oldest_date) {
                    fs::remove_all(date.path(), error);
                }
            }
        }
    }
}

}  // namespace plimsoll::snapshots
