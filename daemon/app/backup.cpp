#include "daemon/app/backup.hpp"

#include <spdlog/spdlog.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <sys/stat.h>
#include <system_error>

namespace plimsoll::app {
namespace {

std::string stamp() {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    std::array<char, 32> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc)};
}

}  // namespace

Expected<std::string, std::string> back_up(store::Store& store,
                                           const std::filesystem::path& state_dir) {
    const std::filesystem::path folder = state_dir / "backups";
    if (::mkdir(folder.c_str(), 0750) != 0 && errno != EEXIST) {
        return Unexpected<std::string>{folder.string() + ": cannot make the directory: " +
                                       std::generic_category().message(errno)};
    }
    const std::filesystem::path file = folder / ("state-" + stamp() + ".db");
    if (const auto done = store.backup(file); !done) {
        return Unexpected<std::string>{done.error().message};
    }
    spdlog::info("the store was copied to {}", file.string());
    return file.string();
}

}  // namespace plimsoll::app
