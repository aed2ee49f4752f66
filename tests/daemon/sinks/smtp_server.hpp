#pragma once

#include <arpa/inet.h>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace plimsoll::testing {

/// A mail server on loopback without TLS. `answers` replaces its answers by the line's first word
/// ("RCPT"), by the whole line ("RCPT TO:<a@b>"), or of the mail itself ("."); "" closes.
class SmtpServer {
  public:
    using Answers = std::map<std::string, std::string>;

    explicit SmtpServer(Answers answers = {}) : answers_(std::move(answers)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        auto* any = reinterpret_cast<sockaddr*>(&address);
        if (bind(fd_, any, size) != 0 || listen(fd_, 16) != 0) std::abort();
        getsockname(fd_, any, &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { run(); });
    }
    SmtpServer(const SmtpServer&) = delete;
    SmtpServer& operator=(const SmtpServer&) = delete;
    ~SmtpServer() {
        is_stopping_ = true;
        thread_.join();
        close(fd_);
    }

    int port() const { return port_; }
    std::string url() const { return "smtp://127.0.0.1:" + std::to_string(port_); }
    /// All lines heard, those of mails included.
    std::vector<std::string> lines() const {
        const std::lock_guard lock(mutex_);
        return lines_;
    }

  private:
    void run() {
        pollfd watched{fd_, POLLIN, 0};
        while (!is_stopping_) {
            if (poll(&watched, 1, 10) <= 0) continue;
            const int fd = accept(fd_, nullptr, nullptr);
            if (fd < 0) continue;
            talk(fd);
            close(fd);
        }
    }

    void talk(int fd) {
        say(fd, answer("CONNECT", "220 test"));
        bool is_mail = false;
        std::string line;
        while (read_line(fd, line)) {
            {
                const std::lock_guard lock(mutex_);
                lines_.push_back(line);
            }
            if (is_mail && line != ".") continue;
            std::string said;
            if (is_mail) {
                said = answer(".", "250 taken");
                is_mail = false;
            } else {
                const std::string word = line.substr(0, line.find(' '));
                const bool is_whole = answers_.contains(line);
                said = answer(is_whole ? line : word, usual(word));
                is_mail = word == "DATA" && said.starts_with("3");
            }
            if (said.empty()) return;
            say(fd, said);
        }
    }

    static std::string usual(const std::string& word) {
        if (word == "DATA") return "354 go on";
        if (word == "EHLO") return "250-test\r\n250 8BITMIME";
        if (word == "QUIT") return "";
        return "250 ok";
    }

    std::string answer(const std::string& to, const std::string& usual) const {
        const auto found = answers_.find(to);
        return found == answers_.end() ? usual : found->second;
    }

    static void say(int fd, const std::string& text) {
        const std::string line = text + "\r\n";
        (void)::send(fd, line.data(), line.size(), MSG_NOSIGNAL);
    }

    bool read_line(int fd, std::string& line) const {
        line.clear();
        pollfd watched{fd, POLLIN, 0};
        for (;;) {
            if (is_stopping_) return false;
            if (poll(&watched, 1, 10) <= 0) continue;
            char c = 0;
            if (recv(fd, &c, 1, 0) != 1) return false;
            if (c == '\n') return true;
            if (c != '\r') line += c;
        }
    }

    const Answers answers_;
    int fd_ = -1;
    int port_ = 0;
    std::atomic<bool> is_stopping_{false};
    mutable std::mutex mutex_;  // guards lines_
    std::vector<std::string> lines_;
    std::thread thread_;
};

}  // namespace plimsoll::testing
