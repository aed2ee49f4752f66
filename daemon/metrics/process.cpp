#include "daemon/metrics/family.hpp"
#include "daemon/metrics/gathered.hpp"

#include <array>
#include <dirent.h>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <sys/resource.h>
#include <unistd.h>

namespace plimsoll::metrics {
namespace {

/// Fields of /proc/self/stat, counted as proc(5) does; the name, which may hold blanks, is left
/// out.
struct Stat {
    double user_ticks = 0;      // 14
    double system_ticks = 0;    // 15
    double threads = 0;         // 20
    double start_ticks = 0;     // 22, since boot
    double virtual_bytes = 0;   // 23
    double resident_pages = 0;  // 24
};

std::optional<Stat> read_stat() {
    std::ifstream in("/proc/self/stat");
    const std::string line{std::istreambuf_iterator<char>(in), {}};
    const std::size_t name_end = line.rfind(')');
    if (name_end == std::string::npos) return std::nullopt;
    std::istringstream fields(line.substr(name_end + 1));
    std::string state;
    fields >> state;  // field 3
    std::array<double, 25> value{};
    for (std::size_t field = 4; field < value.size(); ++field) {
        if (!(fields >> value[field])) return std::nullopt;
    }
    return Stat{value[14], value[15], value[20], value[22], value[23], value[24]};
}

std::optional<double> boot_time() {
    std::ifstream in("/proc/stat");
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("btime ")) return std::stod(line.substr(6));
    }
    return std::nullopt;
}

std::optional<double> open_files() {
    DIR* const folder = ::opendir("/proc/self/fd");
    if (folder == nullptr) return std::nullopt;
    double count = -3;  // ".", ".." and the folder itself
    while (::readdir(folder) != nullptr) ++count;
    ::closedir(folder);
    return count;
}

}  // namespace

std::vector<prometheus::MetricFamily> gather_process() {
    std::vector<prometheus::MetricFamily> out;
    const auto add = [&out](Family family, double value) {
        out.push_back(family.add(value).take());
    };
    const auto tick = static_cast<double>(::sysconf(_SC_CLK_TCK));
    if (const auto stat = read_stat()) {
        add(counter("process_cpu_seconds_total", "Processor time spent, user and system."),
            (stat->user_ticks + stat->system_ticks) / tick);
        add(gauge("process_resident_memory_bytes", "Memory in use."),
            stat->resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE)));
        add(gauge("process_virtual_memory_bytes", "Address space in use."), stat->virtual_bytes);
        add(gauge("process_threads", "Threads."), stat->threads);
        if (const auto boot = boot_time()) {
            add(gauge("process_start_time_seconds", "Start of the process, unix seconds."),
                *boot + stat->start_ticks / tick);
        }
    }
    if (const auto files = open_files()) {
        add(gauge("process_open_fds", "Open file descriptors."), *files);
    }
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        add(gauge("process_max_fds", "File descriptors that may be open."),
            static_cast<double>(limit.rlim_cur));
    }
    return out;
}

}  // namespace plimsoll::metrics
