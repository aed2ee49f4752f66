#pragma once

#include "abi/address.hpp"
#include "config/error.hpp"
#include "config/secret.hpp"
#include "protocols/common/units.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::config {

using Milliseconds = std::chrono::milliseconds;

struct DaemonSettings {
    std::string instance = "plimsoll";
    std::filesystem::path state_dir = "/var/lib/plimsoll";
    std::string http_listen = "127.0.0.1:9464";  ///< empty: off
    std::string log_level = "info";
    Wad target_health_factor = Wad::from_raw(U256(1'250'000'000'000'000'000ULL));  ///< of `to_safe`
    std::filesystem::path control_socket;                                          ///< empty: none
    bool default_health_rules = true;  ///< see `Settings::rules`
    bool default_inhibits = true;      ///< see `Settings::inhibits`
};

/// "finalized", "safe", "latest", or blocks below the head ("latest" is 0 of them).
struct Depth {
    enum class Kind { finalized, safe, blocks } kind = Kind::finalized;
    std::uint64_t blocks = 0;

    friend bool operator==(const Depth&, const Depth&) = default;
};

struct EndpointSettings {
    Secret url;
    std::string alias;  ///< "<chain>-1"; what people see instead of the URL
    std::vector<std::pair<std::string, Secret>> headers;
    unsigned max_rps = 0;  ///< 0: no limit
    std::optional<std::uint64_t> max_block_range;
    std::string ca_file;
};

struct ChainSettings {
    std::string name;
    std::string kind;  ///< "evm" or "tron"
    std::uint64_t chain_id = 0;
    Milliseconds poll_every{12'000};
    Depth finality;
    Depth confirm{Depth::Kind::blocks, 0};    ///< default of the chain's rules
    std::optional<Milliseconds> stale_after;  ///< none: the longer of 3 block times and 60 s
    /// None: two, where there are two endpoints, as long as both answer.
    std::optional<unsigned> agree;
    std::optional<Address> multicall;
    std::vector<EndpointSettings> endpoints;

    std::string caip2() const;  ///< "eip155:1", "tron:0x2b6653dc"
    /// `stale_after`; without it the longer of three block times (taken as polling intervals) and
    /// 60 s.
    Milliseconds stale_limit() const;
    AddressStyle address_style() const;
};

struct ProtocolSettings {
    std::string name;
    std::string kind;        ///< "aave-v3" ...
    std::string chain;       ///< name of a chain
    std::string deployment;  ///< built-in deployment, or empty
    Address address;  ///< PoolAddressesProvider / Comptroller / ...; resolved from `deployment`
    std::uint64_t start_block = 0;
};

struct GroupSettings {
    std::string name;
    std::string leader;                ///< symbol or address
    std::vector<std::string> members;  ///< symbols or addresses; the leader is one of them
    bool shipped = false;              ///< not from the file
};

struct BandSettings {
    std::string name;
    std::string collateral;  ///< group, symbol or address
    Usd8 low;
    Usd8 high;
};

struct WatchSettings {
    std::string name;
    std::string label;
    std::vector<Address> accounts;
    std::vector<AddressStyle> written;  ///< how the file writes each account
};

/// What a rule can ask for: see the table in metrics.cpp. The scale of a condition's value follows
/// from it. A flag is the number 1 where it holds and 0 where not: `source_stale` stands for
/// `source_stale >= 1`, its negation for `source_stale < 1`.
enum class Metric {
    // of a position
    health_factor,
    liquidatable,
    // events about an account
    liquidated,
    activity,
    deposited,
    withdrawn,
    borrowed,
    repaid,
    transferred,
    // of a band
    exposure_usd,
    price_above_band_pct,
    // of a protocol, most of them of a market too
    tvl_usd,
    supplied_usd,
    borrowed_usd,
    utilization,
    tvl_drop_pct,
    bad_debt_usd,
    borrowers,
    positions_at_risk,
    liquidatable_positions,
    liquidatable_debt_usd,
    // of a market
    paused,
    frozen,
    price_usd,
    price_jump_pct,
    oracle_age,
    oracle_down,
    parameters_changed,  ///< event
    // of the daemon's own eyes
    source_stale,
    gap_blocks,
    source_down,
    endpoint_down,
    source_disagrees,
    unverified,
    coverage,
};
enum class Comparison { less, less_equal, greater, greater_equal };

/// One comparison of a metric with `value`, scaled by the metric's decimals.
struct Condition {
    Metric metric = Metric::health_factor;
    Comparison comparison = Comparison::less;
    bool negative = false;
    U256 value = 0;

    friend bool operator==(const Condition&, const Condition&) = default;
};

/// Whether all of a list of conditions have to hold, or any one of them.
enum class Join { all, any };

/// How far back a rule looks: by block time, or by blocks where those are not 0.
struct Window {
    Milliseconds time{0};
    std::uint64_t blocks = 0;

