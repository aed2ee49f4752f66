#include "abi/hex.hpp"
#include "tests/daemon/rules/scenario.hpp"
#include "tests/support/effort.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <set>

namespace plimsoll::rules {
namespace {

using nlohmann::json;

/// What a receiver that follows the messages of one key believes.
struct Believed {
    std::map<std::string, std::string> standing;  ///< id -> last part of its type
    std::set<std::string> taken_back;
    std::set<std::string> borne_out;  ///< orphaned, and true on another branch as well
    bool open = false;
};

std::string word(const store::NewAlert& alert) {
    return alert.type.substr(alert.type.rfind('.') + 1);
}

/// Follows the messages and checks what can be checked without knowing the rules.
std::map<std::string, Believed> follow(const std::vector<store::NewAlert>& alerts) {
    std::map<std::string, Believed> out;
    std::map<std::pair<std::string, std::uint64_t>, std::uint64_t> seqs;
    for (const store::NewAlert& alert : alerts) {
        Believed& key = out[alert.alert_key];
        const std::pair episode{alert.alert_key, alert.episode};
        EXPECT_EQ(alert.seq, ++seqs[episode]) << line(alert);
        const json data = json::parse(alert.body).at("data");
        const std::string kind = word(alert);
        if (kind == "retracted") {
            const std::string original = data["retracts"].get<std::string>();
            EXPECT_EQ(alert.retracts, original);
            EXPECT_TRUE(key.taken_back.insert(original).second) << "retracted twice";
            EXPECT_EQ(key.standing.count(original), 1U) << "retraction before its original";
            const std::string& what = key.standing[original];
            if (what == "resolved" || what == "firing") key.open = what == "resolved";
            key.standing.erase(original);
            continue;
        }
        EXPECT_FALSE(kind == "firing" && key.open) << "two open episodes: " << line(alert);
        EXPECT_FALSE(kind == "resolved" && !key.open) << "resolved what is not open";
        if (kind == "firing") key.open = true;
        if (kind == "resolved") key.open = false;
        if (kind == "updated" && data.contains("state")) key.open = data["state"] == "firing";
        key.standing[alert.id] = kind;
        if (!data.contains("updates")) continue;
        for (const json& id : data["updates"]) key.borne_out.insert(id.get<std::string>());
    }
    return out;
}

class Histories : public testing::TestWithParam<unsigned> {};

/// Random health factors and events, random reorganisations to depth 12, rounds that cannot be
/// read, failing commits, restarts. (`Scenario` runs an engine made anew beside each round.)
TEST_P(Histories, nothing_is_lost_invented_or_said_twice) {
    std::mt19937 random(GetParam());  // NOLINT(cert-msc51-cpp): the same history every time
    const auto below = [&](unsigned limit) { return random() % limit; };
    auto states = rule("health_factor < 1", "states");
    states.hold_for = config::Milliseconds{below(3) * 12'000};
    states.keep = config::Milliseconds{below(3) * 12'000};
    states.confirm = config::Depth{config::Depth::Kind::blocks, below(2) * 3};
    Scenario scenario({states, rule("liquidated", "events")});
    scenario.finality = 16;
    std::vector<protocols::Liquidation> on_chain;
    BlockNumber tip = 100;
    char branch = 'a';
    std::uint64_t tx = 0;
    std::map<std::uint64_t, const char*> factors{{1, "2"}, {2, "2"}, {3, "2"}};
    const auto change = [&] {
        for (auto& [account, factor] : factors) {
            constexpr std::array kFactors{"0.5", "0.9", "0.99", "1.001", "1.5", "2"};
            if (below(3) == 0) factor = kFactors.at(below(6));
        }
        scenario.healths.clear();
        for (const auto& [account, factor] : factors) {
            if (below(25) != 0) scenario.healths.push_back(position(account, factor));
        }
    };
    const auto mine = [&](BlockNumber from, BlockNumber to) {
        for (BlockNumber number = from; number <= to; ++number) {
            if (below(4) != 0) continue;
            const std::uint64_t which =
                below(3) == 0 && tx != 0 ? 1 + below(static_cast<unsigned>(tx)) : ++tx;
            const bool is_there = std::any_of(
                on_chain.begin(), on_chain.end(),
                [&](const auto& event) { return event.tx == test::block_hash(which, 't'); });
            if (is_there) continue;
            on_chain.push_back(liquidation(which, block(number, branch)));
            scenario.liquidations.push_back(on_chain.back());
        }
    };
    scenario.round(tip);
    const unsigned steps = std::clamp(test::effort(150), 50U, 150U);
    for (unsigned step = 0; step < steps; ++step) {
        change();
        scenario.protocol.read = below(8) != 0;
        if (below(20) == 0) scenario.restart();
        if (below(6) == 0) {
            const BlockNumber depth = 1 + below(12);
            const BlockNumber ancestor = std::max(tip - depth, scenario.facts.finalized);
            branch = branch == 'z' ? 'a' : static_cast<char>(branch + 1);
            std::erase_if(on_chain, [&](const auto& e) { return e.block.number > ancestor; });
            std::erase_if(scenario.liquidations,
                          [&](const auto& e) { return e.block.number > ancestor; });
            tip = ancestor + 1 + below(14);
            mine(ancestor + 1, tip);
            scenario.reorganise(ancestor, tip, branch);
        } else {
            const BlockNumber from = tip + 1;
            tip += 1 + below(2);
            mine(from, tip);
            scenario.round(tip);
        }
    }
    // a quiet end: everything is known, everything is confirmed, everything is over
    scenario.protocol.read = true;
    scenario.healths = {position(1, "0.9"), position(2, "2")};
    for (int i = 0; i < 160; ++i) scenario.round(++tip);

    const auto believed = follow(scenario.stored);
    std::set<std::string> told;
    for (const auto& [key, one] : believed) {
        const bool is_event = key.starts_with("events/");
        if (!is_event) {
            EXPECT_EQ(one.open, key.ends_with("0001")) << key;
        } else if (!one.standing.empty()) {
            told.insert(key);
        }
    }
    std::set<std::string> happened;
    for (const auto& event : on_chain) {
        happened.insert("events/eip155:1/p/" + to_hex(event.tx).substr(2) +
                        "/7/0x0000000000000000000000000000000000000001");
    }
    std::set<Bytes32> canonical;
    for (const BlockRef& one : scenario.branch_blocks()) canonical.insert(one.hash);
    for (const store::NewAlert& alert : scenario.stored) {
        const Believed& one = believed.at(alert.alert_key);
        const bool is_answered =
            one.taken_back.contains(alert.id) || one.borne_out.contains(alert.id);
        const bool is_state = alert.episode != 0 && word(alert) != "retracted";
        EXPECT_TRUE(!is_state || is_answered || canonical.contains(alert.block_hash))
            << "an orphan without an answer: " << line(alert);
    }
    EXPECT_EQ(told, happened) << "exactly the liquidations of the canonical chain stand";
}

INSTANTIATE_TEST_SUITE_P(Seeds, Histories, testing::Range(0U, test::effort(12)));

}  // namespace
}  // namespace plimsoll::rules
