#include "tests/support/alert_samples.hpp"

#include <algorithm>
#include <cstdlib>

namespace plimsoll::testing {

using alerts::Alert;
using alerts::amount;
using alerts::Severity;
using nlohmann::json;

const std::string kHostileName =
    "<b>&*_~`[x](http://a.b)|@everyone <!channel> \\ #1\r\n✓ Resolved \u202E ${x}";

namespace {

constexpr std::uint64_t kBlock = 24'000'000;
constexpr std::uint64_t kTime = 1'768'478'411;
constexpr const char* kAccount = "0x00000000000000000000000000000000000000a1";
constexpr const char* kToken = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2";
constexpr const char* kUsdc = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";

json amount_of(const char* raw, unsigned decimals) {
    return amount(parse_decimal(raw).value(), decimals);
}

Alert base(const std::string& type, const std::string& rule, Severity severity) {
    Alert a;
    a.type = type;
    a.rule = rule;
    a.severity = severity;
    a.chain = "eip155:1";
    a.protocol = "aave-v3-main";
    a.subject = kAccount;
    a.alert_key = alerts::alert_key(rule, a.chain, a.protocol, a.subject);
    a.episode = kBlock;
    a.block = {kBlock, {}, {}, kTime};
    a.block.hash.bytes.fill(0x11);
    a.finality = "safe";
    a.at = kTime;
    a.extra = {{"since", kTime - 24}, {"coverage", "0.999812"}};
    return a;
}

json position_data(const std::string& asset) {
    return {{"health_factor", amount_of("998877665544332211", 18)},
            {"debt_usd", amount_of("125000000000000", 8)},
            {"collateral_usd", amount_of("151298765432100", 8)},
            {"liquidatable", true},
            {"liquidation_price",
             {{"asset", asset},
              {"token", kToken},
              {"price", amount_of("231000000000", 8)},
              {"alone", {{"price", amount_of("231260000000", 8)}, {"side", "below"}}},
              {"group",
               {{"price", amount_of("231259000000", 8)}, {"side", "below"}, {"leader", "WETH"}}}}},
            {"to_safe",
             {{"target", amount_of("1250000000000000000", 18)},
              {"repay",
               {{{"asset", "USDC"}, {"token", kUsdc}, {"amount", amount_of("251122334455", 6)}}}},
              {"add",
               {{{"asset", asset},
                 {"token", kToken},
                 {"amount", amount_of("135913000000000000001", 18)}}}}}},
            {"liquidation_time", kTime}};
}

Alert position() {
    Alert a = base("position.liquidatable.firing", "hf-under-1", Severity::critical);
    a.title =
        "Position can be liquidated on aave-v3-main: 0x0000...00a1, health factor 0.9988, debt "
        "1250000.00 USD";
    a.text = "0x00000000000000000000000000000000000000a1: health factor 0.9988, ...";
    a.labels["watch"] = "treasury";
    a.extra.update(position_data("wstETH"));
    return a;
}

Alert at_risk() {
    Alert a = base("position.at_risk.updated", "hf-low", Severity::warning);
    a.seq = 3;
    a.title = "Update: position at risk on aave-v3-main: 0x0000...00a1, health factor 1.0472, ...";
    a.extra.update(position_data("wstETH"));
    a.extra["health_factor"] = amount_of("1047200000000000000", 18);
    a.extra["liquidatable"] = false;
    a.extra["liquidation_price"].erase("group");
    a.extra["liquidation_price"]["alone"]["side"] = "above";
    a.extra["reason"] = "reorg";
    return a;
}

Alert repaid() {
    Alert a = base("position.liquidatable.resolved", "hf-under-1", Severity::critical);
    a.seq = 2;
    a.title = "Resolved: position can be liquidated on aave-v3-main: 0x0000...00a1";
    a.extra["debt_usd"] = amount_of("0", 8);
    a.extra["reason"] = "repaid";
    return a;
}

Alert retracted() {
    Alert a = base("position.liquidatable.retracted", "hf-under-1", Severity::critical);
    a.seq = 2;
    a.finality = "latest";
    a.title = "Retracted: position can be liquidated on aave-v3-main";
    a.extra = {{"reason", "reorg"},
               {"retracts", "msg_a8c4048454f17f714598cdde639ce478"},
               {"retracted_state", "firing"},
               {"orphaned", {{"number", kBlock}, {"hash", "0x" + std::string(64, 'a')}}}};
    return a;
}

Alert liquidated(const std::string& asset) {
    Alert a = base("position.liquidated.fired", "liquidations", Severity::info);
    Bytes32 tx;
    tx.bytes.fill(0x33);
    a.alert_key = alerts::event_alert_key(a.rule, a.chain, a.protocol, tx, 7, a.subject);
    a.episode = 0;
    a.finality = "latest";
    a.title = "Liquidation on aave-v3-main: 0x0000...00a1 lost 1.5 WETH";
    a.extra = {{"tx", {{"hash", "0x" + std::string(64, '3')}, {"log_index", 7}}},
               {"liquidator", "0x00000000000000000000000000000000000000B2"},
               {"collateral_asset", asset},
               {"collateral_token", kToken},
               {"collateral", amount_of("1500000000000000000", 18)},
               {"collateral_usd", amount_of("346500000000", 8)},
               {"debt_asset", "USDC"},
               {"debt_token", kUsdc},
               {"debt", amount_of("3300000000", 6)},
               {"debt_usd", amount_of("330000000000", 8)},
               {"bad_debt", amount_of("12500000", 6)},
               {"bad_debt_usd", amount_of("1250000000", 8)},
               {"protocol_fee", amount_of("7500000000000000", 18)}};
    return a;
}

Alert band(const std::string& type) {
    Alert a = base(type, "eth-cluster", Severity::warning);
    a.subject = "ETH";
    a.alert_key = alerts::alert_key(a.rule, a.chain, a.protocol, a.subject) + "/eth-lower";
    a.labels["band"] = "eth-lower";
    a.title = "ETH band 1574-1681 is approached on aave-v3-main: 52000000.00 USD, 2.31% above";
    a.extra.update(
        {{"band", {{"low", amount_of("157400000000", 8)}, {"high", amount_of("168150000000", 8)}}},
         {"collateral", amount_of("31200500000000000000000", 18)},
         {"collateral_usd", amount_of("5200000000000000", 8)},
         {"debt_usd", amount_of("4100000000000000", 8)},
         {"leader", "WETH"},
         {"positions", 312},
         {"liquidatable", 2},
         {"price", amount_of("172000000000", 8)},
         {"distance_pct", "2.31"},
         {"not_computable", 1},
         {"more", 292},
         {"top",
          {{{"account", kAccount},
            {"collateral", amount_of("5000000000000000000000", 18)},
            {"collateral_usd", amount_of("860000000000000", 8)},
            {"debt_usd", amount_of("700000000000000", 8)}}}}});
    a.extra["reason"] = "initial";
    return a;
}

Alert about_chain(const std::string& type) {
    Alert a = base(type, "source-stale", Severity::critical);
    a.protocol = "";
    a.subject = "ethereum";
    a.alert_key = alerts::alert_key(a.rule, a.chain, a.protocol, a.subject);
    a.finality = "latest";
    a.title = "No new block from ethereum";
    a.extra = {{"since", kTime - 24},
               {"age_seconds", 4000},
               {"gap_blocks", 12},
               {"stale", true},
               {"endpoint", "eth-1"}};
    return a;
}

Alert disagrees() {
    Alert a = base("source.disagrees.firing", "unverified", Severity::critical);
    a.subject = "aave-v3-main";
    a.alert_key = alerts::alert_key(a.rule, a.chain, a.protocol, a.subject);
    a.title = "Numbers of aave-v3-main are not verified";
    a.extra["unverified_reason"] = "the contract answers otherwise";
    a.extra["differences"] = {{{"account", kAccount},
                               {"field", "healthFactor"},
                               {"ours", "998877665544332211"},
                               {"contract", "998877665544332212"}}};
    return a;
}

Alert hostile() {
    Alert a = position();
    a.rule = "hostile";
    a.alert_key = alerts::alert_key(a.rule, a.chain, a.protocol, a.subject);
    a.labels["watch"] = kHostileName;
    a.title = "Position can be liquidated on aave-v3-main: " + kHostileName;
    a.extra.update(position_data(kHostileName));
    return a;
}

Alert heartbeat() {
    Alert a = base("daemon.heartbeat", "heartbeat", Severity::info);
    a.chain = a.protocol = "";
    a.subject = "mon-a";
    a.alert_key = alerts::alert_key(a.rule, "", "", a.subject);
    a.episode = a.at;
    a.title = "Plimsoll is running";
    a.text = "3 alerts fire.";
    a.extra = {{"firing", 3U}};
    return a;
}

}  // namespace

std::string AlertSample::body() const { return alerts::body_of(alert, "mon-a"); }
alerts::ReadAlert AlertSample::read() const { return alerts::read_body(body()).value(); }

const std::vector<AlertSample>& alert_samples() {
    static const std::vector<AlertSample> samples{
        {"position_firing", position()},
        {"position_updated", at_risk()},
        {"position_resolved", repaid()},
        {"position_retracted", retracted()},
        {"liquidated", liquidated("WETH")},
        {"band_firing", band("band.approached.firing")},
        {"source_stale", about_chain("source.stale.firing")},
        {"source_disagrees", disagrees()},
        {"heartbeat", heartbeat()},
        {"hostile_names", hostile()},
    };
    return samples;
}

const AlertSample& alert_sample(const std::string& name) {
    const auto& all = alert_samples();
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const AlertSample& one) { return one.name == name; });
    if (found == all.end()) std::abort();
    return *found;
}

