#include "config/describe.hpp"

#include "config/expression.hpp"
#include "config/keys.hpp"
#include "config/metrics.hpp"
#include "config/network.hpp"
#include "config/scalars.hpp"

#include <nlohmann/json.hpp>

namespace plimsoll::config {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kSecret = "(secret)";
constexpr const char* kIsDefault = "default";  // marks what is not from the file

/// Values that came from outside may be no UTF-8.
std::string dumped(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json describe_daemon(const DaemonSettings& daemon) {
    Json out;
    out["instance"] = daemon.instance;
    out["state_dir"] = daemon.state_dir.string();
    out["http_listen"] = daemon.http_listen;
    out["log_level"] = daemon.log_level;
    out["target_health_factor"] = to_string(daemon.target_health_factor);
    if (!daemon.control_socket.empty()) out["control_socket"] = daemon.control_socket.string();
    out["default_health_rules"] = daemon.default_health_rules;
    out["default_inhibits"] = daemon.default_inhibits;
    return out;
}

Json describe_endpoint(const EndpointSettings& endpoint) {
    Json out;
    out["url"] = public_url(endpoint.url.reveal());
    out["alias"] = endpoint.alias;
    out["max_rps"] = endpoint.max_rps;
    if (endpoint.max_block_range) out["max_block_range"] = *endpoint.max_block_range;
    if (!endpoint.ca_file.empty()) out["ca_file"] = endpoint.ca_file;
    for (const auto& [name, value] : endpoint.headers) out["header"][name] = kSecret;
    return out;
}

Json describe_depth(const Depth& depth) {
    const bool is_number = depth.kind == Depth::Kind::blocks && depth.blocks != 0;
    return is_number ? Json(depth.blocks) : Json(to_string(depth));
}

Json describe_chain(const ChainSettings& chain) {
    Json out;
    out["kind"] = chain.kind;
    out["chain_id"] = chain.chain_id;
    out["poll_every"] = to_string(chain.poll_every);
    out["finality"] = describe_depth(chain.finality);
    out["confirm"] = describe_depth(chain.confirm);
    if (chain.stale_after) out["stale_after"] = to_string(*chain.stale_after);
    if (chain.agree) out["agree"] = *chain.agree;
    if (chain.multicall) out["multicall"] = to_text(*chain.multicall, chain.address_style());
    out["endpoints"] = Json::array();
    for (const EndpointSettings& endpoint : chain.endpoints) {
        out["endpoints"].push_back(describe_endpoint(endpoint));
    }
    return out;
}

Json describe_protocol(const ProtocolSettings& protocol, AddressStyle style) {
    Json out;
    out["kind"] = protocol.kind;
    out["chain"] = protocol.chain;
    if (!protocol.deployment.empty()) out["deployment"] = protocol.deployment;
    out["address"] = to_text(protocol.address, style);
    out["start_block"] = protocol.start_block;
    return out;
}

Json describe_rule(const RuleSettings& rule) {
    Json out;
    const Metric metric = rule.when.front().metric;
    const bool has_debt = metric == Metric::parameters_changed ||
                          (scope_of(metric) == Scope::position && !is_activity(metric));
    if (rule.is_default) out[kIsDefault] = true;
    out["when"] = to_string(rule.when);
    if (!rule.clear.empty()) out["clear"] = to_string(rule.clear, rule.clear_join);
    if (!is_event(metric)) {
        out["for"] = to_string(rule.hold_for);
        out["keep"] = to_string(rule.keep);
    }
    if (has_debt) out["min_debt"] = to_string(rule.min_debt);
    if (rule.min_usd.raw() != 0) out["min_usd"] = to_string(rule.min_usd);
    if (rule.window.blocks != 0) {
        out["window"] = rule.window.blocks;
    } else if (rule.window.time.count() != 0) {
        out["window"] = to_string(rule.window);
    }
    out["severity"] = rule.severity;
    if (rule.confirm) out["confirm"] = describe_depth(*rule.confirm);
    if (!is_event(metric)) {
        out["repeat"] = to_string(rule.repeat);
        out["update_on"] = format_decimal(rule.update_on_milli, 3);
    }
    if (!rule.bands.empty()) out["bands"] = rule.bands;
    if (!rule.protocols.empty()) out["protocols"] = rule.protocols;
    if (!rule.markets.empty()) out["markets"] = rule.markets;
    if (!rule.watch.empty()) out["watch"] = rule.watch;
    if (!rule.to.empty()) out["to"] = rule.to;
    return out;
}

void describe_people(Json& out, const SinkSettings& sink) {
    out["language"] = sink.language;
    if (!sink.page_url.empty()) out["page_url"] = sink.page_url;
    if (sink.kind == "alertmanager") {
        out["resend_every"] = to_string(sink.resend);
    } else {
        out["group_by"] = sink.group_by;
        out["group_wait"] = to_string(sink.group_wait);
        out["group_interval"] = to_string(sink.group_interval);
        out["max_alerts"] = sink.max_alerts;
    }
    if (sink.kind == "pagerduty") out["routing_key"] = kSecret;
    if (sink.kind == "telegram") {
        out["token"] = kSecret;
        out["chat"] = sink.chat;
        if (sink.thread) out["thread"] = *sink.thread;
    }
    if (sink.kind != "email") return;
    out["server"] = sink.server;
    if (!sink.user.empty()) out["user"] = sink.user;
    if (!sink.password.empty()) out["password"] = kSecret;
    out["from"] = sink.from;
    out["to"] = sink.to;
    out["allow_plain"] = sink.allow_plain;
}

Json describe_sink(const SinkSettings& sink) {
    Json out;
    out["kind"] = sink.kind;
    if (sink.kind == "jsonl") {
        out["path"] = sink.path.string();
        out["keep"] = to_string(sink.keep);
    }
    if (sink.kind == "jsonl" || sink.kind == "stdout") return out;
    if (sink.kind != "email") {
        out["url"] = public_url(sink.url.reveal());
        out["allow_http"] = sink.allow_http;
    }
    if (sink.kind == "webhook") {
        out["secrets"] = std::vector<std::string>(sink.secrets.size(), kSecret);
        out["cloudevents"] = sink.cloudevents;
    } else {
        describe_people(out, sink);
    }
    out["allow_private"] = sink.allow_private;
    if (!sink.ca_file.empty()) out["ca_file"] = sink.ca_file;
    out["timeout"] = to_string(sink.timeout);
    if (sink.kind == "webhook" || sink.kind == "alertmanager") out["lanes"] = sink.lanes;
    if (sink.max_rps) out["max_rps"] = *sink.max_rps;
    if (sink.max_age) out["max_age"] = to_string(*sink.max_age);
    return out;
}

Json describe_group(const GroupSettings& group) {
    Json out;
    if (group.shipped) out[kIsDefault] = true;
    out["leader"] = group.leader;
    out["members"] = group.members;
    return out;
}

Json describe_watch(const WatchSettings& watch) {
    Json out;
    out["label"] = watch.label;
    out["accounts"] = Json::array();
    for (std::size_t i = 0; i < watch.accounts.size(); ++i) {
        out["accounts"].push_back(to_text(watch.accounts[i], watch.written[i]));
    }
    return out;
}

void describe_rest(const Settings& settings, Json& out) {
    if (!settings.signing.key.empty()) out["signing"]["key"] = kSecret;
    if (settings.signing.expect_address) {
        out["signing"]["expect_address"] = to_checksum(*settings.signing.expect_address);
    }
    Json& snapshots = out["snapshots"];
    snapshots["every"] = to_string(settings.snapshots.every);
    snapshots["tables"] = settings.snapshots.tables;
    snapshots["keep"] = to_string(settings.snapshots.keep);
    if (!settings.heartbeat.to.empty()) {
        out["heartbeat"]["every"] = to_string(settings.heartbeat.every);
        out["heartbeat"]["to"] = settings.heartbeat.to;
    }
    for (const InhibitSettings& inhibit : settings.inhibits) {
        if (inhibit.is_default) continue;  // `default_inhibits` says it
        Json row;
        row["when"] = inhibit.when;
        row["mute"] = inhibit.mute;
        row["equal"] = inhibit.equal;
        out["inhibit"].push_back(std::move(row));
    }
}

Json described(const Settings& settings) {
    Json out;
    out["version"] = 1;
    out["daemon"] = describe_daemon(settings.daemon);
    for (const auto& chain : settings.chains) out["chains"][chain.name] = describe_chain(chain);
    for (const auto& protocol : settings.protocols) {
        const auto chain =
            std::find_if(settings.chains.begin(), settings.chains.end(),
                         [&](const auto& one) { return one.name == protocol.chain; });
        const auto style =
            chain == settings.chains.end() ? AddressStyle::eip55 : chain->address_style();
        out["protocols"][protocol.name] = describe_protocol(protocol, style);
    }
    for (const auto& group : settings.groups) out["groups"][group.name] = describe_group(group);
    for (const auto& band : settings.bands) {
        Json& row = out["bands"][band.name];
        row["collateral"] = band.collateral;
        row["between"] = {to_string(band.low), to_string(band.high)};
    }
    for (const auto& watch : settings.watches) out["watch"][watch.name] = describe_watch(watch);
    for (const auto& rule : settings.rules) out["rules"][rule.name] = describe_rule(rule);
    for (const auto& sink : settings.sinks) out["sinks"][sink.name] = describe_sink(sink);
    describe_rest(settings, out);
    return out;
}

// ---- the same as TOML --------------------------------------------------------------------------

std::string inline_toml(const Json& value) {
    std::string out;
    const auto separate = [&] { out += out.size() > 1 ? ", " : " "; };
    if (value.is_array()) {
        out = "[";
        for (const Json& element : value) {
            if (out.size() > 1) out += ", ";
            out += inline_toml(element);
        }
        return out + ']';
    }
    if (value.is_object()) {
        out = "{";
        for (const auto& [key, element] : value.items()) {
            separate();
            out += key + " = " + inline_toml(element);
        }
        return out + " }";
    }
    return dumped(value);
}

/// Lists of tables one to a line, everything else inline.
std::string value_toml(const Json& value) {
    const bool is_list_of_tables = value.is_array() && !value.empty() && value.front().is_object();
    if (!is_list_of_tables) return inline_toml(value);
    std::string out = "[\n";
    for (const Json& element : value) out += "  " + inline_toml(element) + ",\n";
    return out + ']';
}

std::string section_toml(const std::string& heading, const Json& section) {
    std::string out = '\n' + heading;
    if (section.contains(kIsDefault)) out += "  # default";
    out += '\n';
    for (const auto& [key, value] : section.items()) {
        if (key != kIsDefault) out += key + " = " + value_toml(value) + '\n';
    }
    return out;
}

std::string name_in_heading(const std::string& name) {
    return name.find('.') == std::string::npos ? name : '"' + name + '"';
}

}  // namespace

std::string describe_json(const Settings& settings) { return dumped(described(settings)); }

std::string describe(const Settings& settings) {
    std::string out;
    const Json all = described(settings);
    for (const auto& [id, value] : all.items()) {
        const SectionSpec* const section = find_section(id);
        if (section == nullptr) {
            out += id + " = " + value_toml(value) + '\n';
        } else if (section->shape == Shape::table) {
            out += section_toml('[' + id + ']', value);
        } else if (section->shape == Shape::repeated) {
            for (const Json& element : value) out += section_toml("[[" + id + "]]", element);
        } else {
            for (const auto& [name, element] : value.items()) {
                out += section_toml('[' + id + '.' + name_in_heading(name) + ']', element);
            }
        }
    }
    return out;
}

}  // namespace plimsoll::config
