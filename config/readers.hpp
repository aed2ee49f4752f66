#pragma once

#include "config/section.hpp"
#include "config/settings.hpp"

#include <toml++/toml.h>

#include <vector>

namespace plimsoll::config {

// One reader a section. Each tells what is wrong and returns what could be read, so that all
// errors of a file come in one run.

DaemonSettings read_daemon(Reading& reading, const toml::table& root);
std::vector<ChainSettings> read_chains(Reading& reading, const toml::table& root);
std::vector<ProtocolSettings> read_protocols(Reading& reading, const toml::table& root,
                                             const std::vector<ChainSettings>& chains);
std::vector<GroupSettings> read_groups(Reading& reading, const toml::table& root);
std::vector<BandSettings> read_bands(Reading& reading, const toml::table& root,
                                     const std::vector<GroupSettings>& groups);
std::vector<WatchSettings> read_watches(Reading& reading, const toml::table& root);
std::vector<RuleSettings> read_rules(Reading& reading, const toml::table& root,
                                     const std::vector<BandSettings>& bands, bool has_watches);
std::vector<SinkSettings> read_sinks(Reading& reading, const toml::table& root);
SigningSettings read_signing(Reading& reading, const toml::table& root);
SnapshotSettings read_snapshots(Reading& reading, const toml::table& root);
HeartbeatSettings read_heartbeat(Reading& reading, const toml::table& root);
std::vector<InhibitSettings> read_inhibits(Reading& reading, const toml::table& root);

/// The table of `[id]`; an empty one when it is absent, a problem when it is something else.
const toml::table& single_table(Reading& reading, const toml::table& root, std::string_view id);
/// `Section` for `[id]`.
Section single_section(Reading& reading, const toml::table& root, std::string_view id);
/// `Section` for `[id.NAME]`.
Section named_section(Reading& reading, std::string_view id, const NamedTable& named);

}  // namespace plimsoll::config
