#include "daemon/app/logging.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace plimsoll::app {
namespace {

/// Whether standard error goes to the journal: `$JOURNAL_STREAM` names its device and inode.
bool logs_to_journal() {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat file {};
    if (stream == nullptr || ::fstat(STDERR_FILENO, &file) != 0) return false;
    return std::to_string(file.st_dev) + ":" + std::to_string(file.st_ino) == stream;
}

/// `<3>` … `<7>`, which the journal turns into priorities.
class PriorityFlag final : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
                spdlog::memory_buf_t& out) override {
        static constexpr char kPriorities[] = {'7', '7', '6', '4', '3', '2', '6'};
        const char text[] = {'<', kPriorities[static_cast<int>(message.level)], '>'};
        out.append(text, text + sizeof text);
    }
    std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<PriorityFlag>();
    }
};

}  // namespace

void set_up_logging(const std::string& level) {
    auto logger = std::make_shared<spdlog::logger>(
        "plimsoll", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    formatter->add_flag<PriorityFlag>('*').set_pattern(
        logs_to_journal() ? "%*%v" : "%Y-%m-%dT%H:%M:%S.%eZ %-5l %v");
    logger->set_formatter(std::move(formatter));
    logger->set_level(spdlog::level::from_str(level));
    logger->flush_on(spdlog::level::trace);
    spdlog::set_default_logger(std::move(logger));
}

}  // namespace plimsoll::app
