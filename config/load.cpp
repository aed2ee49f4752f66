#include "config/load.hpp"

#include "config/default_rules.hpp"
#include "config/inhibits.hpp"
#include "config/readers.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sys/stat.h>
#include <system_error>

namespace plimsoll::config {
namespace {

constexpr std::size_t kMostBytes = 1024 * 1024;

/// Overwrites every text of the file, since some may be secrets. The settings have their own.
void wipe(toml::node& node) {
    if (auto* const text = node.as_string()) Secret::wipe(text->get());
    if (auto* const table = node.as_table()) {
        for (auto&& [key, value] : *table) wipe(value);
    }
    if (auto* const list = node.as_array()) {
        for (toml::node& element : *list) wipe(element);
    }
}

/// The sections there are, with "did you mean" for those there are not.
void check_root(Reading& reading, const toml::table& root) {
    std::vector<std::string_view> known;
    for (const SectionSpec& section : section_specs()) {
        if (section.shape != Shape::root && section.shape != Shape::inside) {
            known.push_back(section.id);
        }
    }
    for (const auto& [key, value] : root) {
        const std::string_view name = key.str();
        if (find_key("", name) != nullptr) continue;
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        const bool is_section = value.is_table() || value.is_array_of_tables();
        std::string hint = did_you_mean(name, known);
        for (const KeySpec& row : key_specs()) {
            if (is_section || !hint.empty() || row.key != name) continue;
            hint = "it belongs in " + std::string(find_section(row.section)->heading);
        }
        if (hint.empty()) hint = did_you_mean_or_list(name, known);
        reading.problems.error(
            begin_of(key),
            std::string(is_section ? "unknown section " : "unknown key ") + in_quotes(name), hint);
    }
}

void read_version(Reading& reading, const toml::table& root) {
    const toml::node* const version = root.get("version");
    if (version == nullptr) {
        reading.problems.warn({1, 1}, "no 'version'; read as version 1",
                              "write version = 1 at the top");
        return;
    }
    const auto* const number = version->as_integer();
    if (number == nullptr) {
        reading.wrong_type(*version, key_spec("", "version"));
    } else if (number->get() != 1) {
        reading.problems.error(begin_of(*version), "this program reads version 1");
    }
}

void collect_names(Reading& reading, const toml::table& root) {
    for (const SectionSpec& section : section_specs()) {
        if (section.shape != Shape::named) continue;
        std::vector<std::string>& names = reading.names[std::string(section.id)];
        if (const toml::table* const all = root[section.id].as_table()) {
            for (const auto& [key, value] : *all) {
                if (value.is_table()) names.emplace_back(key.str());
            }
        }
    }
    if (reading.names["sinks"].empty()) reading.names["sinks"].emplace_back("archive");
}

/// Of a file that was read without errors only `Settings` leaves.
Settings read_all(Reading& reading, const toml::table& root) {
    Settings out;
    check_root(reading, root);
    read_version(reading, root);
    collect_names(reading, root);
    out.daemon = read_daemon(reading, root);
    out.chains = read_chains(reading, root);
    out.protocols = read_protocols(reading, root, out.chains);
    out.groups = read_groups(reading, root);
    out.bands = read_bands(reading, root, out.groups);
    out.watches = read_watches(reading, root);
    out.sinks = read_sinks(reading, root);
    out.rules = read_rules(reading, root, out.bands, root.contains("watch"));
    out.signing = read_signing(reading, root);
    out.snapshots = read_snapshots(reading, root);
    out.heartbeat = read_heartbeat(reading, root);
    out.inhibits = read_inhibits(reading, root);
    return out;
}

bool has_elements(const toml::table& root, std::string_view section) {
    const toml::node* const found = root.get(section);
    if (found == nullptr) return false;
    const toml::table* const table = found->as_table();
    return table == nullptr || !table->empty();  // something else was told already
}

/// What is only wrong with the file as a whole.
void check_whole(Reading& reading, const toml::table& root, const Settings& settings) {
    if (!has_elements(root, "chains")) {
        reading.problems.error_of_whole({1, 1}, "nothing to watch: the file has no [chains.NAME]",
                                        "for example: [chains.ethereum]");
    }
    if (!has_elements(root, "protocols")) {
        reading.problems.error_of_whole({1, 1},
                                        "nothing to watch: the file has no [protocols.NAME]",
                                        "for example: [protocols.aave-v3-ethereum]");
    }
    for (const ChainSettings& chain : settings.chains) {
        const bool is_used = std::any_of(
            settings.protocols.begin(), settings.protocols.end(),
            [&](const ProtocolSettings& protocol) { return protocol.chain == chain.name; });
        if (!is_used) {
            reading.problems.warn({1, 1}, "no protocol is on chain " + in_quotes(chain.name));
        }
    }
}

void add_default_rules(Settings& settings) {
    const bool with_health = settings.daemon.default_health_rules;
    if (settings.rules.empty()) {
        settings.rules_are_default = true;
        settings.rules = default_rule_set(settings.bands, settings.watches, with_health);
        return;
    }
    if (!with_health) return;
    for (RuleSettings& rule : missing_health_rules(settings.rules)) {
        settings.rules.push_back(std::move(rule));
    }
}

/// Those of the file first: where two hold an alert back, the file's is named.
void add_default_inhibits(Settings& settings) {
    if (!settings.daemon.default_inhibits) return;
    for (InhibitSettings& inhibit : default_inhibits()) {
        settings.inhibits.push_back(std::move(inhibit));
    }
}

/// A pattern that nothing fits is a slip of the pen: it would mute nothing without a word.
void check_patterns(Reading& reading, const toml::table& root, const Settings& settings) {
    const toml::node* const found = root.get("inhibit");
    if (found == nullptr) return;
    for (const InhibitSettings& inhibit : settings.inhibits) {
        if (inhibit.is_default) continue;
        for (const auto* patterns : {&inhibit.when, &inhibit.mute}) {
            if (may_be_raised(*patterns, settings.rules)) continue;
            reading.problems.warn(begin_of(*found),
                                  "[[inhibit]]: no rule raises an alert that fits " +
                                      to_string(*patterns) + ", so it mutes nothing");
        }
    }
}

void check_inhibits(Reading& reading, const toml::table& root, const Settings& settings) {
    check_patterns(reading, root, settings);
    const std::vector<std::size_t> circle = find_circle(settings.inhibits, settings.rules);
    if (circle.empty()) return;
    std::string path;
    for (const std::size_t one : circle) {
        path += to_string(settings.inhibits[one].when) + " mutes " +
                to_string(settings.inhibits[one].mute) + ", ";
    }
    const toml::node* const found = root.get("inhibit");
    reading.problems.error_of_whole(
        found == nullptr ? Position{1, 1} : begin_of(*found),
        "[[inhibit]]: alerts could hold each other back: " + path + "which fits the first again",
        "make 'when' and 'mute' name different types, rules or severities");
}

std::vector<ConfigError> about_file(ConfigError::Kind kind, const std::filesystem::path& path,
                                    std::string message) {
    ConfigError error;
    error.kind = kind;
    error.file = path.string();
    error.message = std::move(message);
    return {std::move(error)};
}

std::vector<ConfigError> cannot_read(const std::filesystem::path& path, int code) {
    const bool is_missing = code == ENOENT || code == ENOTDIR;
    return about_file(is_missing ? ConfigError::Kind::missing : ConfigError::Kind::unreadable, path,
                      "cannot be read: " + std::generic_category().message(code));
}

Expected<std::string, std::vector<ConfigError>> read_file(const std::filesystem::path& path) {
    using Errors = std::vector<ConfigError>;
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return Unexpected<Errors>{cannot_read(path, errno)};
    if (S_ISDIR(status.st_mode)) return Unexpected<Errors>{cannot_read(path, EISDIR)};
    std::ifstream file(path, std::ios::binary);
    if (!file) return Unexpected<Errors>{cannot_read(path, errno)};
    std::string text(kMostBytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad()) return Unexpected<Errors>{cannot_read(path, EIO)};
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > kMostBytes) {
        return Unexpected<Errors>{
            about_file(ConfigError::Kind::invalid, path, "is larger than 1 MiB")};
    }
    return text;
}

}  // namespace

Expected<Settings, std::vector<ConfigError>> load_settings(const std::filesystem::path& path,
                                                           SecretSource& secrets,
                                                           const LoadOptions& options) {
    auto text = read_file(path);
    if (!text) return Unexpected<std::vector<ConfigError>>{text.error()};
    auto settings = parse_settings(*text, path.string(), secrets, options);
    Secret::wipe(*text);
    return settings;
}

Expected<Settings, std::vector<ConfigError>> parse_settings(std::string_view text,
                                                            const std::string& filename,
                                                            SecretSource& secrets,
                                                            const LoadOptions& options) {
    Reading reading(text, filename, secrets, options);
    toml::table root = parse_document(text, reading.source, reading.problems);
    Settings settings = read_all(reading, root);
    add_default_inhibits(settings);
    check_whole(reading, root, settings);
    if (reading.problems.ok()) {
        add_default_rules(settings);
        check_inhibits(reading, root, settings);
    }
    wipe(root);
    if (!reading.problems.ok()) {
        return Unexpected<std::vector<ConfigError>>{std::move(reading.problems).take_errors()};
    }
    settings.warnings = std::move(reading.problems).take_warnings();
    return settings;
}

}  // namespace plimsoll::config
