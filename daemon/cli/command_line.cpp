#include "daemon/cli/command_line.hpp"

#include "config/error.hpp"
#include "config/groups.hpp"
#include "config/reference.hpp"
#include "daemon/app/daemon.hpp"
#include "daemon/cli/commands.hpp"
#include "daemon/cli/completion.hpp"
#include "daemon/cli/keys.hpp"
#include "daemon/query/commands.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::cli {
namespace {

constexpr const char* kExitCodes =
    "Exit codes: 0 fine, 64 usage, 65 data, 66 no such file, 69 nobody answers, 70 internal, "
    "74 I/O, 77 permission, 78 configuration.";

class CommandLine {
  public:
    CommandLine() {
        // Not left to the parser: it would put the environment over what another command's option
        // of the same name was given.
        // NOLINTNEXTLINE(concurrency-mt-unsafe): at start
        const char* named = std::getenv("PLIMSOLL_CONFIG");
        if (named != nullptr && *named != '\0') arguments_.config = named;
        app_.require_subcommand(1);
        app_.set_version_flag("--version", "plimsoll " PLIMSOLL_VERSION);
        app_.get_formatter()->column_width(34);
        app_.footer(
            "`plimsoll COMMAND --help` shows examples. Reading commands ask the running daemon, or "
            "read what a stopped one left; with --json they print JSON Lines on standard output "
            "and nothing else. Colours only on a terminal, and never with NO_COLOR set.\n" +
            std::string(kExitCodes));
        add_daemon_commands();
        add_tables();
        add_prices();
        add_records();
        add_operations();
        add_tools();
    }

    int run(std::vector<std::string> words) {
        const int code = carry_out(std::move(words));
        std::cout.flush();  // else nobody would hear that a disk is full
        if (std::cout) return code;
        std::cerr << "plimsoll: standard output did not take all of the answer\n";
        return code == app::kOk ? static_cast<int>(app::kIo) : code;
    }

  private:
    using Action = std::function<int()>;

    int carry_out(std::vector<std::string> words) {
        put_command_first(words);
        if (words.empty()) {
            std::cerr << app_.help();
            return app::kUsage;
        }
        const std::string& first = words.front();
        if (!first.starts_with('-') && !is_command(first)) {
            const std::string hint = config::did_you_mean(first, commands());
            std::cerr << "plimsoll: no command " << config::in_quotes(first)
                      << (hint.empty() ? "" : " (" + hint + ")")
                      << "\nRun with --help for the list.\n";
            return app::kUsage;
        }
        std::reverse(words.begin(), words.end());  // as the parser takes them
        try {
            app_.parse(std::move(words));
        } catch (const CLI::ParseError& error) {
            const int code = app_.exit(error);
            return code == 0 ? app::kOk : app::kUsage;
        }
        for (const CLI::App* command : app_.get_subcommands()) {
            if (const std::string empty = empty_argument(*command); !empty.empty()) {
                std::cerr << "plimsoll: " << empty << ": what was given is empty\n";
                return app::kUsage;
            }
        }
        return action_();
    }

    /// An option that was given nothing, as a script with a variable that is not set does: it would
    /// ask for everything.
    static std::string empty_argument(const CLI::App& command) {
        for (const CLI::Option* option : command.get_options()) {
            const auto& given = option->results();
            if (std::find(given.begin(), given.end(), std::string()) != given.end()) {
                return option->get_name();
            }
        }
        return {};
    }

    std::vector<std::string_view> commands() const {
        std::vector<std::string_view> out;
        for (const CLI::App* one : app_.get_subcommands({})) out.push_back(one->get_name());
        return out;
    }
    bool is_command(std::string_view name) const {
        const auto known = commands();
        return std::find(known.begin(), known.end(), name) != known.end();
    }

