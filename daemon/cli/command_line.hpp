#pragma once

namespace plimsoll::cli {

/// Reads the arguments, does what they ask for, and answers the exit code.
int run(int argc, char** argv);

}  // namespace plimsoll::cli
