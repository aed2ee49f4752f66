#include "tests/daemon/rules/scenario.hpp"

#include "abi/hex.hpp"
#include "config/expression.hpp"
#include "config/hysteresis.hpp"
#include "daemon/alerts/alert.hpp"
#include "daemon/rules/history.hpp"
#include "daemon/rules/row.hpp"
#include "tests/support/alert_schema.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace plimsoll::rules {

using nlohmann::json;

config::RuleSettings rule(const std::string& when, const std::string& name) {
    config::RuleSettings out;
    out.name = name;
    out.when_text = when;
    out.when = config::parse_when(when).value();
    const config::Expression clear = config::default_clear(out.when);
    out.clear = clear.conditions;
    out.clear_join = clear.join;
    out.repeat = config::Milliseconds{0};
    return out;
}

Wad wad(std::string_view text) {
    const auto dot = text.find('.');
    std::string digits(text.substr(0, dot));
    std::string fraction(dot == std::string_view::npos ? "" : text.substr(dot + 1));
    fraction.resize(18, '0');
    digits += fraction;
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
    return Wad::from_raw(parse_decimal(digits).value());
}

Usd8 usd(std::uint64_t dollars) { return Usd8::from_raw(U256(dollars) * 100'000'000); }

protocols::PositionHealth position(std::uint64_t account, std::string_view health_factor,
                                   std::uint64_t debt) {
    protocols::PositionHealth out;
    out.key.account = test::address(account);
    out.computable = true;
    out.health_factor = wad(health_factor);
    out.liquidatable = *out.health_factor < wad_one();
    out.debt = usd(debt);
    out.collateral = usd(debt * 3 / 2);
    return out;
}

bands::BandReport band(std::uint64_t exposure, std::uint64_t price, const std::string& name) {
    bands::BandReport out;
    out.band = name;
    out.collateral = "ETH";
    out.leader = "WETH";
    out.low = usd(2200);
    out.high = usd(2400);
    out.price = OraclePrice::from_raw(usd(price).raw());
    out.leader_decimals = 18;
    out.collateral_usd = usd(exposure);
    out.collateral_amount = U256(exposure) * 1'000'000'000'000'000;
    out.debt_usd = usd(exposure / 2);
    out.positions = 2;
    const U512 at(usd(price).raw());
    if (price > 2400) {
        out.distance = {false, at - usd(2400).raw(), U512(usd(2400).raw())};
    } else if (price >= 2200) {
        out.place = bands::Place::inside;
    } else {
        out.place = bands::Place::below;
        out.distance = {true, U512(usd(2200).raw()) - at, U512(usd(2200).raw())};
    }
    return out;
}

