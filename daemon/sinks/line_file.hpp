#pragma once

#include "abi/expected.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace plimsoll::sinks {

/// A file of lines that only grows, each line durable before it counts. For one thread at a time,
/// and the only writer of its file.
///
/// Opening cuts a last line without line feed, which a crash left torn; the folder's entry and
/// those of the two folders above are synced then, so that the file itself survives a crash too.
class LineFile {
  public:
    /// How much of the file's end is searched for a line that was written before.
    static constexpr std::size_t kTail = 64 * 1024;

    /// Makes missing folders (mode 0750) and the file (0640). The message names file and reason.
    static Expected<LineFile, std::string> open(const std::filesystem::path& path);
    LineFile(LineFile&& other) noexcept;
    LineFile& operator=(LineFile&& other) noexcept;
    ~LineFile();

    const std::filesystem::path& path() const { return path_; }
    /// Whether the path still leads to this file: somebody may have moved or removed it.
    bool is_current() const;

    /// The end of the file, beginning with a whole line, at most `kTail` bytes.
    Expected<std::string, std::string> tail() const;
    /// Appends the line and a line feed and syncs. After an error nothing of it is left, as far as
    /// the disk allows, and the file must be opened again.
    Expected<void, std::string> append(std::string_view line);
    /// Syncs what stands in the file already.
    Expected<void, std::string> sync();

  private:
    LineFile(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}
    std::string failure(const char* what) const;
    Expected<void, std::string> cut_torn_line();
    Expected<void, std::string> write_all(std::string_view bytes);

    std::filesystem::path path_;
    int fd_ = -1;
};

}  // namespace plimsoll::sinks
