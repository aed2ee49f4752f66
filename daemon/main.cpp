#include "daemon/app/daemon.hpp"
#include "daemon/app/logging.hpp"
#include "daemon/cli/command_line.hpp"

#include <exception>
#include <iostream>

int main(int argc, char** argv) {
    try {
        return plimsoll::cli::run(argc, argv);
    } catch (const std::exception& failure) {
        plimsoll::app::print_error(std::string("plimsoll: internal error: ") + failure.what());
        return plimsoll::app::kInternal;
    }
}
