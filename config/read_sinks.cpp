#include "config/mailbox.hpp"
#include "config/network.hpp"
#include "config/readers.hpp"

#include <algorithm>

namespace plimsoll::config {
namespace {

constexpr std::string_view kTelegram = "https://api.telegram.org";
constexpr std::string_view kPagerDuty = "https://events.pagerduty.com/v2/enqueue";
constexpr std::size_t kMostRecipients = 50;
/// Each is a thread; the unit allows for twice as many, and those of the rest.
constexpr unsigned kMostLanes = 128;

/// Reads one section; what is wrong is told and leaves the default.
class SinkReader {
  public:
    SinkReader(Reading& reading, Section& section, SinkSettings& sink)
        : reading_(reading), section_(section), sink_(sink) {}

    void read(const std::vector<SinkSettings>& others) {
        if (sink_.kind == "jsonl") read_jsonl(others);
        if (sink_.kind == "jsonl" || sink_.kind == "stdout") return;
        read_network();
        if (sink_.kind == "email") {
            read_email();
        } else {
            sink_.allow_http = section_.boolean("allow_http");
            read_url();
        }
        if (sink_.kind == "webhook") {
            sink_.cloudevents = section_.boolean("cloudevents");
            read_secrets();
            return;
        }
        sink_.language = section_.choice("language");
        read_page_url();
        if (sink_.kind == "alertmanager") {
            sink_.resend = section_.duration("resend_every");
        } else {
            read_grouping();
        }
        if (sink_.kind == "telegram") read_telegram();
        if (sink_.kind == "pagerduty") {
            sink_.routing_key = needed_secret("routing_key", "a PagerDuty integration key",
                                              "\"${credential:pagerduty_key}\"");
        }
    }

  private:
    void missing(std::string_view key, const std::string& example) {
        if (section_.has(key)) return;  // told already
        reading_.problems.error_of_whole(section_.at(),
                                         section_.label() + " has no " + in_quotes(key),
                                         "for example: " + std::string(key) + " = " + example);
    }

    Secret needed_secret(std::string_view key, std::string_view what, const std::string& example) {
        const auto given = section_.optional_text(key);
        if (!given || given->view().empty()) {
            missing(key, example);
            return {};
        }
        if (const auto fit = check_header("x", given->view()); !fit) {
            reading_.problems.error(given->at, in_quotes(key) +
                                                   " has line breaks or control "
                                                   "characters");
            return {};
        }
        reading_.tell_literal_secret(*given, what);
        return given->value;
    }

    void read_network() {
        for (const Text& block : section_.texts("allow_private")) {
            if (const auto fit = check_cidr(block.view()); !fit) {
                reading_.problems.error(block.at, "'allow_private': " + fit.error().message);
                continue;
            }
            sink_.allow_private.emplace_back(block.view());
        }
        sink_.timeout = section_.duration("timeout");
        sink_.ca_file = section_.text("ca_file");
        sink_.lanes = static_cast<unsigned>(section_.integer("lanes"));
        if (const auto rate = section_.optional_integer("max_rps")) {
            sink_.max_rps = static_cast<unsigned>(*rate);
        }
        sink_.max_age = section_.optional_duration("max_age");
    }

    void read_url() {
        const auto url = section_.optional_text("url");
        if (!url) {
            if (sink_.kind == "telegram") sink_.url = Secret(kTelegram);
            if (sink_.kind == "pagerduty") sink_.url = Secret(kPagerDuty);
            if (sink_.url.empty()) missing("url", "\"${credential:oncall_url}\"");
            return;
        }
        const auto parsed = parse_url(url->view());
        if (!parsed) {
            reading_.problems.error(url->at, parsed.error().message);
            return;
        }
        if (parsed->scheme != "https" && !sink_.allow_http) {
            reading_.problems.error(url->at, "the URL of a sink begins with https://",
                                    "or set allow_http = true");
        }
        const bool is_secret = sink_.kind == "slack" || sink_.kind == "discord";
        if (is_secret || looks_secret(*parsed)) {
            reading_.tell_literal_secret(*url, is_secret ? "a hook's URL, which is its key,"
                                                         : "a URL that looks like it holds a key");
        }
        sink_.url = url->value;
    }

    void read_secrets() {
        for (const Text& secret : section_.texts("secrets")) {
            const auto fit = check_webhook_secret(secret.view());
            if (!fit) {
                reading_.problems.error(secret.at, fit.error().message,
                                        "make one with: echo whsec_$(openssl rand -base64 32)");
                continue;
            }
            reading_.tell_literal_secret(secret, "a webhook secret");
            sink_.secrets.push_back(secret.value);
        }
        const toml::node* const given = section_.node("secrets");
        if (given == nullptr || (given->is_array() && given->as_array()->empty())) {
            reading_.problems.warn(section_.at(), section_.label() +
                                                      " has no 'secrets', so its deliveries carry "
                                                      "no HMAC signature");
        }
    }

