#include "daemon/app/logging.hpp"

#include "daemon/app/repeats.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <sys/stat.h>
#include <unistd.h>

namespace plimsoll::app {
namespace {

using spdlog::details::log_msg;

/// Whether standard error goes to the journal: `$JOURNAL_STREAM` names its device and inode.
bool logs_to_journal() {
    const char* stream = std::getenv("JOURNAL_STREAM");  // NOLINT(concurrency-mt-unsafe): at start
    struct stat file {};
    if (stream == nullptr || ::fstat(STDERR_FILENO, &file) != 0) return false;
    return std::to_string(file.st_dev) + ":" + std::to_string(file.st_ino) == stream;
}

char priority_of(spdlog::level::level_enum level) {
    constexpr std::string_view kPriorities = "7764326";
    return kPriorities[std::min<std::size_t>(static_cast<std::size_t>(level), 6)];
}

class PriorityFlag final : public spdlog::custom_flag_formatter {
  public:
    void format(const log_msg& message, const std::tm& /*time*/,
                spdlog::memory_buf_t& out) override {
        const char text[] = {'<', priority_of(message.level), '>'};
        out.append(text, text + sizeof text);
    }
    std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<PriorityFlag>();
    }
};

std::unique_ptr<spdlog::formatter> make_formatter() {
    auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    formatter->add_flag<PriorityFlag>('*').set_pattern(
        logs_to_journal() ? "%*%v" : "%Y-%m-%dT%H:%M:%S.%eZ %-5l %v");
    return formatter;
}

void write_out(const char* bytes, std::size_t size) {
    while (size > 0) {
        const ssize_t done = ::write(STDERR_FILENO, bytes, size);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return;  // nobody reads the log: there is nobody to tell
        bytes += done;
        size -= static_cast<std::size_t>(done);
    }
}

/// Standard error, without repeats. A message is one line whatever it holds, so that no text from
/// outside can pose as a message of ours.
class StderrSink final : public spdlog::sinks::base_sink<std::mutex> {
  public:
    StderrSink() : base_sink(make_formatter()) {}

    void tell_due() {
        const std::scoped_lock lock(mutex_);
        tell_due_at(std::chrono::steady_clock::now());
    }

  protected:
    void sink_it_(const log_msg& message) override {
        std::string text(message.payload.data(), message.payload.size());
        std::replace_if(
            text.begin(), text.end(),
            [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
        const auto now = std::chrono::steady_clock::now();
        if (now - looked_at_ >= std::chrono::seconds(1)) tell_due_at(now);
        if (repeats_.is_told(message.level, text, now)) put(message.level, text, message.time);
    }
    void flush_() override {}

  private:
    void tell_due_at(Repeats::Time now) {
        looked_at_ = now;
        for (const Repeats::Held& held : repeats_.due(now)) {
            put(static_cast<spdlog::level::level_enum>(held.level), Repeats::line(held),
                spdlog::log_clock::now());
        }
    }

    void put(spdlog::level::level_enum level, const std::string& text,
             spdlog::log_clock::time_point time) {
        const log_msg line(time, {}, "plimsoll", level, text);
        spdlog::memory_buf_t bytes;
        formatter_->format(line, bytes);
        write_out(bytes.data(), bytes.size());
    }

    Repeats repeats_;
    Repeats::Time looked_at_;
};

/// The sink of the log. Made once; shared with spdlog, which wants it so.
std::shared_ptr<StderrSink>& stderr_sink() {
    static std::shared_ptr<StderrSink> one = std::make_shared<StderrSink>();
    return one;
}

void print(spdlog::level::level_enum level, std::string_view line) {
    std::string text;
    if (logs_to_journal()) text = {'<', priority_of(level), '>'};
    text.append(line).push_back('\n');
    write_out(text.data(), text.size());
}

}  // namespace

void set_up_logging(const std::string& level) {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("plimsoll", stderr_sink()));
    set_log_level(level);
}

void set_log_level(const std::string& level) { spdlog::set_level(spdlog::level::from_str(level)); }

void tell_repeats() { stderr_sink()->tell_due(); }

void print_error(std::string_view line) { print(spdlog::level::err, line); }
void print_warning(std::string_view line) { print(spdlog::level::warn, line); }

}  // namespace plimsoll::app
