#include "daemon/cli/commands.hpp"

#include "config/describe.hpp"
#include "config/groups.hpp"
#include "config/load.hpp"
#include "config/secret_source.hpp"
#include "daemon/app/daemon.hpp"
#include "daemon/app/destinations.hpp"
#include "daemon/app/logging.hpp"
#include "daemon/cli/online.hpp"

#include <cerrno>
#include <chrono>
#include <ctime>
#include <iostream>
#include <optional>
#include <unistd.h>
#include <vector>

namespace plimsoll::cli {
namespace {

void print_errors(const std::vector<config::ConfigError>& errors) {
    for (const auto& error : errors) app::print_error(config::to_string(error));
}

void print_warnings(const std::vector<config::ConfigError>& warnings) {
    for (const auto& warning : warnings) {
        app::print_warning("warning: " + config::to_string(warning));
    }
}

int exit_code(const std::vector<config::ConfigError>& errors) {
    for (const auto& error : errors) {
        if (error.kind == config::ConfigError::Kind::missing) return app::kNoInput;
        if (error.kind == config::ConfigError::Kind::unreadable) return app::kPermission;
    }
    return app::kConfig;
}

Expected<config::Settings, std::vector<config::ConfigError>> read_settings(
    const Arguments& arguments) {
    config::SystemSecrets secrets;
    config::LoadOptions options;
    options.strict = arguments.strict;
    auto settings = config::load_settings(arguments.config, secrets, options);
    if (settings && !arguments.state_dir.empty()) {
        settings->daemon.state_dir = arguments.state_dir;
    }
    return settings;
}

Expected<config::Settings, int> load(const Arguments& arguments) {
    auto settings = read_settings(arguments);
    if (settings) return std::move(*settings);
    print_errors(settings.error());
    return Unexpected<int>{exit_code(settings.error())};
}

std::vector<query::GroupName> group_names(const std::vector<config::GroupSettings>& groups) {
    std::vector<query::GroupName> out;
    out.reserve(groups.size());
    for (const auto& group : groups) out.push_back({group.name, group.leader, group.members});
    return out;
}

query::Names names_of(const config::Settings& settings) {
    query::Names out;
    for (const auto& chain : settings.chains) {
        const auto limit = std::chrono::duration_cast<std::chrono::seconds>(chain.stale_limit());
        out.chains.push_back(
            {chain.name, chain.caip2(), static_cast<std::uint64_t>(limit.count())});
    }
    for (const auto& protocol : settings.protocols) out.protocols.push_back(protocol.name);
    out.sinks = app::destinations(settings);
    for (const auto& rule : settings.rules) out.rules.push_back(rule.name);
    for (const auto& band : settings.bands) out.bands.push_back(band.name);
    return out;
}

/// Where the reading commands look: `--state-dir` alone will do, else the configuration names it.
/// `now` is unix seconds.
Expected<query::Reader, int> reader(Arguments& arguments, std::time_t now) {
    const auto at = static_cast<std::uint64_t>(now);
    if (!arguments.state_dir.empty() && arguments.config == Arguments{}.config) {
        config::Settings settings;
        settings.daemon.state_dir = arguments.state_dir;
        arguments.options.groups = group_names(config::shipped_groups());
        return query::Reader(arguments.state_dir, app::control_socket_path(settings), at);
    }
    const auto settings = read_settings(arguments);
    if (!settings) {
        print_errors(settings.error());
        std::cerr << "plimsoll: name the configuration with --config, or the daemon's folder with "
                     "--state-dir\n";
        return Unexpected<int>{exit_code(settings.error())};
    }
    arguments.options.groups = group_names(settings->groups);
    return query::Reader(settings->daemon.state_dir, app::control_socket_path(*settings), at,
                         names_of(*settings));
}

/// 0, or the exit code after telling which flag makes no sense. `now` is unix seconds.
int read_times(Arguments& arguments, std::time_t now) {
    const auto wrong = [](const char* flag, const std::string& message) {
        std::cerr << "plimsoll: " << flag << ": " << message << "\n";
        return static_cast<int>(app::kUsage);
    };
    arguments.options.now = static_cast<std::uint64_t>(now);
    if (!arguments.zone.empty()) {
        auto zone = query::TimeZone::parse(arguments.zone);
        if (!zone) return wrong("--tz", zone.error().message);
        arguments.options.zone = std::move(*zone);
    }
    const auto parse = [&](const std::string& text, std::optional<std::uint64_t>& to,
                           const char* flag) {
        if (text.empty()) return static_cast<int>(app::kOk);
        const auto time = query::parse_since(text, now, arguments.options.zone);
        if (!time) return wrong(flag, time.error().message);
        to = *time;
        return static_cast<int>(app::kOk);
    };
    if (const int code = parse(arguments.since, arguments.options.since, "--since"); code != 0) {
        return code;
    }
    if (const int code = parse(arguments.until, arguments.options.until, "--until"); code != 0) {
        return code;
    }
    const auto& options = arguments.options;
    if (options.since && options.until && *options.since >= *options.until) {
        return wrong("--since", "lies not before --until");
    }
    return app::kOk;
}

query::Format format_of(const Arguments& arguments) {
    if (arguments.json || arguments.format == "json") return query::Format::json;
    return arguments.format == "csv" ? query::Format::csv : query::Format::table;
}

}  // namespace

int run_daemon(const Arguments& arguments) {
    app::guard_memory();
    app::set_up_logging("info");
    auto settings = load(arguments);
    if (!settings) return settings.error();
    print_warnings(settings->warnings);
    app::RunOptions options;
    options.load = [&arguments] { return read_settings(arguments); };
    options.strict_state = arguments.strict_state;
    return app::run_daemon(std::move(*settings), options);
}

int check_config(const Arguments& arguments) {
    const auto settings = load(arguments);
    if (!settings) return settings.error();
    if (arguments.strict && !settings->warnings.empty()) {
        print_errors(settings->warnings);
        return app::kConfig;
    }
    print_warnings(settings->warnings);
    if (arguments.show || !arguments.online) {
        std::cout << (arguments.json ? config::describe_json(*settings) + "\n"
                                     : config::describe(*settings));
    }
    if (arguments.online) {
        return report(check_online(*settings), arguments.json, std::cout);
    }
    if (!arguments.json) std::cerr << arguments.config << ": fine\n";
    return app::kOk;
}

int read(Reading command, Arguments& arguments) {
    query::Options& options = arguments.options;
    options.format = format_of(arguments);
    options.style = query::style_of(STDOUT_FILENO);
    const std::size_t most = options.is_for_people() ? query::kRowsForPeople : query::kAllRows;
    options.limit = arguments.limit == 0 ? most : arguments.limit;
    options.has_limit = arguments.limit != 0;
    std::time_t now = std::time(nullptr);
    const auto from = reader(arguments, now);
    if (!from) return from.error();
    // Before each command finds another file missing.
    const auto& folder = from->state_dir();
    if (::access(folder.c_str(), R_OK | X_OK) != 0 && errno == EACCES && !from->is_running()) {
        std::cerr << "plimsoll: " << folder.string()
                  << ": not readable for you; who may read it belongs to the group of the daemon\n";
        return app::kPermission;
    }
    // What the chains told reaches back from their newest block, which need not be of today.
    const bool is_of_chains = command == query::liquidations || command == query::alerts;
    const bool has_time =
        !arguments.since.empty() || !arguments.until.empty() || !options.window.empty();
    if (is_of_chains && has_time) {
        options.newest_block = from->newest_block_time();
        if (options.newest_block) now = static_cast<std::time_t>(*options.newest_block);
    }
    if (const int code = read_times(arguments, now); code != 0) return code;
    return command(*from, options, std::cout, std::cerr);
}

}  // namespace plimsoll::cli
