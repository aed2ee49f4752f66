#include "daemon/app/daemon.hpp"
#include "daemon/app/logging.hpp"
#include "daemon/cli/command_line.hpp"

#include <exception>
#include <iostream>
#include <malloc.h>
#include <string_view>
#include <unistd.h>

namespace {

/// An exception where none may be, such as memory that runs out while something is taken down.
/// Nothing is lost by the end: what was decided is in the store.
[[noreturn]] void end_at_once() {
    constexpr std::string_view kWhy =
        "plimsoll: internal error: out of memory, or an exception where none may be; start it "
        "again, it goes on from the store\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kWhy.data(), kWhy.size());
    ::_exit(plimsoll::app::kInternal);
}

}  // namespace

int main(int argc, char** argv) {
    std::set_terminate(end_at_once);
    // What an endpoint that floods us took goes back at once; left to itself the allocator keeps
    // it.
    ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
    try {
        return plimsoll::cli::run(argc, argv);
    } catch (const std::exception& failure) {
        plimsoll::app::print_error(std::string("plimsoll: internal error: ") + failure.what());
        return plimsoll::app::kInternal;
    }
}
