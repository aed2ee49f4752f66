#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace plimsoll::app::testing {

/// The real program as a child, with what it writes to standard error. It does not outlive us.
class Process {
  public:
    struct Options {
        std::vector<std::string> arguments;
        std::map<std::string, std::string> environment;  ///< besides ours
        std::vector<std::string> unset;
        bool journal = false;       ///< `$JOURNAL_STREAM` names its standard error
        std::optional<uid_t> user;  ///< where we are root
    };
    explicit Process(const Options& options);
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();

    pid_t pid() const { return pid_; }
    void signal(int number) const;
    /// The exit code, 128 and the number where a signal ended it, none when it runs on.
    std::optional<int> exit_code(std::chrono::milliseconds within);
    /// What it has said so far.
    std::string said() const;
    /// Waits for it to say so; whether it did.
    bool says(const std::string& text, std::chrono::milliseconds within) const;
    /// Closes the other end of its standard error.
    void stop_listening();

  private:
    void listen();

    pid_t pid_ = -1;
    int error_ = -1;
    std::optional<int> code_;
    mutable std::mutex mutex_;  // guards said_
    std::string said_;
    std::thread listener_;
    int wake_[2] = {-1, -1};
};

/// A directory of its own, gone at the end. Every user may enter it.
class Folder {
  public:
    Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder();

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path write(const std::string& name, const std::string& content,
                                mode_t mode = 0644) const;

  private:
    std::filesystem::path path_;
};

/// HTTP GET; the body, empty where nobody answers.
std::string get(const std::string& url);

}  // namespace plimsoll::app::testing