protocols::Liquidation liquidation(std::uint64_t tx, const BlockRef& block, std::uint64_t account) {
    protocols::Liquidation out;
    out.tx = test::block_hash(tx, 't');
    out.log_index = 7;
    out.block = block;
    out.account = test::address(account);
    out.liquidator = test::address(99);
    out.collateral_token = test::address(501);
    out.collateral_asset = "WETH";
    out.collateral_decimals = 18;
    out.collateral = TokenAmount::from_raw(U256(1'500'000'000'000'000'000ULL));
    out.debt_token = test::address(502);
    out.debt_asset = "USDC";
    out.debt_decimals = 6;
    out.debt = TokenAmount::from_raw(U256(3'000'000'000ULL));
    return out;
}

protocols::MarketReport market(std::uint64_t token, std::uint64_t supplied, std::uint64_t borrowed,
                               std::uint64_t price) {
    protocols::MarketReport out;
    out.asset = token == 1 ? "WETH" : token == 2 ? "USDC" : "T" + std::to_string(token);
    out.token = test::address(1000 + token);
    out.decimals = 18;
    out.price = OraclePrice::from_raw(usd(price).raw());
    out.supplied_usd = usd(supplied);
    out.borrowed_usd = usd(borrowed);
    return out;
}

protocols::AccountEvent activity(std::uint64_t tx, const BlockRef& block,
                                 protocols::AccountAction action, std::uint64_t account) {
    protocols::AccountEvent out;
    out.tx = test::block_hash(tx, 't');
    out.log_index = 3;
    out.block = block;
    out.action = action;
    out.account = test::address(account);
    out.token = test::address(1001);
    out.asset = "WETH";
    out.decimals = 18;
    out.amount = TokenAmount::from_raw(U256(2'500'000'000'000'000'000ULL));
    out.price = protocols::AssetPrice{OraclePrice::from_raw(usd(2000).raw()), 8, {}};
    return out;
}

namespace {

struct Before final : protocols::BeforeChange {};

}  // namespace

protocols::ParameterChange change(std::uint64_t tx, const BlockRef& block) {
    protocols::ParameterChange out;
    out.tx = test::block_hash(tx, 't');
    out.log_index = 5;
    out.block = block;
    out.subject = "WETH";
    out.token = test::address(1001);
    out.values = {{"liquidation_threshold", "8250", "8000", 4}};
    out.before = std::make_shared<Before>();
    return out;
}

BlockRef block(BlockNumber number, char branch) {
    return {number, test::block_hash(number, branch), test::block_hash(number - 1, branch),
            1'700'000'000 + 12 * number};
}

std::string line(const store::NewAlert& alert) {
    const json data = json::parse(alert.body).at("data");
    std::string out = alert.type.substr(alert.type.rfind('.') + 1) + " " +
                      std::to_string(alert.episode) + "/" + std::to_string(alert.seq) + " @" +
                      std::to_string(alert.block);
    if (data.contains("reason")) out += " " + data["reason"].get<std::string>();
    return out;
}

store::StoredAlert as_stored(const store::NewAlert& alert) {
    store::StoredAlert out;
    out.id = alert.id;
    out.alert_key = alert.alert_key;
    out.episode = alert.episode;
    out.seq = alert.seq;
    out.type = alert.type;
    out.severity = alert.severity;
    out.chain = alert.chain;
    out.block = alert.block;
    out.block_hash = alert.block_hash;
    out.at = alert.at;
    out.body = alert.body;
    return out;
}

Scenario::Scenario(std::vector<config::RuleSettings> rules) {
    settings.instance = "test";
    settings.chain = "mainnet";
    settings.caip2 = "eip155:1";
    settings.rules = std::move(rules);
    settings.sinks = {{"hook"}, {"file"}};
    settings.archive_sinks = {"file"};
    settings.sign = [](std::string_view body) {
        return Signature{"0x" + std::to_string(body.size()), "0xsigner", "0xtyped"};
    };
    settings.target_health_factor = wad("1.25");
    protocol.name = "p";
    protocol.read = true;
    engine_ = std::make_unique<RuleEngine>(settings, std::vector<store::RuleStateRow>{});
}

void Scenario::restart(std::vector<config::RuleSettings> rules) {
    settings.rules = std::move(rules);
    std::vector<store::RuleStateRow> rows;
    for (const auto& [key, row] : rows_) rows.push_back(row);
    engine_ = std::make_unique<RuleEngine>(settings, rows);
}

void Scenario::prepare(BlockNumber number) {
    facts.block = block(number, branch_);
    const auto under_tip = [&](BlockNumber depth) { return number > depth ? number - depth : 0; };
    facts.finalized = std::max(facts.finalized, under_tip(finality));
    facts.safe = std::max(facts.finalized, under_tip(finality / 2));
    if (facts.now < facts.block.time) facts.now = facts.block.time;
    if (blocks_.empty() || blocks_.back().number < number) blocks_.push_back(facts.block);
    ProtocolFacts told = protocol;
    told.healths = healths;
    told.bands = bands;
    told.markets = markets;
    told.groups = groups;
    told.liquidations = liquidations;
    told.activity = activity;
    told.parameters = changes;
    told.gone = gone;
    told.differences = differences;
    facts.protocols = {told};
    facts.protocols.insert(facts.protocols.end(), others.begin(), others.end());
}

/// Events are handed over once.
void Scenario::forget_events() {
    if (commit_fails) return;
    liquidations.clear();
    activity.clear();
    changes.clear();
}

std::vector<std::string> Scenario::round(BlockNumber number) {
    prepare(number);
    auto said = take([&](RuleEngine& engine) { return engine.evaluate(facts); });
    forget_events();
    return said;
}

std::vector<std::string> Scenario::reorganise(BlockNumber ancestor, BlockNumber number,
                                              char branch) {
    std::vector<Bytes32> orphaned;
    for (const BlockRef& one : blocks_) {
        if (one.number > ancestor) orphaned.push_back(one.hash);
    }
    std::erase_if(blocks_, [&](const BlockRef& one) { return one.number > ancestor; });
    std::vector<store::StoredAlert> above;
    for (const store::NewAlert& alert : stored) {
        if (alert.block > ancestor) above.push_back(as_stored(alert));
    }
    branch_ = branch;
    prepare(number);
    auto said = take(
        [&](RuleEngine& engine) { return engine.reorganise(facts, ancestor, orphaned, above); });
    forget_events();
    return said;
}

std::vector<std::string> Scenario::take(const Ask& ask) {
    std::vector<store::RuleStateRow> rows;
    for (const auto& [key, row] : rows_) rows.push_back(row);
    RuleEngine anew(settings, rows);
    const Outcome other = ask(anew);
    const Outcome outcome = ask(*engine_);
    EXPECT_EQ(outcome.alerts.size(), other.alerts.size());
    for (std::size_t i = 0; i < std::min(outcome.alerts.size(), other.alerts.size()); ++i) {
        EXPECT_EQ(outcome.alerts[i].body, other.alerts[i].body) << "after a restart";
        EXPECT_EQ(outcome.alerts[i].retracts, other.alerts[i].retracts);
    }
    EXPECT_EQ(outcome.rows.size(), other.rows.size());
    for (std::size_t i = 0; i < std::min(outcome.rows.size(), other.rows.size()); ++i) {
        EXPECT_EQ(outcome.rows[i].value, other.rows[i].value) << "after a restart";
    }
    if (commit_fails) {
        engine_->discard();
        return {};
    }
    engine_->accept();
    keep(outcome);
    std::vector<std::string> said;
    for (const store::NewAlert& alert : outcome.alerts) said.push_back(line(alert));
    return said;
}

void Scenario::keep(const Outcome& outcome) {
    for (const store::RuleStateRow& row : outcome.rows) {
        if (row.erased) {
            rows_.erase({row.rule, row.subject});
        } else {
            rows_[{row.rule, row.subject}] = row;
        }
        if (row.state == kSeenState || row.state == kHistoryState || row.erased) continue;
        const auto decoded = decode(row, settings.chain);
        ASSERT_TRUE(decoded) << row.value;
        EXPECT_EQ(encode(*decoded, settings.chain).value, row.value);
    }
    for (const store::NewAlert& alert : outcome.alerts) {
        const json body = json::parse(alert.body);
        EXPECT_EQ(body.dump(), alert.body) << "canonical";
        testing::expect_fits_schema(body);
        EXPECT_EQ(body["id"], alert.id);
        EXPECT_EQ(alert.id,
                  alerts::message_id(settings.instance, alert.alert_key, alert.episode, alert.seq));
        EXPECT_LE(body["data"]["title"].get<std::string>().size(), 120U);
        EXPECT_EQ(alert.signature, "0x" + std::to_string(alert.body.size()));
        for (const store::NewAlert& before : stored) {
            EXPECT_NE(before.id, alert.id) << line(before) << " and " << line(alert);
        }
        stored.push_back(alert);
    }
}

std::string Scenario::state_of(const std::string& subject) const {
    for (const auto& [key, row] : rows_) {
        if (key.second == subject) return row.state;
    }
    return "";
}

json Scenario::last() const { return json::parse(stored.back().body); }

}  // namespace plimsoll::rules
