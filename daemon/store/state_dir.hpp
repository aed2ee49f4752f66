#pragma once

#include "daemon/store/sqlite.hpp"

#include <filesystem>
#include <string>
#include <utility>

namespace plimsoll::store {

/// An open file, closed at the end.
class FileHandle {
  public:
    explicit FileHandle(int fd) : fd_(fd) {}
    ~FileHandle();
    FileHandle(FileHandle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    FileHandle(const FileHandle&) = delete;
    FileHandle& operator=(const FileHandle&) = delete;
    FileHandle& operator=(FileHandle&&) = delete;

    int fd() const { return fd_; }

  private:
    int fd_;
};

/// The state directory, ours alone as long as this lives. Throws `Failure`.
class StateDir {
  public:
    /// Makes the directory (0750) where it is missing and `create` allows it, and locks
    /// `state.lock`; `locked` when somebody holds it.
    static StateDir take(const std::filesystem::path& directory, bool create);

    std::filesystem::path database() const { return path_ / "state.db"; }
    /// Makes an empty `state.db` (0640) where there is none.
    void ensure_database() const;
    /// Renames `state.db` and what belongs to it to `state.db.bad-<UTC time>`; returns that path.
    std::filesystem::path set_database_aside() const;

  private:
    StateDir(std::filesystem::path path, FileHandle lock)
        : path_(std::move(path)), lock_(std::move(lock)) {}

    std::filesystem::path path_;
    FileHandle lock_;
};

/// Makes an empty file of mode 0640, whatever the umask; what was there is gone.
void make_empty_file(const std::filesystem::path& file);
/// Makes a file or a directory's entries durable.
void sync_path(const std::filesystem::path& path);
void rename_path(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace plimsoll::store
