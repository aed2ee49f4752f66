#include "daemon/app/daemon.hpp"
#include "daemon/cli/command_line.hpp"

#include <exception>
#include <iostream>

int main(int argc, char** argv) {
    try {
        return plimsoll::cli::run(argc, argv);
    } catch (const std::exception& failure) {
        std::cerr << "plimsoll: internal error: " << failure.what() << "\n";
        return plimsoll::app::kInternal;
    }
}
