#include "config/load.hpp"

#include "config/describe.hpp"
#include "config/scalars.hpp"
#include "tests/config/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace plimsoll::config {
namespace {

using ::testing::ElementsAre;
using testing::FakeSecrets;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::joined;
using testing::kLeast;
using testing::parse;
using testing::parse_good;

TEST(Load, a_least_file_gets_every_default) {
    const Settings settings = parse_good("");
    const DaemonSettings daemon;
    EXPECT_EQ(settings.daemon.instance, daemon.instance);
    EXPECT_EQ(settings.daemon.state_dir, daemon.state_dir);
    EXPECT_EQ(settings.daemon.http_listen, daemon.http_listen);
    EXPECT_EQ(settings.daemon.log_level, daemon.log_level);
    EXPECT_EQ(settings.daemon.target_health_factor, daemon.target_health_factor);
    EXPECT_EQ(to_string(settings.daemon.target_health_factor), "1.25");
    EXPECT_EQ(settings.daemon.control_socket, daemon.control_socket);
    EXPECT_EQ(settings.daemon.default_health_rules, daemon.default_health_rules);
    EXPECT_EQ(settings.snapshots.every, SnapshotSettings{}.every);
    EXPECT_EQ(settings.snapshots.keep, SnapshotSettings{}.keep);
    EXPECT_EQ(settings.snapshots.tables, SnapshotSettings{}.tables);
    EXPECT_THAT(settings.heartbeat.to, IsEmpty());
    EXPECT_TRUE(settings.signing.key.empty());
    EXPECT_THAT(settings.warnings, IsEmpty()) << joined(settings.warnings);
}

TEST(Load, a_chain_gets_its_defaults) {
    const ChainSettings chain = parse_good("").chains.at(0);
    const ChainSettings defaults;
    EXPECT_EQ(chain.name, "eth");
    EXPECT_EQ(chain.caip2(), "eip155:1");
    EXPECT_EQ(chain.poll_every, defaults.poll_every);
    EXPECT_EQ(chain.finality, defaults.finality);
    EXPECT_EQ(chain.confirm, defaults.confirm);
    EXPECT_EQ(chain.stale_after, defaults.stale_after);
    EXPECT_EQ(chain.agree, defaults.agree);
    EXPECT_EQ(chain.multicall, defaults.multicall);
    ASSERT_EQ(chain.endpoints.size(), 1U);
    EXPECT_EQ(chain.endpoints[0].url.reveal(), "https://node.example");
    EXPECT_EQ(chain.endpoints[0].alias, "eth-1");
    EXPECT_EQ(chain.endpoints[0].max_rps, 0U);
    EXPECT_EQ(chain.endpoints[0].max_block_range, std::nullopt);
}

TEST(Load, a_rule_and_a_sink_get_their_defaults) {
    const Settings settings = parse_good(R"(
[rules.r]
when = "health_factor < 1"
[sinks.w]
kind = "webhook"
url = "https://a.example"
)");
    const RuleSettings defaults;
    const RuleSettings& rule = settings.rules.at(0);
    EXPECT_EQ(rule.hold_for, defaults.hold_for);
    EXPECT_EQ(rule.keep, defaults.keep);
    EXPECT_EQ(rule.min_debt, defaults.min_debt);
    EXPECT_EQ(rule.severity, defaults.severity);
    EXPECT_EQ(rule.confirm, defaults.confirm);
    EXPECT_EQ(rule.repeat, defaults.repeat);
    EXPECT_EQ(rule.update_on_milli, defaults.update_on_milli);
    EXPECT_FALSE(rule.is_default);
    const SinkSettings sink_defaults;
    const SinkSettings& sink = settings.sinks.at(0);
    EXPECT_EQ(sink.timeout, sink_defaults.timeout);
    EXPECT_EQ(sink.lanes, 4U);
    EXPECT_EQ(sink.max_rps, sink_defaults.max_rps);
    EXPECT_EQ(sink.allow_http, sink_defaults.allow_http);
}

TEST(Load, reads_a_chain_in_full) {
    FakeSecrets secrets;
    secrets.credentials = {{"node", "0123456789abcdefghij"}, {"auth", "Bearer x"}};
    const auto settings =
        parse(R"(version = 1
[chains.main]
kind = "evm"
chain_id = 324
poll_every = "250ms"
finality = 64
confirm = "safe"
stale_after = "90s"
agree = 2
endpoints = [
  "http://127.0.0.1:8545",
  { url = "https://a.example/v2/${credential:node}", alias = "paid", max_rps = 20, max_block_range = 1_000, )"
              R"(ca_file = "/etc/ca.pem", header = { Authorization = "${credential:auth}" } },
]
[protocols.p]
kind = "aave-v3"
chain = "main"
)",
              secrets);
    ASSERT_TRUE(settings.has_value()) << joined(settings.error());
    const ChainSettings& chain = settings->chains.at(0);
    EXPECT_EQ(chain.poll_every, Milliseconds{250});
    EXPECT_EQ(chain.finality, (Depth{Depth::Kind::blocks, 64}));
    EXPECT_EQ(chain.confirm, (Depth{Depth::Kind::safe, 0}));
    EXPECT_EQ(chain.stale_after, Milliseconds{90'000});
    EXPECT_EQ(chain.agree, 2U);
    EXPECT_EQ(to_checksum(chain.multicall.value()), "0xF9cda624FBC7e059355ce98a31693d299FACd963");
    EXPECT_EQ(chain.endpoints.at(0).alias, "main-1");
    const EndpointSettings& paid = chain.endpoints.at(1);
    EXPECT_EQ(paid.url.reveal(), "https://a.example/v2/0123456789abcdefghij");
    EXPECT_EQ(paid.alias, "paid");
    EXPECT_EQ(paid.max_rps, 20U);
    EXPECT_EQ(paid.max_block_range, 1000U);
    EXPECT_EQ(paid.ca_file, "/etc/ca.pem");
    ASSERT_EQ(paid.headers.size(), 1U);
    EXPECT_EQ(paid.headers[0].first, "Authorization");
    EXPECT_EQ(paid.headers[0].second.reveal(), "Bearer x");
    EXPECT_EQ(joined(settings->warnings), "");
}

TEST(Load, an_alias_by_number_counts_positions) {
    const Settings settings = parse_good(R"([chains.b]
kind = "evm"
chain_id = 2
endpoints = [{ url = "https://a.example", alias = "first" }, "https://b.example"]
)");
    EXPECT_EQ(settings.chains.at(1).endpoints.at(0).alias, "first");
    EXPECT_EQ(settings.chains.at(1).endpoints.at(1).alias, "b-2");
}

TEST(Load, tron_has_its_own_caip2) {
    ChainSettings chain;
    chain.kind = "tron";
    chain.chain_id = 728126428;
    EXPECT_EQ(chain.caip2(), "tron:0x2b6653dc");
}

constexpr std::string_view kTron = R"(
[chains.tron]
kind = "tron"
chain_id = 728126428
endpoints = [
  { url = "https://api.trongrid.io", header = { TRON-PRO-API-KEY = "${credential:tron}" } },
  { url = "https://api.trongrid.io/v", max_rps = 14 },
  "http://127.0.0.1:8090/",
]
[protocols.justlend]
kind = "compound-v2"
chain = "tron"
address = "TGjYzgCyPobsNS9n6WcbdLVR9dH7mWqFx7"
[protocols.hex]
kind = "compound-v2"
chain = "tron"
address = "0x2c7c9963111905d29eb8da37d28b0f53a7bb5c28"
[groups.DOLLARS]
leader = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
members = ["USDX"]
[watch.both]
accounts = ["TXJgMdjVX5dKiQaUi9QobwNxtSQaFqccvd", "0xa614f803b6fd780986a42c78ec9c7f77e6ded13c"]
)";

TEST(Load, a_tron_chain) {
    FakeSecrets secrets;
    secrets.credentials["tron"] = "11111111-2222-3333-4444-555555555555";
    const Settings settings = parse_good(kTron, secrets);
    const ChainSettings& chain = settings.chains.at(1);
    EXPECT_EQ(chain.caip2(), "tron:0x2b6653dc");
    EXPECT_EQ(chain.address_style(), AddressStyle::base58check);
    EXPECT_EQ(chain.poll_every, Milliseconds(1'500));
    EXPECT_EQ(chain.multicall, std::nullopt);
    EXPECT_EQ(chain.endpoints.at(0).max_rps, 8U);  // what TronGrid bears
    EXPECT_EQ(chain.endpoints.at(1).max_rps, 14U);
    EXPECT_EQ(chain.endpoints.at(2).max_rps, 0U);
    EXPECT_EQ(chain.endpoints.at(0).headers.at(0).first, "TRON-PRO-API-KEY");
    EXPECT_EQ(to_lower_hex(settings.protocols.at(1).address),
              "0x4a33bf2666f2e75f3d6ad3b9ad316685d5c668d4");
    EXPECT_EQ(to_lower_hex(settings.watches.at(0).accounts.at(0)),
              "0xea09611b57e89d67fbb33a516eb90508ca95a3e5");
}

TEST(Load, addresses_of_tron_are_shown_in_its_form) {
    FakeSecrets secrets;
    secrets.credentials["tron"] = "11111111-2222-3333-4444-555555555555";
    const std::string shown = describe(parse_good(kTron, secrets));
    for (const char* text :
         {"TGjYzgCyPobsNS9n6WcbdLVR9dH7mWqFx7", "TE2RzoSV3wFK99w6J9UnnZ4vLfXYoxvRwP",
          "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "TXJgMdjVX5dKiQaUi9QobwNxtSQaFqccvd",
          "0xa614f803B6FD780986A42c78Ec9c7f77e6DeD13C"}) {
        EXPECT_NE(shown.find(text), std::string::npos) << text << "\n" << shown;
    }
    EXPECT_EQ(shown.find("11111111"), std::string::npos);
}

TEST(Load, keeps_the_order_of_the_file) {
    const Settings settings = parse_good(R"(
[bands.z]
collateral = "ETH"
between = [1, 2]
[bands.a]
collateral = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
between = ["1574.5", 1_681]
)");
    ASSERT_EQ(settings.bands.size(), 2U);
    EXPECT_EQ(settings.bands[0].name, "z");
    EXPECT_EQ(settings.bands[1].name, "a");
    EXPECT_EQ(to_string(settings.bands[1].low), "1574.5");
    EXPECT_EQ(to_string(settings.bands[1].high), "1681");
}

TEST(Load, a_group_of_the_file_replaces_the_shipped_one) {
    const Settings settings = parse_good(R"(
[groups.ETH]
leader = "WETH"
members = ["wstETH"]
[groups.LST]
leader = "cbBTC"
members = ["cbBTC"]
)");
    ASSERT_EQ(settings.groups.size(), 4U);
    EXPECT_EQ(settings.groups[0].name, "ETH");
    EXPECT_THAT(settings.groups[0].members, ElementsAre("WETH", "wstETH"));
    EXPECT_FALSE(settings.groups[0].shipped);
    EXPECT_EQ(settings.groups[2].name, "BTC");
    EXPECT_TRUE(settings.groups[2].shipped);
    EXPECT_THAT(settings.groups[2].members, ::testing::Not(::testing::Contains("cbBTC")));
    ASSERT_EQ(settings.warnings.size(), 1U);
    EXPECT_EQ(settings.warnings[0].message, "'cbBTC' leaves the shipped group 'BTC' for 'LST'");
}

TEST(Load, a_shipped_group_without_its_leader_goes) {
    const Settings settings = parse_good(R"(
[groups.mine]
leader = "WETH"
members = ["WETH"]
)");
    ASSERT_EQ(settings.groups.size(), 3U);
    EXPECT_EQ(settings.groups[1].name, "BTC");
}

TEST(Load, reads_watch_lists) {
    const Settings settings = parse_good(R"(
[watch.whales]
accounts = ["0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e"]
[watch.ours]
label = "treasury"
accounts = ["0x2f39d218133afab8f2b819b1066c7e434ad94e9e"]
)");
    EXPECT_EQ(settings.watches.at(0).label, "whales");
    EXPECT_EQ(settings.watches.at(1).label, "treasury");
    EXPECT_EQ(settings.watches.at(0).accounts, settings.watches.at(1).accounts);
}

TEST(Load, without_a_sink_alerts_go_to_the_archive) {
    const Settings settings =
        parse_good("[rules.r]\nwhen = \"liquidatable\"\nto = [\"archive\"]\n");
    ASSERT_EQ(settings.sinks.size(), 1U);
    EXPECT_EQ(settings.sinks[0].name, "archive");
    EXPECT_EQ(settings.sinks[0].kind, "jsonl");
    EXPECT_EQ(settings.sinks[0].path, "alerts");
    EXPECT_EQ(settings.sinks[0].keep, SinkSettings{}.keep);
}

TEST(Load, tells_all_errors_in_the_order_of_the_file) {
    const auto parsed = parse(R"(version = 1
[daemon]
instanec = "a"
log_level = loud
[sinks.w]
kind = "webhook"
[chains.eth]
kind = "evm"
chain_id = "1"
poll_every = 12
[rules.r]
when = "helth_factor < 1"
min_debt = 1.5
)");
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(joined(parsed.error()),
              "t.toml:3:1: unknown key 'instanec' in [daemon] (did you mean 'instance'?)\n"
              "t.toml:4:13: the value of 'log_level' is not TOML (texts are put in double quotes; "
              "true and false are lower case)\n"
              "t.toml:9:12: 'chain_id' must be an integer, not text (leave out the quotes)\n"
              "t.toml:10:14: 'poll_every' must be a duration such as \"12s\", not an integer (did "
              "you mean \"12s\"?)\n"
              "t.toml:12:9: 'when': unknown metric 'helth_factor' (did you mean "
              "'health_factor'?)\n"
              "t.toml:13:12: 'min_debt' must be an amount of USD: an integer, or text such as "
              "\"1574.5\", not a float, which is not exact (quote the number: \"1.5\")\n");
}

TEST(Load, tells_several_syntax_errors) {
    const auto parsed = parse(
        "version = 1\n[daemon]\ninstance = a\nlog_level = b\n"
        "[daemon]\nstate_dir = c\n[snapshots]\nevery = 1h\n");
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(parsed.error().size(), 4U) << joined(parsed.error());
    EXPECT_EQ(parsed.error().back().at, (Position{8, 9}));
}

TEST(Load, refuses_to_watch_nothing) {
    const auto parsed = parse("version = 1\n");
    ASSERT_FALSE(parsed.has_value());
    ASSERT_EQ(parsed.error().size(), 2U);
    EXPECT_EQ(parsed.error()[0].message, "nothing to watch: the file has no [chains.NAME]");
    EXPECT_EQ(parsed.error()[1].message, "nothing to watch: the file has no [protocols.NAME]");
}

TEST(Load, reads_heartbeat_and_inhibits_and_warns_of_an_open_listener) {
    const Settings settings = parse_good(R"([daemon]
http_listen = "0.0.0.0:9464"
[chains.two]
kind = "evm"
chain_id = 2
endpoints = ["https://a.example"]
[heartbeat]
to = ["archive"]
[[inhibit]]
when = { type = "oracle.stale" }
mute = { rule = "hf-*" }
equal = ["chain", "protocol"]
)");
    std::string all = joined(settings.warnings);
    EXPECT_THAT(all, ::testing::Not(HasSubstr("has no effect")));
    EXPECT_THAT(all, HasSubstr("can be reached from other machines"));
    EXPECT_EQ(settings.heartbeat.every, HeartbeatSettings{}.every);
    EXPECT_THAT(settings.heartbeat.to, ElementsAre("archive"));
    EXPECT_THAT(settings.inhibits.at(0).equal, ElementsAre("chain", "protocol"));
    EXPECT_EQ(settings.inhibits.at(0).mute.at("rule"), "hf-*");
}

TEST(Load, warns_of_doubtful_choices) {
    const Settings settings = parse_good(R"([chains.dev]
kind = "evm"
chain_id = 31337
finality = "latest"
endpoints = ["http://127.0.0.1:8545", "http://127.0.0.1:8545"]
[bands.b]
collateral = "eth"
between = [1, 2]
[rules.r]
when = "health_factor > 1"
[sinks.w]
kind = "webhook"
url = "https://a.example"
)");
    EXPECT_EQ(joined(settings.warnings),
              "t.toml:1:1: no protocol is on chain 'dev'\n"
              "t.toml:12:12: with finality \"latest\" no reorganisation can be undone\n"
              "t.toml:13:39: the same endpoint is given twice\n"
              "t.toml:15:14: 'eth' is no group and is taken for a token's symbol (did you mean "
              "group 'ETH'?)\n"
              "t.toml:18:8: 'when' of [rules.r] is true for healthy positions\n"
              "t.toml:19:1: [sinks.w] has no 'secrets', so its deliveries carry no HMAC "
              "signature\n");
}

TEST(Load, without_a_version_it_is_version_1_with_a_warning) {
    const auto parsed = parse(std::string(kLeast).substr(std::string("version = 1\n").size()));
    ASSERT_TRUE(parsed.has_value());
    ASSERT_EQ(parsed->warnings.size(), 1U);
    EXPECT_EQ(parsed->warnings[0].message, "no 'version'; read as version 1");
}

TEST(Load, tells_a_missing_file_from_an_unreadable_one) {
    SystemSecrets secrets;
    const auto missing = load_settings("/nonexistent/plimsoll.toml", secrets);
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().at(0).kind, ConfigError::Kind::missing);
    EXPECT_EQ(to_string(missing.error().at(0)),
              "/nonexistent/plimsoll.toml: cannot be read: No such file or directory");
    const auto directory = load_settings(std::filesystem::temp_directory_path(), secrets);
    ASSERT_FALSE(directory.has_value());
    EXPECT_EQ(directory.error().at(0).kind, ConfigError::Kind::unreadable);
}

TEST(Load, refuses_a_file_of_more_than_a_mebibyte) {
    const auto path = std::filesystem::temp_directory_path() /
                      ("plimsoll-large-" + std::to_string(::getpid()) + ".toml");
    std::ofstream(path) << std::string(1024 * 1024 + 1, '#');
    SystemSecrets secrets;
    const auto parsed = load_settings(path, secrets);
    std::filesystem::remove(path);
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(parsed.error().at(0).message, "is larger than 1 MiB");
}

}  // namespace
}  // namespace plimsoll::config
