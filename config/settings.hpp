#pragma once

#include "abi/address.hpp"
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
    Wad target_health_factor;  ///< what `to_safe` aims at; default 1.25
};

/// "finalized", "safe", "latest", or blocks below the head ("latest" is 0 of them).
struct Depth {
    enum class Kind { finalized, safe, blocks } kind = Kind::finalized;
    std::uint64_t blocks = 0;
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
    unsigned agree = 1;
    std::optional<Address> multicall;
    std::vector<EndpointSettings> endpoints;

    std::string caip2() const;  ///< "eip155:1", "tron:0x2b6653dc"
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
    std::vector<std::string> members;  ///< symbols or addresses
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
};

/// What a rule can ask for. The scale of a condition's value follows from it.
enum class Metric {
    health_factor,         ///< wad
    liquidatable,          ///< flag, no comparison
    liquidated,            ///< event, no comparison
    exposure_usd,          ///< 8 decimals; of a band
    price_above_band_pct,  ///< 8 decimals, signed; (price - high) / high, below the band negative
    source_stale,          ///< flag
    gap_blocks,            ///< blocks
    unverified,            ///< flag: the protocol's numbers are not believed just now
};
enum class Comparison { less, less_equal, greater, greater_equal };

/// One comparison; a rule's text joins several with "and".
struct Condition {
    Metric metric = Metric::health_factor;
    Comparison comparison = Comparison::less;
    bool negative = false;
    U256 value = 0;  ///< scaled by the metric's decimals
};

struct RuleSettings {
    std::string name;
    std::string when_text;
    std::vector<Condition> when;
    std::vector<Condition> clear;  ///< empty: `when` negated with the default margin
    Milliseconds hold_for{0};      ///< key `for`
    Milliseconds keep{0};
    Usd8 min_debt;
    std::string severity = "warning";      ///< info, warning, critical
    std::optional<Depth> confirm;          ///< none: the chain's
    Milliseconds repeat{4 * 3600 * 1000};  ///< 0: never
    std::uint64_t update_on_milli =
        2000;  ///< factor by which the value must worsen, in thousandths
    std::vector<std::string> bands;
    std::vector<std::string> protocols;  ///< empty: all
    std::vector<std::string> watch;      ///< empty: all accounts
    std::vector<std::string> to;         ///< sinks; empty: all
};

struct SinkSettings {
    std::string name;
    std::string kind;  ///< "webhook", "jsonl"
    Secret url;
    std::vector<Secret> secrets;            ///< "whsec_..." newest first
    std::filesystem::path path = "alerts";  ///< jsonl: under the state directory
    Milliseconds keep{400LL * 24 * 3600 * 1000};
    bool allow_http = false;
    std::vector<std::string> allow_private;  ///< CIDR
    Milliseconds timeout{15'000};
    unsigned lanes = 4;
    unsigned max_rps = 0;
};

struct SigningSettings {
    Secret key;  ///< 32 bytes hex; empty: no signature
    std::optional<Address> expect_address;
};

struct SnapshotSettings {
    Milliseconds every{3600LL * 1000};
    std::vector<std::string> tables{"tvl", "markets", "positions", "bands", "liquidations"};
    Milliseconds keep{400LL * 24 * 3600 * 1000};
};

struct Settings {
    DaemonSettings daemon;
    std::vector<ChainSettings> chains;
    std::vector<ProtocolSettings> protocols;
    std::vector<GroupSettings> groups;
    std::vector<BandSettings> bands;
    std::vector<WatchSettings> watches;
    std::vector<RuleSettings> rules;  ///< never empty: the default set where the file names none
    bool rules_are_default = false;
    std::vector<SinkSettings> sinks;  ///< never empty: one `jsonl` sink where the file names none
    SigningSettings signing;
    SnapshotSettings snapshots;
};

}  // namespace plimsoll::config
