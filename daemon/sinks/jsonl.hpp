#pragma once

#include "daemon/sinks/line_file.hpp"
#include "daemon/sinks/sink.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace plimsoll::sinks {

/// Which of the folders named `date=YYYY-MM-DD` are older than `keep`, counted from the newest of
/// them or from `now`, whichever is earlier: a clock that runs ahead deletes nothing. Other names
/// are left out. `keep` below a day counts as a day.
std::vector<std::string> expired_folders(std::span<const std::string> names,
                                         std::chrono::sys_seconds now,
                                         std::chrono::milliseconds keep);

/// The archive: each alert exactly once in `<folder>/date=YYYY-MM-DD/alerts.jsonl`, by the UTC date
/// of its `timestamp`. A line is durable when `deliver` says ok; a message that is delivered again
/// after a crash is found in the last 64 KiB of the file and not written twice.
class JsonlSink final : public Sink {
  public:
    JsonlSink(std::string name, std::filesystem::path folder, std::chrono::milliseconds keep);

    const std::string& name() const override { return name_; }
    Limits limits() const override { return {.longest_wait = std::chrono::seconds{30}}; }
    Outcome deliver(const Message& message, std::chrono::sys_seconds now) override;
    /// Deletes whole date folders that are older than `keep`.
    void maintain(std::chrono::sys_seconds now, const Report& report) override;

  private:
    Expected<void, std::string> store_line(const Message& message, const std::string& line);
    Expected<void, std::string> open_for(std::uint64_t at);

    const std::string name_;
    const std::filesystem::path folder_;
    const std::chrono::milliseconds keep_;
    std::optional<LineFile> file_;  ///< of the date written to last
};

}  // namespace plimsoll::sinks
