#include "tests/daemon/store/scenario.hpp"

#include "tests/daemon/store/support.hpp"

namespace plimsoll::store {
namespace {

RoundCommit round_at(BlockNumber number) {
    RoundCommit round;
    round.chain = "ethereum";
    round.now_ms = kNow;
    round.tip = block_of(number);
    round.final_block = block_of(number - 2);
    round.recent_blocks = {block_of(number)};
    const std::string n = std::to_string(number);
    round.records = {{"aave", false, {{"last", n}, {"at " + n, std::string(100, 'v')}}}};
    round.liquidations = {liquidation_of(number, number)};
    round.scans = {{"aave", {{"aave", "discovery", number, 1'000}}, {account_of(number)}}};
    RuleStateRow row;
    row.rule = "hf";
    row.subject = "aave/0x01";
    row.state = "firing";
    row.last_seq = number;
    round.rule_states = {row};
    round.alerts = {alert_of("msg_" + n, "k" + n), alert_of("msg_u" + n, "u", "a.b.updated")};
    for (NewAlert& alert : round.alerts) {
        alert.block = number;
        alert.sinks.push_back(Destination{"archive"});
    }
    return round;
}

/// Round 11 once more, on another branch and taking back its alert.
RoundCommit reorganised() {
    RoundCommit round = round_at(11);
    round.orphaned_above = 10;
    round.liquidations.clear();
    round.alerts = {alert_of("msg_r", "k11", "position.at_risk.retracted")};
    round.alerts[0].retracts = "msg_11";
    return round;
}

/// A round of some 1,100 pages, more than the log holds before it is folded in.
RoundCommit large_round() {
    RoundCommit round = round_at(12);
    round.records[0].replace_all = true;
    for (int i = 0; i < 4; ++i) {
        round.records[0].records.push_back({"r" + std::to_string(i), std::string(1'100'000, 'x')});
    }
    return round;
}

Step commit(const char* name, RoundCommit round) {
    return {name, [round = std::move(round)](Store& store) { return store.commit(round); }};
}

Expected<void, StoreError> attempt(Store& store) {
    return store.mark_attempt("hook", "msg_11", kNow).map([](bool) {});
}

Expected<void, StoreError> purge(Store& store) {
    return store.purge(kNow + 100).map([](bool) {});
}

}  // namespace

std::vector<Step> scenario() {
    // Made here: what the caller allocates is not the store's to catch.
    static const Ids done{"msg_11"};
    static const Ids dead{"msg_10"};
    static const std::string next{"msg_u10"};
    return {
        commit("round 10", round_at(10)),
        commit("round 11", round_at(11)),
        {"attempt", attempt},
        commit("reorganisation", reorganised()),
        {"done and on",
         [](Store& store) {
             return store.mark_done_and_attempt("hook", done, kNow + 1, next, kNow + 2)
                 .map([](bool) {});
         }},
        commit("round 12", round_at(12)),
        commit("round 13", round_at(13)),
        {"dead",
         [](Store& store) {
             return store.mark_dead("archive", dead, kNow + 2, "expired", "timeout");
         }},
        {"sink",
         [](Store& store) {
             return store.set_sink_state({"hook", true, 5, 9, ""});
         }},
        {"purge", purge},
        commit("round 14", round_at(14)),
    };
}

std::vector<Step> large_scenario() {
    return {
        commit("large round", large_round()),
        commit("round 13", round_at(13)),
    };
}

std::vector<std::string> undisturbed_states(const std::vector<Step>& steps) {
    const TempDir temp;
    auto opened = Store::open(temp.path(), {});
    if (!opened) {
        ADD_FAILURE() << opened.error().message;
        return {};
    }
    std::vector<std::string> states = {describe(*opened->store)};
    for (const Step& step : steps) {
        ok(step.change(*opened->store));
        states.push_back(describe(*opened->store));
        EXPECT_NE(states.back(), states[states.size() - 2]) << step.name;
    }
    return states;
}

}  // namespace plimsoll::store