    void read_page_url() {
        const auto page = section_.optional_text("page_url");
        if (!page) return;
        const auto parsed = parse_url(page->view());
        if (!parsed || parsed->has_user ||
            page->view().find_first_of("<>\"|") != page->view().npos) {
            reading_.problems.error(page->at, "'page_url' is not an address for people",
                                    "for example: \"https://plimsoll.example/\"");
            return;
        }
        sink_.page_url = page->view();
    }

    void read_grouping() {
        sink_.group_by = section_.names("group_by");
        sink_.group_wait = section_.duration("group_wait");
        sink_.group_interval = section_.duration("group_interval");
        sink_.max_alerts = static_cast<unsigned>(section_.integer("max_alerts"));
    }

    void read_telegram() {
        sink_.token = needed_secret("token", "a bot's token", "\"${credential:telegram_token}\"");
        if (!sink_.token.empty() && !is_bot_token(sink_.token.reveal())) {
            reading_.problems.error(section_.at("token"),
                                    "'token' is not digits, ':' and the bot's key");
        }
        sink_.chat = section_.text("chat");
        if (sink_.chat.empty()) {
            missing("chat", "\"-1001234567890\"");
        } else if (!is_chat(sink_.chat)) {
            reading_.problems.error(section_.at("chat"),
                                    "'chat' is neither a number nor the @name of a channel");
        }
        sink_.thread = section_.optional_integer("thread");
    }

    void read_email() {
        read_server();
        sink_.allow_plain = section_.boolean("allow_plain");
        sink_.user = section_.text("user");
        if (section_.has("password")) sink_.password = needed_secret("password", "a password", "");
        if (sink_.user.empty() != sink_.password.empty()) {
            reading_.problems.error_of_whole(
                section_.at(), section_.label() + " has only one of 'user' and 'password'");
        }
        if (sink_.allow_plain && !sink_.password.empty()) {
            reading_.problems.error_of_whole(section_.at("allow_plain"),
                                             "a password is never sent without TLS",
                                             "leave out 'allow_plain' or the login");
        }
        sink_.from = section_.text("from");
        if (sink_.from.empty()) {
            missing("from", "\"Plimsoll <plimsoll@mail.example>\"");
        } else if (const auto fit = check_mailbox(sink_.from); !fit) {
            reading_.problems.error(section_.at("from"), "'from': " + fit.error().message);
        }
        for (const Text& to : section_.texts("to")) {
            if (const auto fit = check_mailbox(to.view()); !fit) {
                reading_.problems.error(to.at, "'to': " + fit.error().message);
            }
            sink_.to.emplace_back(to.view());
        }
        if (sink_.to.empty()) missing("to", "[\"risk@mail.example\"]");
        if (sink_.to.size() > kMostRecipients) {
            reading_.problems.error(section_.at("to"), "'to' has more than 50 addresses");
        }
    }

    void read_server() {
        sink_.server = section_.text("server");
        if (sink_.server.empty()) {
            missing("server", "\"smtps://mail.example:465\"");
        } else if (const auto fit = check_mail_server(sink_.server); !fit) {
            reading_.problems.error(section_.at("server"), "'server': " + fit.error().message);
        }
    }

    /// Relative, and without a way out of the state directory.
    static bool stays_inside(const std::filesystem::path& path) {
        if (path.empty() || path.is_absolute()) return false;
        return std::none_of(path.begin(), path.end(),
                            [](const std::filesystem::path& part) { return part == ".."; });
    }

    void read_jsonl(const std::vector<SinkSettings>& others) {
        sink_.path = section_.text("path");
        sink_.keep = section_.duration("keep");
        if (!stays_inside(sink_.path)) {
            reading_.problems.error(
                section_.at("path"),
                "'path' of " + section_.label() + " must lie under the state directory",
                "for example \"alerts\"");
        }
        const auto same =
            std::find_if(others.begin(), others.end(), [&](const SinkSettings& other) {
                return other.kind == "jsonl" &&
                       other.path.lexically_normal() == sink_.path.lexically_normal();
            });
        if (same != others.end()) {
            reading_.problems.error(section_.at("path"), "sinks " + in_quotes(same->name) +
                                                             " and " + in_quotes(sink_.name) +
                                                             " write to the same path");
        }
    }

    Reading& reading_;
    Section& section_;
    SinkSettings& sink_;
};

}  // namespace

std::vector<SinkSettings> read_sinks(Reading& reading, const toml::table& root) {
    std::vector<SinkSettings> out;
    unsigned lanes = 0;
    for (const NamedTable& named : named_tables(reading, root, "sinks")) {
        Section section = named_section(reading, "sinks", named);
        SinkSettings sink;
        sink.name = named.name;
        sink.kind = section.choice("kind");
        if (!sink.kind.empty()) {
            section.check_kind(sink.kind);
            SinkReader(reading, section, sink).read(out);
            lanes += sink.lanes;
        }
        if (lanes > kMostLanes) {
            reading.problems.error(section.at("lanes"),
                                   "the sinks up to here have " + std::to_string(lanes) +
                                       " lanes, together at most " + std::to_string(kMostLanes));
        }
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
