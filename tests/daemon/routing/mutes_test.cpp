#include "daemon/routing/mutes.hpp"

#include "config/inhibits.hpp"
#include "tests/daemon/routing/support.hpp"

#include <gtest/gtest.h>

namespace plimsoll::routing {
namespace {

Made named(const char* type, const char* subject = "0xa") {
    Made out;
    out.type = type;
    out.rule = std::string(type).substr(0, std::string(type).rfind('.'));
    out.subject = subject;
    return out;
}

Made band_of(std::vector<std::string> accounts) {
    Made out = named("band.exposure.firing", "ETH");
    out.accounts = std::move(accounts);
    return out;
}

/// What holds `alert` back while `firing` fires.
std::string muted(const Made& firing, const Made& alert, bool is_chat = false) {
    const auto inhibits = config::default_inhibits();
    const Board board{{firing.key(), firing.traits()}, {alert.key(), alert.traits()}};
    return Mutes(inhibits, board, {}, 0).muted_by(alert.traits(), is_chat);
}

struct Case {
    const char* name;
    Made firing;
    Made alert;
    bool at_hook;
    bool at_chat;
};

Made elsewhere(Made made, const char* chain, const char* protocol) {
    made.chain = chain;
    made.protocol = protocol;
    return made;
}

class Shipped : public ::testing::TestWithParam<Case> {};

TEST_P(Shipped, inhibitions_hold_back_what_they_should) {
    const Case& tested = GetParam();
    const std::string by = "inhibit:" + tested.firing.key();
    EXPECT_EQ(muted(tested.firing, tested.alert, false), tested.at_hook ? by : "");
    EXPECT_EQ(muted(tested.firing, tested.alert, true), tested.at_chat ? by : "");
}

const Made kAtRisk = named("position.at_risk.firing");
const Made kLiquidatable = named("position.liquidatable.firing");
const Made kOracle = named("oracle.stale.firing", "WETH");
const Made kPaused = named("market.paused.firing", "WETH");
const Made kStale = elsewhere(named("source.stale.firing", "ethereum"), "eip155:1", "");
const Made kDown = elsewhere(named("source.down.firing", "ethereum"), "eip155:1", "");

INSTANTIATE_TEST_SUITE_P(
    Rules, Shipped,
    ::testing::Values(
        Case{"stale_oracle_positions", kOracle, kAtRisk, true, true},
        Case{"stale_oracle_liquidatable", kOracle, kLiquidatable, true, true},
        Case{"stale_oracle_other_protocol", kOracle, elsewhere(kAtRisk, "eip155:1", "spark"), false,
             false},
        Case{"stale_oracle_other_chain", kOracle, elsewhere(kAtRisk, "eip155:10", "aave"), false,
             false},
        Case{"stale_oracle_bands", kOracle, band_of({}), false, false},
        Case{"stale_oracle_liquidations", kOracle, named("position.liquidated.fired"), false,
             false},
        Case{"paused_market_positions", kPaused, kAtRisk, true, true},
        Case{"paused_market_parameters", kPaused, named("market.parameters.fired"), false, false},
        Case{"stale_source_positions", kStale, kAtRisk, true, true},
        Case{"stale_source_bands", kStale, band_of({}), true, true},
        Case{"stale_source_oracle", kStale, kOracle, true, true},
        Case{"stale_source_itself", kStale, kDown, false, false},
        Case{"stale_source_daemon", kStale, elsewhere(named("daemon.gap.firing"), "eip155:1", ""),
             false, false},
        Case{"stale_source_liquidations", kStale, named("position.liquidated.fired"), false, false},
        Case{"stale_source_other_chain", kStale, elsewhere(kAtRisk, "eip155:10", "aave"), false,
             false},
        Case{"source_down_positions", kDown, kAtRisk, true, true},
        Case{"band_names_the_account", band_of({"0xb", "0xa"}), kAtRisk, false, true},
        Case{"band_names_others", band_of({"0xb"}), kAtRisk, false, false},
        Case{"band_liquidatable", band_of({"0xa"}), kLiquidatable, false, false},
        Case{"an_end_follows_what_it_ends", kOracle, named("position.at_risk.resolved"), false,
             false},
        Case{"a_retraction_too", kOracle, named("position.at_risk.retracted"), false, false}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(Mutes, an_alert_does_not_hold_itself_back) {
    config::InhibitSettings rule;
    rule.when = {{"type", "position.*"}};
    rule.mute = {{"type", "position.*"}};
    const std::vector<config::InhibitSettings> rules{rule};
    const Board board{{kAtRisk.key(), kAtRisk.traits()}};
    EXPECT_EQ(Mutes(rules, board, {}, 0).muted_by(kAtRisk.traits(), false), "");
}

TEST(Mutes, a_silence_holds_back_but_not_what_nobody_may_miss) {
    const std::vector<Silence> silences{
        make_silence({{"chain=eip155:1"}, 60, "ana", "test"}, 1000).value()};
    const Board board;
    const Mutes during({}, board, silences, 1030);
    const std::string by = "silence:" + silences.front().id;
    EXPECT_EQ(during.muted_by(kAtRisk.traits(), false), by);
    EXPECT_EQ(during.muted_by(named("position.liquidated.fired").traits(), false), "");
    EXPECT_EQ(during.muted_by(named("daemon.gap.firing").traits(), false), "");
    EXPECT_EQ(during.muted_by(named("position.at_risk.resolved").traits(), false), "");
    EXPECT_EQ(Mutes({}, board, silences, 1060).muted_by(kAtRisk.traits(), false), "");
}

}  // namespace
}  // namespace plimsoll::routing
