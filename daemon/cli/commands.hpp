#pragma once

#include "daemon/query/commands.hpp"

#include <string>

namespace plimsoll::cli {

/// What the command line said.
struct Arguments {
    std::string config = "/etc/plimsoll/plimsoll.toml";
    std::string state_dir;
    bool json = false;
    std::string format;  ///< table, json or csv; empty: not said
    bool strict = false;
    bool strict_state = false;
    bool online = false;
    bool show = false;
    std::string since;
    std::string until;
    std::string zone;
    std::size_t limit = 0;  ///< rows; 0: not said
    query::Options options;
};

using Reading = int (*)(const query::Reader&, const query::Options&, std::ostream&, std::ostream&);

// Each answers an exit code.
int run_daemon(const Arguments& arguments);
int check_config(const Arguments& arguments);
/// Finds where the daemon's answers or files are, and hands them to a reading command.
int read(Reading command, Arguments& arguments);

}  // namespace plimsoll::cli