    /// What every command takes may stand before it too: `plimsoll --config FILE status`.
    static void put_command_first(std::vector<std::string>& words) {
        std::size_t at = 0;
        while (at < words.size()) {
            const std::string& word = words[at];
            const bool has_value = word == "--config" || word == "--state-dir";
            const bool is_common = has_value || word == "--json" || word.starts_with("--config=") ||
                                   word.starts_with("--state-dir=");
            if (!is_common) break;
            at += has_value ? 2 : 1;
        }
        if (at >= words.size() || words[at].starts_with('-')) return;
        std::rotate(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(at),
                    words.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }

    /// A command with its examples, one to a line.
    CLI::App* add_bare(const char* name, const char* help,
                       std::initializer_list<const char*> examples, Action action) {
        CLI::App* command = app_.add_subcommand(name, help);
        std::string footer = "Examples:";
        for (const char* example : examples) footer += std::string("\n  ") + example;
        command->footer(footer);
        command->callback(
            [this, action = std::move(action)]() mutable { action_ = std::move(action); });
        return command;
    }
    CLI::App* add(const char* name, const char* help, std::initializer_list<const char*> examples,
                  Action action) {
        CLI::App* command = add_bare(name, help, examples, std::move(action));
        command
            ->add_option("--config", arguments_.config,
                         "configuration file; without it the one that PLIMSOLL_CONFIG names")
            ->capture_default_str();
        command->add_option("--state-dir", arguments_.state_dir,
                            "state folder, instead of the one the configuration names");
        add_json(command);
        return command;
    }
    void add_json(CLI::App* command) {
        command->add_flag("--json", arguments_.json, "JSON Lines on standard output, nothing else");
    }
    /// A command that needs no daemon: it takes what every command takes, and its help does not
    /// speak of what changes nothing.
    CLI::App* add_tool(const char* name, const char* help,
                       std::initializer_list<const char*> examples, Action action) {
        CLI::App* command = add_bare(name, help, examples, std::move(action));
        command->add_option("--config", arguments_.config)->group("");
        command->add_option("--state-dir", arguments_.state_dir)->group("");
        add_json(command);
        return command;
    }
    CLI::App* add_reading(const char* name, const char* help,
                          std::initializer_list<const char*> examples, Reading reading) {
        return add(name, help, examples, [this, reading] { return read(reading, arguments_); });
    }

    /// An option that goes to the daemon as a parameter of this name.
    CLI::Option* filter(CLI::App* command, const char* flag, const char* param, const char* help) {
        return command->add_option(flag, arguments_.options.params[param], help);
    }
    CLI::Option* choice(CLI::Option* option, std::vector<std::string> choices) {
        choices_[option] = choices;
        return option->check(CLI::IsMember(std::move(choices)));
    }
    void add_protocol(CLI::App* command) {
        filter(command, "--protocol", "protocol", "only this protocol");
    }
    /// For answers that are rows of one kind.
    void add_format(CLI::App* command) {
        choice(command->add_option("--format", arguments_.format,
                                   "table, json (as --json), or csv, of which many programs read "
                                   "long numbers wrongly"),
               {"table", "json", "csv"})
            ->excludes(command->get_option("--json"));
    }
    void add_limit(CLI::App* command) {
        command
            ->add_option("--limit", arguments_.limit,
                         "rows at most; without it 100 in a table, else all")
            ->check(CLI::Range(1, 10'000'000));
    }
    void add_times(CLI::App* command) {
        command->add_option("--since", arguments_.since,
                            "unix seconds, a duration back from the newest block such as 24h, or "
                            "2026-02-05");
        command->add_option("--until", arguments_.until, "the end, not included; as --since");
        command->add_option("--tz", arguments_.zone,
                            "where days begin: UTC, +08:00, or Asia/Shanghai");
    }

    void add_daemon_commands() {
        add("run", "Run the daemon",
            {"plimsoll run --config plimsoll.toml",
             "plimsoll run --config plimsoll.toml --state-dir ./state"},
            [this] { return run_daemon(arguments_); })
            ->add_flag("--strict-state", arguments_.strict_state,
                       "end with 65 where a damaged store would be set aside");
        CLI::App* check =
            add("check-config", "Check a configuration and print what it means",
                {"plimsoll check-config --config plimsoll.toml",
                 "plimsoll check-config plimsoll.toml --strict",
                 "plimsoll check-config --online           # asks the endpoints, prints a table",
                 "plimsoll check-config --json | jq .rules"},
                [this] { return check_config(arguments_); });
        check->add_option("file", arguments_.config, "configuration file, instead of --config")
            ->excludes(check->get_option("--config"));
        check->add_flag("--strict", arguments_.strict, "warnings are errors");
        check->add_flag("--online", arguments_.online,
                        "check endpoints, chain ids, code at addresses, keys and sinks");
        check->add_flag("--show", arguments_.show,
                        "print the effective configuration, without secrets; the default unless "
                        "--online");
    }

    void add_tables() {
        add_reading("status", "Chains, protocols, endpoints and sinks",
                    {"plimsoll status", "plimsoll status --json | jq '.chains[].state'"},
                    query::status);
        CLI::App* tvl = add_reading(
            "tvl", "Supplied, borrowed and locked value",
            {"plimsoll tvl", "plimsoll tvl --by chain", "plimsoll tvl --json | jq .coverage"},
            query::tvl);
        add_protocol(tvl);
        add_format(tvl);
        choice(tvl->add_option("--by", arguments_.options.by, "a row for each"),
               {"protocol", "chain"});
        CLI::App* markets = add_reading("markets", "Markets with prices, sizes and parameters",
                                        {"plimsoll markets --protocol aave-v3-ethereum",
                                         "plimsoll markets --format csv > markets.csv"},
                                        query::markets);
        add_protocol(markets);
        add_format(markets);
        CLI::App* bands = add_reading(
            "bands", "Collateral that liquidates inside each price band",
            {"plimsoll bands", "plimsoll bands --json | jq .distance_pct"}, query::bands);
        add_protocol(bands);
        add_format(bands);
        CLI::App* positions = add_reading(
            "positions", "Loans, with health factor",
            {"plimsoll positions --at-risk", "plimsoll positions --max-health-factor 1.02",
             "plimsoll positions --limit 1000 --json | jq -s 'map(.debt_usd) | add'"},
            query::positions);
        add_protocol(positions);
        filter(positions, "--account", "account", "only this account");
        filter(positions, "--max-health-factor", "max_health_factor",
               "only at or below, such as 1.05, the riskiest first");
        positions->add_flag_callback(
            "--at-risk", [this] { arguments_.options.params["at_risk"] = "true"; },
            "only with a health factor of at most 1.1, the riskiest first");
        add_format(positions);
        add_limit(positions);
        CLI::App* explain = add_reading(
            "explain", "Everything about one account's loans",
            {"plimsoll explain 0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e",
             "plimsoll explain 0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e --json | jq .to_safe"},
            query::explain);
        explain->add_option("account", arguments_.options.params["account"], "address")->required();
        add_protocol(explain);
    }

    void add_prices() {
        CLI::App* heatmap = add_reading(
            "heatmap", "Debt and collateral that becomes liquidatable at each price",
            {"plimsoll heatmap ETH", "plimsoll heatmap ETH --step 25 --low 1500 --high 2500",
             "plimsoll heatmap WBTC --protocol aave-v3-ethereum --json"},
            query::heatmap);
        add_collateral(heatmap);
        filter(heatmap, "--step", "step", "USD; without it a round step");
        filter(heatmap, "--low", "low", "USD; without it half the present price");
        filter(heatmap, "--high", "high", "USD; without it one and a half times the price");
        add_format(heatmap);
        CLI::App* what_if = add_reading(
            "what-if", "Who becomes liquidatable when a price moves, or a liquidation threshold",
            {"plimsoll what-if ETH --change=-20%", "plimsoll what-if ETH --price 1800",
             "plimsoll what-if WETH --threshold 78", "plimsoll what-if --e-mode 1 --threshold 90",
             "plimsoll what-if WBTC --change +10 --json | jq 'select(.row == \"summary\")'"},
            query::what_if);
        add_collateral(what_if)->required(false);
        what_if->parse_complete_callback([this] {
            auto& params = arguments_.options.params;
            if (!params["collateral"].empty() || !params["e_mode"].empty()) return;
            throw CLI::RequiredError(
                "an asset or group, such as ETH, or an e-mode category, --e-mode 1 --threshold "
                "90,");
        });
        CLI::Option* price = filter(what_if, "--price", "price", "the new price in USD");
        CLI::Option* change =
            filter(what_if, "--change", "change", "the move in percent: --change=-20");
        CLI::Option* threshold = filter(
            what_if, "--threshold", "threshold",
            "the new liquidation threshold of the asset, or of --e-mode, in percent, such as 78.5 "
            "(asks the running daemon)");
        filter(what_if, "--e-mode", "e_mode",
               "with --threshold, instead of an asset: the e-mode category that the threshold is "
               "of, such as 1");
        price->excludes(change);
        threshold->excludes(price)->excludes(change);
        add_format(what_if);
        add_limit(what_if);
    }
    CLI::Option* add_collateral(CLI::App* command) {
        add_protocol(command);
        return command
            ->add_option("collateral", arguments_.options.params["collateral"],
                         "a group such as ETH, a symbol, or a token's address")
            ->required();
    }

    void add_records() {
        CLI::App* liquidations = add_reading(
            "liquidations", "Realised liquidations, and sums of them",
            {"plimsoll liquidations --since 24h", "plimsoll liquidations --by side --window 24h",
             "plimsoll liquidations --by asset --window day --since 2026-02-01 --tz Asia/Shanghai"},
            query::liquidations);
        add_protocol(liquidations);
        filter(liquidations, "--account", "account", "only of this account");
        choice(liquidations->add_option("--by", arguments_.options.by,
                                        "sums by asset, side, protocol or account"),
               {"asset", "side", "protocol", "account"});
        liquidations->add_option(
            "--window", arguments_.options.window,
            "sums over the last 24h (any duration) up to the newest block, or by "
            "day");
        add_times(liquidations);
        add_format(liquidations);
        add_limit(liquidations);
        CLI::App* alerts = add_reading(
            "alerts", "Alerts of the archive",
            {"plimsoll alerts --since 24h", "plimsoll alerts --severity critical --limit 20",
             "plimsoll alerts --type position.liquidated --json | jq .data.subject"},
            query::alerts);
        filter(alerts, "--type", "type", "such as position.liquidated, or position");
        choice(filter(alerts, "--severity", "severity", "at least: info, warning, critical"),
               {"info", "warning", "critical"});
        filter(alerts, "--rule", "rule", "only of this rule");
        filter(alerts, "--chain", "chain", "only of this chain, such as eip155:1");
        add_protocol(alerts);
        filter(alerts, "--subject", "subject", "only about this account, asset or endpoint");
        add_times(alerts);
        add_format(alerts);
        add_limit(alerts);
    }

    /// The word after the command, and what follows it.
    void add_action(CLI::App* command, std::vector<std::string> actions, const char* more,
                    const char* help) {
        choice(command->add_option("action", arguments_.options.action, "what to do")->required(),
               std::move(actions));
        command->add_option(more, arguments_.options.words, help);
    }

    void add_operations() {
        CLI::App* outbox =
            add_reading("outbox", "Messages on their way to sinks, and those that were given up",
                        {"plimsoll outbox list --state dead", "plimsoll outbox show msg_a8c40484",
                         "plimsoll outbox retry --sink oncall --state dead",
                         "plimsoll outbox drop msg_a8c40484f2ab4bb79b51e3e1ea1bd3ab --sink team"},
                        query::outbox);
        add_action(outbox, {"list", "show", "retry", "drop"}, "id",
                   "id of a message, or the beginning of one");
        filter(outbox, "--sink", "sink", "only at this sink");
        choice(filter(outbox, "--state", "state", "only pending, done, dead or superseded"),
               {"pending", "done", "dead", "superseded"});
        outbox->add_option("--since", arguments_.since,
                           "committed since: unix seconds, a duration such as 24h, or a day");
        add_limit(outbox);
        CLI::App* silence = add_reading(
            "silence", "Hold alerts back for a time",
            {"plimsoll silence add --for 2h --by ana --why \"planned work\" 'rule=hf-*'",
             "plimsoll silence add --for 30m --by ana --why noisy chain=eip155:1 "
             "severity!=critical",
             "plimsoll silence list", "plimsoll silence expire 4f1c0d9a77b2"},
            query::silence);
        add_action(silence, {"add", "list", "expire"}, "words",
                   "matchers such as rule=hf-* or chain!=eip155:1; of expire an id");
        filter(silence, "--for", "for", "how long, such as 2h; at most 30d");
        filter(silence, "--by", "by", "who asks for it");
        filter(silence, "--why", "why", "the reason");
        CLI::App* sink =
            add_reading("sink", "Try a sink, or use one again",
                        {"plimsoll sink test oncall", "plimsoll sink enable oncall"}, query::sink);
        add_action(sink, {"test", "enable"}, "name", "name of the sink");
    }

    void add_tools() {
        CLI::App* snapshot = add_reading("snapshot", "Write a snapshot of every table now",
                                         {"plimsoll snapshot now"}, query::snapshot_now);
        choice(snapshot->add_option("when", word_, "now")->required(), {"now"});
        add_reading("backup", "Write a copy of the running daemon's store, and print where",
                    {"plimsoll backup", "plimsoll backup --json | jq -r .file"}, query::backup);
        CLI::App* verify_command = add_tool(
            "verify", "Check the signatures of alert files, offline",
            {"plimsoll verify --signer 0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e alerts.jsonl",
             "plimsoll verify --signer 0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e "
             "/var/lib/plimsoll/alerts/*/alerts.jsonl"},
            [this] { return verify(files_, signer_, arguments_.json, std::cout, std::cerr); });
        verify_command->add_option("files", files_, "files of one alert a line")->required();
        verify_command->add_option("--signer", signer_, "the address that must have signed")
            ->required();
        CLI::App* keygen_command =
            add_tool("keygen", "Make a key that signs alerts, and print its address",
                     {"plimsoll keygen signing.key", "plimsoll keygen signing.key --json"},
                     [this] { return keygen(word_, arguments_.json, std::cout, std::cerr); });
        keygen_command->add_option("file", word_, "file to make; it must not exist")->required();
        add_tool("schema", "Print the JSON Schema of the configuration",
                 {"plimsoll schema > plimsoll.schema.json"}, [this] {
                     const std::string schema = config::schema_json();
                     std::cout << (arguments_.json ? nlohmann::ordered_json::parse(schema).dump()
                                                   : schema)
                               << "\n";
                     return static_cast<int>(app::kOk);
                 });
        CLI::App* completion =
            add_tool("completion", "Print a completion script for a shell",
                     {"source <(plimsoll completion bash)", "plimsoll completion fish | source",
                      "plimsoll completion zsh > ~/.zfunc/_plimsoll"},
                     [this] {
                         std::cout << completion_script(word_, described()).value_or("");
                         return static_cast<int>(app::kOk);
                     });
        choice(completion->add_option("shell", word_, "bash, zsh or fish")->required(),
               {"bash", "zsh", "fish"});
    }

    /// The commands as shells need to know them.
    std::vector<CompletionCommand> described() const {
        std::vector<CompletionCommand> out;
        for (const CLI::App* command : app_.get_subcommands({})) {
            CompletionCommand& one = out.emplace_back();
            one.name = command->get_name();
            one.help = command->get_description();
            one.takes_files = one.name == "verify" || one.name == "keygen";
            for (const CLI::Option* option : command->get_options()) {
                if (option->get_group().empty()) continue;  // its help does not speak of it
                const auto found = choices_.find(option);
                const auto choices =
                    found == choices_.end() ? std::vector<std::string>() : found->second;
                if (option->get_lnames().empty()) {
                    one.words.insert(one.words.end(), choices.begin(), choices.end());
                    continue;
                }
                one.options.push_back({"--" + option->get_lnames().front(),
                                       option->get_description(), option->get_items_expected() > 0,
                                       choices});
            }
        }
        return out;
    }

    CLI::App app_{
        "Plimsoll: how far the price may fall, for every loan on the lending protocols "
        "it watches.",
        "plimsoll"};
    Arguments arguments_;
    std::map<const CLI::Option*, std::vector<std::string>> choices_;
    std::string word_;
    std::string signer_;
    std::vector<std::filesystem::path> files_;
    Action action_;
};

}  // namespace

int run(int argc, char** argv) {
    return CommandLine().run({argv + std::min(argc, 1), argv + argc});
}

}  // namespace plimsoll::cli
