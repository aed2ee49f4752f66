#include "daemon/store/state_dir.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace plimsoll::store {
namespace {

constexpr mode_t kDirectoryMode = 0750;
constexpr mode_t kFileMode = 0640;

StoreFault fault_of_errno(int error) {
    switch (error) {
        case ENOSPC:
        case EDQUOT:
            return StoreFault::full;
        case EROFS:
        case EACCES:
        case EPERM:
            return StoreFault::read_only;
        default:
            return StoreFault::io;
    }
}

[[noreturn]] void fail(const std::filesystem::path& path, std::string_view doing, int error) {
    throw Failure(StoreError{fault_of_errno(error), path.string() + ": cannot " +
                                                        std::string(doing) + ": " +
                                                        std::generic_category().message(error)});
}

FileHandle open_file(const std::filesystem::path& path, int flags, std::string_view doing) {
    FileHandle file(::open(path.c_str(), flags | O_CLOEXEC, kFileMode));
    if (file.fd() < 0) {
        fail(path, doing, errno);
    }
    return file;
}

/// Absolute, and without a slash at the end.
std::filesystem::path normal(const std::filesystem::path& path) {
    std::error_code error;
    const std::filesystem::path full = std::filesystem::absolute(path, error).lexically_normal();
    if (error) {
        fail(path, "resolve", error.value());
    }
    return full.has_filename() ? full : full.parent_path();
}

void make_directory(const std::filesystem::path& path) {
    const std::filesystem::path parent = path.parent_path();
    std::error_code error;
    std::filesystem::create_directories(parent, error);
    if (error) {
        fail(parent, "make the directory", error.value());
    }
    if (::mkdir(path.c_str(), kDirectoryMode) == 0) {
        if (::chmod(path.c_str(), kDirectoryMode) != 0) {
            fail(path, "set the mode", errno);
        }
        sync_path(parent);
    } else if (errno != EEXIST) {
        fail(path, "make the directory", errno);
    }
}

/// The process id that the holder wrote into the lock file, for the message.
std::string holder_of(int lock_fd) {
    std::array<char, 32> text{};
    const ssize_t size = ::pread(lock_fd, text.data(), text.size(), 0);
    std::string holder(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    return holder.substr(0, holder.find_first_not_of("0123456789"));
}

void write_holder(int lock_fd) {
    const std::string text = std::to_string(::getpid()) + "\n";
    // Only a courtesy to whoever reads the message: a full disk is no reason to stop here.
    if (::ftruncate(lock_fd, 0) == 0) {
        [[maybe_unused]] const ssize_t written = ::pwrite(lock_fd, text.data(), text.size(), 0);
    }
}

FileHandle lock_directory(const std::filesystem::path& path) {
    const std::filesystem::path file = path / "state.lock";
    FileHandle lock = open_file(file, O_RDWR | O_CREAT, "open");
    if (::flock(lock.fd(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            fail(file, "lock", errno);
        }
        const std::string holder = holder_of(lock.fd());
        throw Failure(
            StoreError{StoreFault::locked, file.string() + ": another plimsoll" +
                                               (holder.empty() ? "" : " (process " + holder + ")") +
                                               " runs on this directory"});
    }
    if (::fchmod(lock.fd(), kFileMode) != 0 && errno != EPERM) {  // EPERM: another user made it
        fail(file, "set the mode", errno);
    }
    write_holder(lock.fd());
    return lock;
}

void require_database(const std::filesystem::path& file) {
    if (::access(file.c_str(), F_OK) == 0) {
        return;
    }
    if (errno != ENOENT && errno != ENOTDIR) {
        fail(file, "look up", errno);
    }
    throw Failure(StoreError{StoreFault::missing, file.string() + ": there is no store"});
}

std::string utc_stamp() {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    std::array<char, 32> text{};
    const std::size_t size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc);
    return {text.data(), size};
}

/// Like `path`, with the ending that SQLite gives the files beside a database.
std::filesystem::path beside(const std::filesystem::path& path, const char* ending) {
    return path.string() + ending;
}

}  // namespace

FileHandle::~FileHandle() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

StateDir StateDir::take(const std::filesystem::path& directory, bool create) {
    const std::filesystem::path path = normal(directory);
    if (create) {
        make_directory(path);
    } else {
        require_database(path / "state.db");
    }
    FileHandle lock = lock_directory(path);
    return StateDir(path, std::move(lock));
}

void StateDir::ensure_database() const {
    if (::access(database().c_str(), F_OK) == 0) {
        return;
    }
    make_empty_file(database());
    sync_path(path_);
}

std::filesystem::path StateDir::set_database_aside() const {
    const std::filesystem::path base = beside(database(), (".bad-" + utc_stamp()).c_str());
    std::filesystem::path bad = base;
    for (int copy = 2; ::access(bad.c_str(), F_OK) == 0; ++copy) {
        bad = beside(base, ("-" + std::to_string(copy)).c_str());
    }
    // The database goes first: without its log it could pass for a good one, of an earlier time.
    for (const char* ending : {"", "-wal", "-shm", "-journal"}) {
        if (::access(beside(database(), ending).c_str(), F_OK) == 0) {
            rename_path(beside(database(), ending), beside(bad, ending));
        }
    }
    sync_path(path_);
    return bad;
}

void make_empty_file(const std::filesystem::path& file) {
    const FileHandle made = open_file(file, O_RDWR | O_CREAT | O_TRUNC, "make");
    if (::fchmod(made.fd(), kFileMode) != 0) {
        fail(file, "set the mode", errno);
    }
}

void sync_path(const std::filesystem::path& path) {
    const FileHandle opened = open_file(path, O_RDONLY, "open");
    if (::fsync(opened.fd()) != 0) {
        fail(path, "sync", errno);
    }
}

void rename_path(const std::filesystem::path& from, const std::filesystem::path& to) {
    if (std::rename(from.c_str(), to.c_str()) != 0) {
        fail(from, "rename", errno);
    }
}

}  // namespace plimsoll::store