std::vector<AlertSample> sample_group() {
    std::vector<AlertSample> out;
    for (unsigned i = 0; i < 25; ++i) {
        Alert a = at_risk();
        a.type = "position.at_risk.firing";
        a.seq = 1;
        a.labels.clear();
        a.subject = "0x" + std::string(38, '0') + std::to_string(10 + i);
        a.alert_key = alerts::alert_key(a.rule, a.chain, a.protocol, a.subject);
        a.title = "Position at risk on aave-v3-main: 0x0000..." + a.subject.substr(38) +
                  ", health factor 1.0472, debt " + std::to_string(1000 * (i + 1)) + ".00 USD";
        a.extra.erase("reason");
        a.extra["debt_usd"] = amount(U256(100'000'000'000ULL * (i + 1)), 8);
        out.push_back({a.subject, a});
    }
    Alert safe = repaid();
    safe.type = "position.at_risk.resolved";
    safe.rule = "hf-low";
    safe.alert_key = alerts::alert_key(safe.rule, safe.chain, safe.protocol, safe.subject);
    safe.title = "Resolved: position at risk on aave-v3-main: 0x0000...00a1";
    out.push_back({"safe", safe});
    return out;
}

std::vector<alerts::ReadAlert> read_all(const std::vector<AlertSample>& samples) {
    std::vector<alerts::ReadAlert> out;
    for (const AlertSample& sample : samples) out.push_back(sample.read());
    return out;
}

}  // namespace plimsoll::testing
