#include "daemon/sinks/line_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace plimsoll::sinks {
namespace {

constexpr mode_t kFolderMode = 0750;
constexpr mode_t kFileMode = 0640;

using Result = Expected<void, std::string>;

std::string reason() { return std::generic_category().message(errno); }

Unexpected<std::string> failed(std::string message) {
    return Unexpected<std::string>{std::move(message)};
}

Result make_folders(const std::filesystem::path& folder) {
    if (folder.empty() || mkdir(folder.c_str(), kFolderMode) == 0 || errno == EEXIST) return {};
    if (errno == ENOENT) {
        if (auto above = make_folders(folder.parent_path()); !above) return above;
        if (mkdir(folder.c_str(), kFolderMode) == 0 || errno == EEXIST) return {};
    }
    return failed(folder.string() + ": cannot make folder: " + reason());
}

Result sync_folder(const std::filesystem::path& folder) {
    const int fd =
        ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return failed(folder.string() + ": cannot open folder: " + reason());
    const bool is_synced = fsync(fd) == 0 || errno == EINVAL;  // some file systems have none
    std::string why = is_synced ? std::string() : reason();
    close(fd);
    if (!is_synced) return failed(folder.string() + ": cannot sync folder: " + why);
    return {};
}

/// Reads [from, from + out.size()), or as much of it as there is.
bool read_at(int fd, off_t from, std::string& out) {
    std::size_t done = 0;
    while (done < out.size()) {
        const ssize_t count =
            pread(fd, out.data() + done, out.size() - done, from + static_cast<off_t>(done));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return false;
        if (count == 0) break;
        done += static_cast<std::size_t>(count);
    }
    out.resize(done);
    return true;
}

}  // namespace

LineFile::LineFile(LineFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

LineFile& LineFile::operator=(LineFile&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(fd_, other.fd_);
    return *this;
}

LineFile::~LineFile() {
    if (fd_ >= 0) close(fd_);
}

std::string LineFile::failure(const char* what) const {
    return path_.string() + ": cannot " + what + ": " + reason();
}

Expected<LineFile, std::string> LineFile::open(const std::filesystem::path& path) {
    const std::filesystem::path folder = path.parent_path();
    if (auto made = make_folders(folder); !made) return failed(made.error());
    const int fd =
        ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode);
    LineFile file(path, fd);
    if (fd < 0) return failed(file.failure("open"));
    if (auto cut = file.cut_torn_line(); !cut) return failed(cut.error());
    for (const auto& above : {folder, folder.parent_path(), folder.parent_path().parent_path()}) {
        if (auto synced = sync_folder(above); !synced) return failed(synced.error());
    }
    return file;
}

bool LineFile::is_current() const {
    struct stat ours {};
    struct stat named {};
    return fstat(fd_, &ours) == 0 && stat(path_.c_str(), &named) == 0 &&
           ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

Result LineFile::cut_torn_line() {
    struct stat about {};
    if (fstat(fd_, &about) != 0) return failed(failure("look at"));
    if (!S_ISREG(about.st_mode)) return failed(path_.string() + ": is no regular file");
    off_t keep = about.st_size;
    while (keep > 0) {
        const off_t from = std::max<off_t>(0, keep - static_cast<off_t>(kTail));
        std::string piece(static_cast<std::size_t>(keep - from), '\0');
        if (!read_at(fd_, from, piece)) return failed(failure("read"));
        const std::size_t end = piece.rfind('\n');
        if (end != std::string::npos) {
            keep = from + static_cast<off_t>(end) + 1;
            break;
        }
        keep = from;
    }
    if (keep == about.st_size) return {};
    if (ftruncate(fd_, keep) != 0) return failed(failure("cut the torn line of"));
    if (fsync(fd_) != 0) return failed(failure("sync"));
    return {};
}

Expected<std::string, std::string> LineFile::tail() const {
    struct stat about {};
    if (fstat(fd_, &about) != 0) return failed(failure("look at"));
    const off_t from = std::max<off_t>(0, about.st_size - static_cast<off_t>(kTail));
    std::string out(static_cast<std::size_t>(about.st_size - from), '\0');
    if (!read_at(fd_, from, out)) return failed(failure("read"));
    if (from > 0) {
        const std::size_t end = out.find('\n');
        out.erase(0, end == std::string::npos ? out.size() : end + 1);
    }
    return out;
}

Result LineFile::write_all(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed(failure("write"));
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

Result LineFile::append(std::string_view line) {
    struct stat before {};
    if (fstat(fd_, &before) != 0) return failed(failure("look at"));
    std::string bytes(line);
    bytes += '\n';
    Result result = write_all(bytes);
    if (result) result = sync();
    // A sync that failed may have dropped the pages for good: the line has to be written anew.
    if (!result && ftruncate(fd_, before.st_size) != 0) {
        result = failed(result.error() + "; and " + failure("take it back from"));
    }
    return result;
}

Result LineFile::sync() {
    if (fdatasync(fd_) != 0) return failed(failure("sync"));
    return {};
}

}  // namespace plimsoll::sinks
