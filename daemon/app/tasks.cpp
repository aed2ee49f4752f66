#include "daemon/app/tasks.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

namespace plimsoll::app {
namespace {

/// Main thread, upkeep, watchdog, the one that ends the others, snapshots, and the listener's and
/// the control socket's nine each.
constexpr unsigned kOwn = 23;
constexpr unsigned kLookups = 10;

std::optional<unsigned> read_limit(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::string text;
    in >> text;
    unsigned out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;  // "max"
    return out;
}

/// Where the limits of a line of /proc/self/cgroup ("4:pids:/path", "0::/path") are; empty: not
/// there.
std::filesystem::path hierarchy(const std::filesystem::path& root, const std::string& controllers) {
    std::filesystem::path mount = root / "sys/fs/cgroup";
    if (controllers.empty()) return mount;
    std::istringstream names(controllers);
    for (std::string name; std::getline(names, name, ',');) {
        if (name == "pids") return mount / "pids";
    }
    return {};
}

}  // namespace

unsigned tasks_needed(const config::Settings& settings) {
    unsigned out = kOwn + kLookups + static_cast<unsigned>(settings.chains.size());
    for (const config::SinkSettings& sink : settings.sinks) out += sink.lanes;
    return out;
}

std::optional<unsigned> tasks_allowed(const std::filesystem::path& root) {
    std::optional<unsigned> least;
    std::ifstream groups(root / "proc/self/cgroup");
    for (std::string line; std::getline(groups, line);) {
        const std::size_t first = line.find(':');
        const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos || line.find("..", second) != std::string::npos) continue;
        const auto top = hierarchy(root, line.substr(first + 1, second - first - 1));
        if (top.empty()) continue;
        std::filesystem::path at = std::filesystem::path(line.substr(second + 1)).relative_path();
        for (bool is_top = false; !is_top; at = at.parent_path()) {
            is_top = at.empty();
            const auto limit = read_limit(top / at / "pids.max");
            if (limit) least = std::min(*limit, least.value_or(*limit));
        }
    }
    return least;
}

std::string too_many_tasks(unsigned needed, std::optional<unsigned> allowed) {
    if (!allowed || needed <= *allowed) return {};
    return "this configuration may need " + std::to_string(needed) +
           " threads and the service is allowed " + std::to_string(*allowed) +
           ": give its sinks fewer lanes, or the service more (\"systemctl edit plimsoll\", "
           "[Service] TasksMax=" +
           std::to_string(needed) + ")";
}

}  // namespace plimsoll::app
