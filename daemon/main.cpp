#include "config/describe.hpp"
#include "config/load.hpp"
#include "config/reference.hpp"
#include "config/secret_source.hpp"
#include "daemon/app/daemon.hpp"
#include "daemon/app/logging.hpp"
#include "daemon/query/commands.hpp"
#include "daemon/query/when.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

namespace plimsoll {
namespace {

struct Arguments {
    std::string config = "/etc/plimsoll/plimsoll.toml";
    std::string state_dir;
    bool json = false;
    bool strict = false;
    bool strict_state = false;
    query::Options options;
    std::string account;
    std::string since;
};

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

int run(const Arguments& arguments) {
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
    print_warnings(settings->warnings);
    std::cout << (arguments.json ? config::describe_json(*settings) + "\n"
                                 : config::describe(*settings));
    if (!arguments.json) std::cerr << arguments.config << ": fine\n";
    return app::kOk;
}

/// Where the reading commands look: `--state-dir` alone will do, else the configuration names it.
Expected<query::Reader, int> reader(const Arguments& arguments) {
    if (!arguments.state_dir.empty()) {
        config::Settings settings;
        settings.daemon.state_dir = arguments.state_dir;
        return query::Reader(arguments.state_dir, app::control_socket_path(settings));
    }
    config::SystemSecrets secrets;
    const auto settings = config::load_settings(arguments.config, secrets);
    if (!settings) {
        print_errors(settings.error());
        std::cerr << "plimsoll: name the configuration with --config, or the daemon's folder with "
                     "--state-dir\n";
        return Unexpected<int>{exit_code(settings.error())};
    }
    return query::Reader(settings->daemon.state_dir, app::control_socket_path(*settings));
}

using Reading = int (*)(const query::Reader&, const query::Options&, std::ostream&, std::ostream&);

int read(Reading command, Arguments& arguments) {
    arguments.options.json = arguments.json;
    if (!arguments.since.empty()) {
        const auto since = query::parse_since(arguments.since, std::time(nullptr));
        if (!since) {
            std::cerr << "plimsoll: --since: " << since.error().message << "\n";
            return app::kUsage;
        }
        arguments.options.since = *since;
    }
    const auto from = reader(arguments);
    if (!from) return from.error();
    return command(*from, arguments.options, std::cout, std::cerr);
}

class CommandLine {
  public:
    CommandLine() {
        app_.require_subcommand(1);
        app_.set_version_flag("--version", "plimsoll " PLIMSOLL_VERSION);
        app_.get_formatter()->column_width(34);
        app_.footer(
            "Exit codes: 0 fine, 64 usage, 65 state data, 66 no such file, 69 unavailable, "
            "70 internal, 74 I/O, 77 permission, 78 configuration.");
        add_daemon_commands();
        add_reading_commands();
    }

    int parse_and_run(int argc, char** argv) {
        try {
            app_.parse(argc, argv);
        } catch (const CLI::ParseError& error) {
            const int code = app_.exit(error);
            return code == 0 ? app::kOk : app::kUsage;
        }
        return action_();
    }

  private:
    CLI::App* add(const char* name, const char* help) {
        CLI::App* command = app_.add_subcommand(name, help);
        command->add_option("--config", arguments_.config, "configuration file")
            ->capture_default_str();
        command->add_option("--state-dir", arguments_.state_dir,
                            "state folder, instead of the one the configuration names");
        command->add_flag("--json", arguments_.json, "JSON Lines on standard output, nothing else");
        return command;
    }

    CLI::App* add_reading(const char* name, const char* help, Reading reading) {
        CLI::App* command = add(name, help);
        command->callback(
            [this, reading] { action_ = [this, reading] { return read(reading, arguments_); }; });
        return command;
    }

    void add_daemon_commands() {
        CLI::App* daemon = add("run", "Run the daemon");
        daemon->add_flag("--strict-state", arguments_.strict_state,
                         "end with 65 where a damaged store would be set aside");
        daemon->callback([this] { action_ = [this] { return run(arguments_); }; });
        CLI::App* check = add("check-config", "Check a configuration and print what it means");
        check->add_option("file", arguments_.config, "configuration file, instead of --config");
        check->add_flag("--strict", arguments_.strict, "secrets in the file are errors");
        check->callback([this] { action_ = [this] { return check_config(arguments_); }; });
        add("schema", "Print the JSON Schema of the configuration")->callback([this] {
            action_ = [] {
                std::cout << config::schema_json() << "\n";
                return static_cast<int>(app::kOk);
            };
        });
        CLI::App* snapshot =
            add_reading("snapshot", "Write a snapshot of every table now", query::snapshot_now);
        snapshot->add_option("when", snapshot_when_, "now")
            ->required()
            ->check(CLI::IsMember({"now"}));
    }

    void filter(CLI::App* command, const char* flag, const char* param, const char* help) {
        command->add_option(flag, arguments_.options.params[param], help);
    }

    void add_reading_commands() {
        add_reading("status", "Chains, protocols and endpoints of the running daemon",
                    query::status);
        filter(add_reading("tvl", "Supplied, borrowed and locked value by protocol", query::tvl),
               "--protocol", "protocol", "only this protocol");
        filter(add_reading("markets", "Markets with prices, sizes and parameters", query::markets),
               "--protocol", "protocol", "only this protocol");
        filter(
            add_reading("bands", "Collateral that liquidates inside each price band", query::bands),
            "--protocol", "protocol", "only this protocol");

        CLI::App* positions =
            add_reading("positions", "Loans, with health factor", query::positions);
        filter(positions, "--protocol", "protocol", "only this protocol");
        filter(positions, "--account", "account", "only this account");
        filter(positions, "--max-health-factor", "max_health_factor",
               "only at or below, such as 1.05");
        positions->add_flag_callback(
            "--at-risk", [this] { arguments_.options.params["at_risk"] = "true"; },
            "only with a health factor of at most 1.1");
        positions->add_option("--limit", arguments_.options.limit, "rows at most")
            ->capture_default_str();

        CLI::App* explain =
            add_reading("explain", "Everything about one account's loans", query::explain);
        explain->add_option("account", arguments_.options.params["account"], "address")->required();
        filter(explain, "--protocol", "protocol", "only this protocol");

        CLI::App* liquidations =
            add_reading("liquidations", "Realised liquidations", query::liquidations);
        filter(liquidations, "--protocol", "protocol", "only this protocol");
        filter(liquidations, "--account", "account", "only of this account");
        liquidations->add_option("--by", arguments_.options.by,
                                 "sums by asset, side, protocol or account");
        add_since(liquidations);

        CLI::App* alerts = add_reading("alerts", "Alerts of the archive", query::alerts);
        add_since(alerts);
    }

    void add_since(CLI::App* command) {
        command->add_option("--since", arguments_.since,
                            "unix seconds, a duration back from now such as 24h, or 2026-02-05");
        command->add_option("--limit", arguments_.options.limit, "rows at most")
            ->capture_default_str();
    }

    CLI::App app_{
        "Plimsoll: how far the price may fall, for every loan on the lending protocols "
        "it watches.",
        "plimsoll"};
    Arguments arguments_;
    std::string snapshot_when_;
    std::function<int()> action_;
};

}  // namespace
}  // namespace plimsoll

int main(int argc, char** argv) {
    try {
        return plimsoll::CommandLine().parse_and_run(argc, argv);
    } catch (const std::exception& failure) {
        plimsoll::app::print_error(std::string("plimsoll: internal error: ") + failure.what());
        return plimsoll::app::kInternal;
    }
}
