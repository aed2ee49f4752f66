#include "tests/daemon/app/process.hpp"

#include <curl/curl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <map>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace plimsoll::app::testing {

using namespace std::chrono_literals;

namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

/// Ours, changed as the options say.
std::vector<std::string> environment_of(const Process::Options& options,
                                        const struct stat& stream) {
    std::map<std::string, std::string> all;
    for (char** entry = ::environ; *entry != nullptr; ++entry) {
        const std::string text = *entry;
        const std::size_t equals = std::min(text.find('='), text.size());
        all[text.substr(0, equals)] = text.substr(std::min(equals + 1, text.size()));
    }
    for (const auto& name : options.unset) all.erase(name);
    for (const auto& [name, value] : options.environment) all[name] = value;
    all.erase("JOURNAL_STREAM");
    if (options.journal) {
        all["JOURNAL_STREAM"] = std::to_string(stream.st_dev) + ":" + std::to_string(stream.st_ino);
    }
    std::vector<std::string> out;
    for (const auto& [name, value] : all) out.push_back(name + "=" + value);
    return out;
}

}  // namespace

Process::Process(const Options& options) {
    std::array<int, 2> pipe{};
    EXPECT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(wake_, O_CLOEXEC), 0);
    struct stat stream {};
    EXPECT_EQ(::fstat(pipe[1], &stream), 0);
    std::vector<std::string> texts{PLIMSOLL_BINARY};
    texts.insert(texts.end(), options.arguments.begin(), options.arguments.end());
    std::vector<char*> arguments = pointers(texts);
    std::vector<std::string> names = environment_of(options, stream);
    std::vector<char*> environment = pointers(names);
    pid_ = ::fork();
    if (pid_ == 0) {
        // Other threads may have held any lock at the fork: nothing here takes one.
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(pipe[1], STDERR_FILENO);
        if (options.user && (::setgid(*options.user) != 0 || ::setuid(*options.user) != 0)) {
            ::_exit(99);
        }
        ::execve(PLIMSOLL_BINARY, arguments.data(), environment.data());
        ::_exit(98);
    }
    ::close(pipe[1]);
    error_ = pipe[0];
    listener_ = std::thread([this] { listen(); });
}

Process::~Process() {
    if (!code_) {
        ::kill(pid_, SIGKILL);
        exit_code(10s);
    }
    stop_listening();
    for (const int end : wake_) ::close(end);
    if (::testing::Test::HasFailure()) {
        std::fprintf(stderr, "---- the program said:\n%s----\n", said().c_str());
    }
}

void Process::listen() {
    for (;;) {
        std::array<pollfd, 2> waiting{{{error_, POLLIN, 0}, {wake_[0], POLLIN, 0}}};
        ::poll(waiting.data(), waiting.size(), -1);
        if (waiting[1].revents != 0) return;
        std::array<char, 4096> bytes{};
        const ssize_t size = ::read(error_, bytes.data(), bytes.size());
        if (size <= 0) return;
        const std::scoped_lock lock(mutex_);
        said_.append(bytes.data(), static_cast<std::size_t>(size));
    }
}

void Process::stop_listening() {
    if (!listener_.joinable()) return;
    if (!code_) {
        EXPECT_EQ(::write(wake_[1], "x", 1), 1);
    }
    listener_.join();
    ::close(error_);
}

void Process::signal(int number) const { EXPECT_EQ(::kill(pid_, number), 0); }

std::optional<int> Process::exit_code(std::chrono::milliseconds within) {
    const auto deadline = std::chrono::steady_clock::now() + within;
    while (!code_) {
        int status = 0;
        const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
        if (ended == pid_) {
            code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        } else if (std::chrono::steady_clock::now() >= deadline) {
            break;
        } else {
            std::this_thread::sleep_for(5ms);
        }
    }
    return code_;
}

std::string Process::said() const {
    const std::scoped_lock lock(mutex_);
    return said_;
}

bool Process::says(const std::string& text, std::chrono::milliseconds within) const {
    const auto deadline = std::chrono::steady_clock::now() + within;
    while (said().find(text) == std::string::npos) {
        if (std::chrono::steady_clock::now() >= deadline) return false;
        std::this_thread::sleep_for(5ms);
    }
    return true;
}

Folder::Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "plimsoll-app-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
    ::chmod(path_.c_str(), 0755);
}

Folder::~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path Folder::write(const std::string& name, const std::string& content,
                                    mode_t mode) const {
    const auto path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
    ::chmod(path.c_str(), mode);
    return path;
}

namespace {

std::size_t append(char* bytes, std::size_t size, std::size_t count, void* out) {
    static_cast<std::string*>(out)->append(bytes, size * count);
    return size * count;
}

}  // namespace

std::string get(const std::string& url) {
    std::string body;
    CURL* handle = curl_easy_init();
    curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
    curl_easy_setopt(handle, CURLOPT_TIMEOUT, 30L);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &append);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &body);
    curl_easy_perform(handle);
    curl_easy_cleanup(handle);
    return body;
}

}  // namespace plimsoll::app::testing
