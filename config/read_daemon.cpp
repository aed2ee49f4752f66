#include "config/network.hpp"
#include "config/readers.hpp"

#include <algorithm>

namespace plimsoll::config {
namespace {

const toml::table& empty_table() {
    static const toml::table table;
    return table;
}

void check_instance(Reading& reading, const Section& section, const std::string& instance) {
    const auto fit = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("._:-").find(c) != std::string_view::npos;
    };
    if (instance.empty() || instance.size() > 64 ||
        !std::all_of(instance.begin(), instance.end(), fit)) {
        reading.problems.error(section.at("instance"),
                               "'instance' is 1 to 64 letters, digits and . _ : -");
    }
}

std::string read_listen(Reading& reading, Section& section) {
    const auto given = section.optional_text("http_listen");
    if (!given) return section.text("http_listen");
    if (given->view().empty()) return {};
    const auto address = parse_listen(given->view());
    if (!address) {
        reading.problems.error(given->at, "'http_listen': " + address.error().message,
                               "for example \"127.0.0.1:9464\", or \"\" to switch it off");
        return {};
    }
    if (!address->is_loopback()) {
        reading.problems.warn(given->at,
                              "'http_listen' can be reached from other machines and asks for no "
                              "password");
    }
    return std::string(given->view());
}

}  // namespace

const toml::table& single_table(Reading& reading, const toml::table& root, std::string_view id) {
    const toml::node* const found = root.get(id);
    if (found == nullptr) return empty_table();
    if (const toml::table* const table = found->as_table()) return *table;
    const std::string heading(find_section(id)->heading);
    reading.problems.error(begin_of(*found),
                           in_quotes(id) + " must be a section, not " + describe_type(*found),
                           "write " + heading);
    return empty_table();
}

Section single_section(Reading& reading, const toml::table& root, std::string_view id) {
    const toml::table& table = single_table(reading, root, id);
    return {reading, id, table, '[' + std::string(id) + ']',
            &table == &empty_table() ? Position{1, 1} : begin_of(table)};
}

Section named_section(Reading& reading, std::string_view id, const NamedTable& named) {
    return {reading, id, *named.table, '[' + std::string(id) + '.' + named.name + ']', named.at};
}

DaemonSettings read_daemon(Reading& reading, const toml::table& root) {
    Section section = single_section(reading, root, "daemon");
    DaemonSettings out;
    out.instance = section.text("instance");
    check_instance(reading, section, out.instance);
    out.state_dir = section.text("state_dir");
    if (out.state_dir.empty()) {
        reading.problems.error(section.at("state_dir"), "'state_dir' is empty");
    }
    out.http_listen = read_listen(reading, section);
    out.log_level = section.choice("log_level");
    out.target_health_factor = Wad::from_raw(section.decimal("target_health_factor"));
    out.control_socket = section.text("control_socket");
    out.default_health_rules = section.boolean("default_health_rules");
    out.default_inhibits = section.boolean("default_inhibits");
    return out;
}

SigningSettings read_signing(Reading& reading, const toml::table& root) {
    Section section = single_section(reading, root, "signing");
    SigningSettings out;
    out.expect_address = section.address("expect_address", AddressStyle::eip55);
    if (const auto key = section.optional_text("key")) {
        if (const auto fit = check_signing_key(key->view()); !fit) {
            reading.problems.error(key->at, "'key': " + fit.error().message);
        } else {
            reading.tell_literal_secret(*key, "the signing key");
            out.key = key->value;
        }
    } else if (out.expect_address && !section.has("key")) {
        reading.problems.error_of_whole(section.at("expect_address"),
                                        "'expect_address' is given and 'key' is not");
    }
    if (const auto previous = section.optional_text("previous")) {
        if (const auto fit = check_signing_key(previous->view()); !fit) {
            reading.problems.error(previous->at, "'previous': " + fit.error().message);
        } else if (!section.has("key")) {
            reading.problems.error(previous->at, "'previous' is given and 'key' is not");
        } else {
            reading.tell_literal_secret(*previous, "the previous signing key");
            out.previous = previous->value;
        }
    }
    return out;
}

SnapshotSettings read_snapshots(Reading& reading, const toml::table& root) {
    Section section = single_section(reading, root, "snapshots");
    SnapshotSettings out;
    out.every = section.duration("every");
    out.tables = section.names("tables");
    out.keep = section.duration("keep");
    return out;
}

HeartbeatSettings read_heartbeat(Reading& reading, const toml::table& root) {
    HeartbeatSettings out;
    if (!root.contains("heartbeat")) return out;
    Section section = single_section(reading, root, "heartbeat");
    out.every = section.duration("every");
    out.to = section.names("to");
    return out;
}

std::vector<InhibitSettings> read_inhibits(Reading& reading, const toml::table& root) {
    std::vector<InhibitSettings> out;
    const toml::node* const found = root.get("inhibit");
    if (found == nullptr) return out;
    const toml::array* const list = found->as_array();
    if (list == nullptr) {
        reading.problems.error(begin_of(*found),
                               "'inhibit' must be a list of sections, not " + describe_type(*found),
                               "write [[inhibit]]");
        return out;
    }
    for (const toml::node& node : *list) {
        const toml::table* const table = node.as_table();
        if (table == nullptr) {
            reading.problems.error(
                begin_of(node),
                "'inhibit' must be a list of sections, not of " + describe_type(node),
                "write [[inhibit]]");
            continue;
        }
        Section section(reading, "inhibit", *table, "[[inhibit]]", begin_of(*table));
        out.push_back({section.matchers("when"), section.matchers("mute"), section.names("equal")});
    }
    return out;
}

}  // namespace plimsoll::config
