#include "config/network.hpp"
#include "config/readers.hpp"

#include <algorithm>

namespace plimsoll::config {
namespace {

void read_url(Reading& reading, Section& section, SinkSettings& sink) {
    const auto url = section.optional_text("url");
    if (!url) {
        if (section.has("url")) return;
        reading.problems.error_of_whole(section.at(), section.label() + " has no 'url'",
                                        "for example: url = \"${credential:oncall_url}\"");
        return;
    }
    const auto parsed = parse_url(url->view());
    if (!parsed) {
        reading.problems.error(url->at, parsed.error().message);
        return;
    }
    if (parsed->scheme != "https" && !sink.allow_http) {
        reading.problems.error(url->at, "the URL of a sink begins with https://",
                               "or set allow_http = true");
    }
    if (looks_secret(*parsed)) {
        reading.tell_literal_secret(*url, "a URL that looks like it holds a key");
    }
    sink.url = url->value;
}

void read_secrets(Reading& reading, Section& section, SinkSettings& sink) {
    for (const Text& secret : section.texts("secrets")) {
        const auto fit = check_webhook_secret(secret.view());
        if (!fit) {
            reading.problems.error(secret.at, fit.error().message,
                                   "make one with: echo whsec_$(openssl rand -base64 32)");
            continue;
        }
        reading.tell_literal_secret(secret, "a webhook secret");
        sink.secrets.push_back(secret.value);
    }
    const toml::node* const given = section.node("secrets");
    if (given == nullptr || (given->is_array() && given->as_array()->empty())) {
        reading.problems.warn(section.at(), section.label() +
                                                " has no 'secrets', so its deliveries carry no "
                                                "HMAC signature");
    }
}

void read_webhook(Reading& reading, Section& section, SinkSettings& sink) {
    sink.allow_http = section.boolean("allow_http");
    for (const Text& block : section.texts("allow_private")) {
        if (const auto fit = check_cidr(block.view()); !fit) {
            reading.problems.error(block.at, "'allow_private': " + fit.error().message);
            continue;
        }
        sink.allow_private.emplace_back(block.view());
    }
    sink.timeout = section.duration("timeout");
    sink.lanes = static_cast<unsigned>(section.integer("lanes"));
    sink.max_rps = static_cast<unsigned>(section.integer("max_rps"));
    read_url(reading, section, sink);
    read_secrets(reading, section, sink);
}

/// Relative, and without a way out of the state directory.
bool stays_inside(const std::filesystem::path& path) {
    if (path.empty() || path.is_absolute()) return false;
    return std::none_of(path.begin(), path.end(),
                        [](const std::filesystem::path& part) { return part == ".."; });
}

void read_jsonl(Reading& reading, Section& section, const std::vector<SinkSettings>& others,
                SinkSettings& sink) {
    sink.path = section.text("path");
    sink.keep = section.duration("keep");
    if (!stays_inside(sink.path)) {
        reading.problems.error(
            section.at("path"),
            "'path' of " + section.label() + " must lie under the state directory",
            "for example \"alerts\"");
    }
    const auto same = std::find_if(others.begin(), others.end(), [&](const SinkSettings& other) {
        return other.kind == "jsonl" &&
               other.path.lexically_normal() == sink.path.lexically_normal();
    });
    if (same != others.end()) {
        reading.problems.error(section.at("path"), "sinks " + in_quotes(same->name) + " and " +
                                                       in_quotes(sink.name) +
                                                       " write to the same path");
    }
}

}  // namespace

std::vector<SinkSettings> read_sinks(Reading& reading, const toml::table& root) {
    std::vector<SinkSettings> out;
    for (const NamedTable& named : named_tables(reading, root, "sinks")) {
        Section section = named_section(reading, "sinks", named);
        SinkSettings sink;
        sink.name = named.name;
        sink.kind = section.choice("kind");
        if (!sink.kind.empty()) section.check_kind(sink.kind);
        if (sink.kind == "webhook") read_webhook(reading, section, sink);
        if (sink.kind == "jsonl") read_jsonl(reading, section, out, sink);
        out.push_back(std::move(sink));
    }
    if (out.empty()) {
        SinkSettings archive;
        archive.name = "archive";
        archive.kind = "jsonl";
        out.push_back(std::move(archive));
    }
    return out;
}

}  // namespace plimsoll::config