    friend bool operator==(const Window&, const Window&) = default;
};

struct RuleSettings {
    std::string name;
    std::string when_text;
    std::vector<Condition> when;   ///< all of them
    std::vector<Condition> clear;  ///< given, or `default_clear(when)`; empty for events only
    Join clear_join = Join::all;   ///< `any` where `when` joins several and `clear` is the default
    Milliseconds hold_for{0};      ///< key `for`
    Milliseconds keep{0};
    Usd8 min_debt;
    Usd8 min_usd;
    Window window;
    std::string severity = "warning";      ///< info, warning, critical
    std::optional<Depth> confirm;          ///< none: the chain's
    Milliseconds repeat{4 * 3600 * 1000};  ///< 0: never
    std::uint64_t update_on_milli =
        2000;                            ///< factor by which the value must worsen, in thousandths
    std::vector<std::string> bands;      ///< of a rule about bands: never empty
    std::vector<std::string> protocols;  ///< empty: all
    /// Symbols or addresses of markets, `*` for every one. Empty: what the metric is about by
    /// itself, the protocol as a whole or every market.
    std::vector<std::string> markets;
    std::vector<std::string> watch;  ///< empty: all accounts
    std::vector<std::string> to;     ///< sinks; empty: all
    bool is_default = false;         ///< not from the file
};

struct SinkSettings {
    std::string name;
    std::string kind;  ///< "webhook", "jsonl", "slack" ...
    Secret url;
    std::vector<Secret> secrets;            ///< "whsec_..." newest first
    bool cloudevents = false;               ///< webhook
    std::filesystem::path path = "alerts";  ///< jsonl: under the state directory
    Milliseconds keep{400LL * 24 * 3600 * 1000};
    std::string language = "en";  ///< of chat, paging and mail: "en" or "zh"
    std::string page_url;         ///< our page, as people reach it; may be empty
    Secret token;                 ///< telegram
    std::string chat;             ///< telegram: id or "@channel"
    std::optional<std::uint64_t> thread;
    Secret routing_key;           ///< pagerduty
    Milliseconds resend{60'000};  ///< alertmanager
    std::string server;           ///< email: smtps://host:port or smtp://host:port
    std::string user;
    Secret password;
    std::string from;
    std::vector<std::string> to;
    bool allow_plain = false;  ///< email: without TLS
    bool allow_http = false;
    std::vector<std::string> allow_private;  ///< CIDR
    std::string ca_file;
    Milliseconds timeout{15'000};
    unsigned lanes = 1;                   ///< deliveries in parallel
    std::optional<unsigned> max_rps;      ///< none: what the service allows; 0: no limit
    std::optional<Milliseconds> max_age;  ///< undelivered after this: given up; none: by kind
    /// Labels that the alerts of one message have in common; empty: a message for every alert.
    std::vector<std::string> group_by;
    Milliseconds group_wait{10'000};
    Milliseconds group_interval{60'000};
    unsigned max_alerts = 20;  ///< listed in one message
};

struct SigningSettings {
    Secret key;  ///< 32 bytes hex; empty: no signature
    std::optional<Address> expect_address;
    Secret previous;  ///< the key before a rotation: signs which one follows; may be empty
};

struct SnapshotSettings {
    Milliseconds every{3600LL * 1000};
    std::vector<std::string> tables{"tvl", "markets", "positions", "bands", "liquidations"};
    Milliseconds keep{400LL * 24 * 3600 * 1000};
};

/// A sign of life to the named sinks, so that silence means something.
struct HeartbeatSettings {
    Milliseconds every{5 * 60 * 1000};
    std::vector<std::string> to;  ///< empty: no heartbeat
};

/// Alerts that `mute` matches are held back while one that `when` matches fires, where both have
/// the same value of every label in `equal`. Values are patterns, see config/pattern.hpp.
struct InhibitSettings {
    std::map<std::string, std::string> when;
    std::map<std::string, std::string> mute;
    std::vector<std::string> equal;
    bool is_inside_band = false;  ///< only accounts that the firing alert about a band names
    bool is_for_chat = false;     ///< only at sinks that are chats
    bool is_default = false;      ///< not from the file
};

struct Settings {
    DaemonSettings daemon;
    std::vector<ChainSettings> chains;
    std::vector<ProtocolSettings> protocols;
    std::vector<GroupSettings> groups;  ///< the shipped ones, unless the file replaces them
    std::vector<BandSettings> bands;
    std::vector<WatchSettings> watches;
    /// Never empty: the default set where the file names none. Where it names some, the default
    /// rules about the daemon's own eyes (source, gap, unverified) are added for every such metric
    /// that no rule of the file asks for, unless `default_health_rules` is off.
    std::vector<RuleSettings> rules;
    bool rules_are_default = false;
    std::vector<SinkSettings> sinks;  ///< never empty: one `jsonl` sink where the file names none
    SigningSettings signing;
    SnapshotSettings snapshots;
    HeartbeatSettings heartbeat;
    std::vector<InhibitSettings> inhibits;  ///< of the file, and the default ones behind them
    std::vector<ConfigError> warnings;      ///< worth telling; nothing that stops the start
};

}  // namespace plimsoll::config
