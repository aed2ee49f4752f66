#include "daemon/wording/note.hpp"

#include "daemon/alerts/text.hpp"
#include "daemon/wording/kinds.hpp"
#include "daemon/wording/parameters.hpp"
#include "tests/support/alert_samples.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace plimsoll::wording {
namespace {

using nlohmann::json;
using testing::alert_sample;
using testing::alert_samples;

std::string told(const std::string& sample, Language language) {
    const Note note = make_note(alert_sample(sample).read(), language);
    std::string out = headline(note.mark, note.severity, note.is_over, note.title, language) + "\n";
    for (const Fact& fact : note.facts) out += fact.label + " | " + fact.value + "\n";
    return out + note.remark;
}

TEST(Note, says_first_what_a_person_needs) {
    EXPECT_EQ(told("position_firing", Language::en),
              "▲ critical: Position can be liquidated on aave-v3-main: 0x0000...00a1, health "
              "factor 0.9988, debt 1250000.00 USD\n"
              "Account | 0x00000000000000000000000000000000000000a1 (treasury)\n"
              "Health factor | 0.9988\n"
              "Debt | 1,250,000.00 USD\n"
              "Collateral | 1,512,987.65 USD\n"
              "Room | none, it can be liquidated now\n"
              "Liquidation price | WETH ≤ 2,312.59 USD (wstETH is at 2,310 USD)\n"
              "To make it safe | repay 251,122.3345 USDC, or add 135.9131 wstETH (for a health "
              "factor of 1.25)\n"
              "By interest alone | 2026-01-15 12:00:11 UTC\n"
              "Since | block 24000000, 2026-01-15 11:59:47 UTC\n"
              "Seen at | block 24000000 (safe), 2026-01-15 12:00:11 UTC\n"
              "Coverage | 99.9812%\n"
              "Chain | eip155:1\n"
              "Rule | hf-under-1\n");
}

TEST(Note, in_chinese) {
    EXPECT_EQ(told("position_firing", Language::zh),
              "▲ 严重：aave-v3-main 仓位可被清算：0x0000...00a1，健康因子 0.9988，债务 "
              "1,250,000.00 美元\n"
              "账户 | 0x00000000000000000000000000000000000000a1（treasury）\n"
              "健康因子 | 0.9988\n"
              "债务 | 1,250,000.00 美元\n"
              "抵押品 | 1,512,987.65 美元\n"
              "清算空间 | 已可被清算\n"
              "清算价格 | WETH ≤ 2,312.59 美元（wstETH 现价 2,310 美元）\n"
              "恢复安全 | 偿还 251,122.3345 USDC，或追加 135.9131 wstETH（使健康因子回到 1.25）\n"
              "仅因利息被清算 | 2026-01-15 12:00:11 UTC\n"
              "开始于 | 区块 24000000，2026-01-15 11:59:47 UTC\n"
              "数据区块 | 区块 24000000（安全），2026-01-15 12:00:11 UTC\n"
              "覆盖率 | 99.9812%\n"
              "链 | eip155:1\n"
              "规则 | hf-under-1\n");
    EXPECT_EQ(told("band_firing", Language::zh),
              "▲ 警告：aave-v3-main ETH 价格逼近清算区间 1,574-1,681.5，抵押品 52,000,000.00 "
              "美元\n"
              "价格区间 | ETH 1,574-1,681.5 美元（eth-lower）\n"
              "区间内抵押品 | 31,200.5 WETH（52,000,000.00 美元）\n"
              "对应债务 | 41,000,000.00 美元\n"
              "仓位数 | 312（其中 2 个已可被清算）\n"
              "现价 | WETH 1,720 美元（高于区间 2.31%）\n"
              "最大仓位 | 0x00000000000000000000000000000000000000a1，5,000 WETH（8,600,000.00 "
              "美元）\n"
              "无法计算的仓位 | 1\n"
              "开始于 | 区块 24000000，2026-01-15 11:59:47 UTC\n"
              "数据区块 | 区块 24000000（安全），2026-01-15 12:00:11 UTC\n"
              "覆盖率 | 99.9812%\n"
              "链 | eip155:1\n"
              "规则 | eth-cluster\n"
              "规则首次检查时，该情况已经存在。");
    EXPECT_EQ(told("liquidated", Language::zh).substr(0, 300).find("被清算抵押品 | 1.5 WETH"),
              told("liquidated", Language::zh).find("被清算抵押品"));
}

TEST(Note, how_far_from_liquidation) {
    const std::string text = told("position_updated", Language::en);
    EXPECT_NE(text.find("Room | the collateral can lose 4.50% of its value\n"), std::string::npos)
        << text;
    EXPECT_NE(text.find("Liquidation price | wstETH ≥ 2,312.6 USD (wstETH is at 2,310 USD)\n"),
              std::string::npos)
        << text;
    EXPECT_NE(told("position_updated", Language::zh).find("抵押品价值再下跌 4.50% 即可被清算"),
              std::string::npos);
}

TEST(Note, prices_that_are_not_in_dollars) {
    const auto price_of = [](json price) {
        alerts::ReadAlert alert = alert_sample("position_updated").read();
        alert.data["liquidation_price"] = std::move(price);
        for (const Fact& fact : make_note(alert, Language::en).facts) {
            if (fact.label == "Liquidation price") return fact.value;
        }
        return std::string();
    };
    const json coin = {{"decimals", 18U}, {"raw", "1000000000000000000"}};
    json told = {{"asset", "TRX"}, {"price", coin}, {"price_quote", "TRX"}};
    told["alone"] = {{"price", coin}, {"price_quote", "TRX"}, {"side", "below"}};
    EXPECT_EQ(price_of(told), "TRX ≤ 1 TRX (TRX is at 1 TRX)") << "the coin's dollars are unknown";
    told["price_usd"] = {{"decimals", 8U}, {"raw", "30322803"}};
    told["alone"]["price_usd"] = {{"decimals", 8U}, {"raw", "30634988"}};
    EXPECT_EQ(price_of(told), "TRX ≤ 0.30634988 USD (TRX is at 0.30322803 USD)");
}

TEST(Note, marks_tell_the_state) {
    const auto start = [](const std::string& sample) {
        return told(sample, Language::en).substr(0, told(sample, Language::en).find(' '));
    };
    EXPECT_EQ(start("position_firing"), "▲");
    EXPECT_EQ(start("liquidated"), "▲");
    EXPECT_EQ(start("position_updated"), "●");
    EXPECT_EQ(start("heartbeat"), "●");
    EXPECT_EQ(start("position_resolved"), "✓");
    EXPECT_EQ(start("position_retracted"), "✗");
}

TEST(Note, reasons_are_sentences) {
    EXPECT_NE(told("position_resolved", Language::en).find("Its debt was repaid."),
              std::string::npos);
    EXPECT_NE(told("position_resolved", Language::zh).find("债务已还清。"), std::string::npos);
    EXPECT_NE(told("position_retracted", Language::zh).find("在当前链上该情况不成立"),
              std::string::npos);
    EXPECT_NE(told("position_updated", Language::zh).find("在当前链上该情况依然成立"),
              std::string::npos);
    alerts::ReadAlert end = alert_sample("position_retracted").read();
    end.data["retracted_state"] = "resolved";
    EXPECT_NE(make_note(end, Language::en).remark.find("it has not ended"), std::string::npos);
    end.data["retracted_state"] = "updated";
    end.data["state"] = "firing";
    EXPECT_NE(make_note(end, Language::zh).remark.find("告警本身仍在持续"), std::string::npos);
    alerts::ReadAlert gone = alert_sample("position_resolved").read();
    gone.reason = "bad_debt";
    EXPECT_NE(make_note(gone, Language::en).remark.find("bad debt"), std::string::npos);
    gone.reason = "closed";
    EXPECT_NE(make_note(gone, Language::en).remark.find("no debt any more"), std::string::npos);
    gone.condition = "market.paused";
    EXPECT_NE(make_note(gone, Language::en).remark.find("does not list it"), std::string::npos);
}

TEST(Note, what_it_has_no_words_for_keeps_its_text) {
    alerts::ReadAlert alert = alert_sample("heartbeat").read();
    EXPECT_EQ(make_note(alert, Language::zh).title, "心跳：监控运行中");
    EXPECT_EQ(make_note(alert, Language::en).remark, alert.text);
    EXPECT_EQ(make_note(alert, Language::zh).remark, "当前有 3 条告警持续中。");
    alert.data.erase("firing");
    EXPECT_EQ(make_note(alert, Language::zh).remark, alert.text);
    alert.condition = "moon.full";
    EXPECT_EQ(make_note(alert, Language::zh).title, "Plimsoll is running");
    EXPECT_EQ(make_note(alert, Language::zh).remark, alert.text);
}

/// The title and the facts of an alert about a market or a source with this data.
std::string with(const char* type, const json& data, Language language) {
    json body = json::parse(alert_sample("source_stale").body());
    body["type"] = type;
    body["data"]["protocol"] = "aave-v3-main";
    body["data"]["subject"] = "WETH";
    for (const char* name : {"stale", "age_seconds", "gap_blocks", "endpoint", "since"}) {
        body["data"].erase(name);
    }
    body["data"].update(data);
    const Note note = make_note(alerts::read_body(body.dump()).value(), language);
    std::string out = note.title + "\n";
    for (const Fact& fact : note.facts) {
        if (fact.label == "Seen at" || fact.label == "数据区块") break;
        out += fact.label + " | " + fact.value + "\n";
    }
    return out;
}

TEST(Note, other_kinds_in_both_languages) {
    const json parameters{{"asset", "WETH"},
                          {"token", "0xC02a"},
                          {"changes",
                           {{{"parameter", "liquidation_threshold"},
                             {"from", "8300"},
                             {"to", "8050"},
                             {"decimals", 4}},
                            {{"parameter", "supply_cap"}, {"to", "1000"}}}},
                          {"endangered",
                           {{"positions", 3},
                            {"debt_usd", {{"raw", "100000000000"}, {"decimals", 8}}},
                            {"collateral_usd", {{"raw", "120000000000"}, {"decimals", 8}}},
                            {"accounts", {{{"account", "0xA1"}}}}}},
                          {"tx", {{"hash", "0x33"}, {"log_index", 1}}}};
    EXPECT_EQ(with("market.parameters.fired", parameters, Language::zh),
              "aave-v3-main WETH 风险参数变更，3 个仓位因此可被清算\n"
              "资产 | WETH（0xC02a）\n变更 | 清算阈值 83% → 80.5%\n变更 | 供应上限 1000\n"
              "因此可被清算 | 3 个仓位，债务 1,000.00 美元，抵押品 1,200.00 美元\n"
              "最大仓位 | 0xA1\n交易 | 0x33\n");
    EXPECT_NE(with("market.parameters.fired", parameters, Language::en)
                  .find("Change | liquidation threshold 83% → 80.5%\n"),
              std::string::npos);
    const json drop{{"drop_pct", "12.34"},
                    {"window_seconds", 3600},
                    {"from",
                     {{"tvl_usd", {{"raw", "100000000000"}, {"decimals", 8}}},
                      {"block", {{"number", 7}, {"time", 1'768'478'411}}}}},
                    {"tvl_usd", {{"raw", "90000000000"}, {"decimals", 8}}}};
    EXPECT_EQ(with("market.tvl_drop.firing", drop, Language::zh),
              "aave-v3-main 锁仓量（TVL）大幅下降，降幅 12.34%\n"
              "TVL 降幅 | 1 小时内 12.34%，此前 1,000.00 美元（区块 7，2026-01-15 12:00:11 UTC）\n"
              "锁仓量（TVL） | 900.00 美元\n");
    const json jump{{"asset", "WETH"},
                    {"jump_pct", "5.00"},
                    {"direction", "down"},
                    {"window_blocks", 10},
                    {"price", {{"raw", "190000000000"}, {"decimals", 8}}},
                    {"from", {{"price", {{"raw", "200000000000"}, {"decimals", 8}}}}}};
    EXPECT_EQ(with("oracle.jump.firing", jump, Language::en),
              "No new block from ethereum\nAsset | WETH\nOracle price | 1,900 USD\n"
              "Price change | down 5.00% within 10 blocks, from 2,000 USD\n");
    const json activity{{"action", "borrow"},
                        {"asset", "USDC"},
                        {"amount", {{"raw", "1500000"}, {"decimals", 6}}},
                        {"amount_usd", {{"raw", "150000000"}, {"decimals", 8}}},
                        {"other", "0xB2"}};
    EXPECT_EQ(with("position.activity.fired", activity, Language::zh),
              "aave-v3-main 关注账户有操作：WETH 借款 1.5 USDC\n"
              "账户 | WETH\n操作 | 借款 1.5 USDC（1.50 美元）\n对方 | 0xB2\n");
    const json down{
        {"endpoints_up", 0},
        {"endpoints", 2},
        {"endpoint_list", {{{"endpoint", "eth-1"}, {"state", "down"}, {"error", "HTTP 500"}}}}};
    EXPECT_EQ(with("source.down.firing", down, Language::en),
              "No new block from ethereum\nSubject | WETH\nUsable endpoints | 0 of 2\n"
              "Endpoint | eth-1: down, HTTP 500\n");
}

TEST(Note, a_name_cannot_make_a_line_of_its_own) {
    for (const Language language : {Language::en, Language::zh}) {
        const Note note = make_note(alert_sample("hostile_names").read(), language);
        EXPECT_EQ(note.title.find('\n'), std::string::npos);
        for (const Fact& fact : note.facts) {
            EXPECT_EQ(fact.value.find_first_of("\n\r"), std::string::npos) << fact.value;
            EXPECT_EQ(fact.value, alerts::clean_text(fact.value));
        }
    }
}

/// Every name that protocols give a parameter, and what of it stays as it is in Chinese.
TEST(Note, parameters_of_all_protocols_are_told_in_chinese) {
    for (const char* name : {"ltv",
                             "pending_ltv",
                             "liquidation_threshold",
                             "liquidation_bonus",
                             "reserve_factor",
                             "liquidation_protocol_fee",
                             "collateral_factor",
                             "close_factor",
                             "liquidation_incentive",
                             "interest_rate_model",
                             "price_oracle",
                             "oracle",
                             "fallback_oracle",
                             "price_source",
                             "sentinel",
                             "base_currency_unit",
                             "address",
                             "implementation",
                             "a_token_implementation",
                             "debt_token_implementation",
                             "comptroller",
                             "listed",
                             "active",
                             "paused",
                             "frozen",
                             "borrowing",
                             "siloed_borrowing",
                             "supply_cap",
                             "borrow_cap",
                             "debt_ceiling",
                             "no_liquidation_until",
                             "e_mode_category",
                             "isolated",
                             "forced_liquidation",
                             "core_fallback",
                             "collateral_in_e_mode_2",
                             "borrowable_in_e_mode_2",
                             "ltv_zero_in_e_mode_2",
                             "mint_paused",
                             "exit_market_paused",
                             "action_9_paused",
                             "collateral_factor_in_pool_3",
                             "liquidation_threshold_in_pool_3",
                             "liquidation_incentive_in_pool_3",
                             "listed_in_pool_3",
                             "active_in_pool_3",
                             "core_fallback_in_pool_3"}) {
        std::string word = parameter_word(name, Language::zh);
        for (const char* kept : {"e-mode", "Unix"}) {
            if (const auto at = word.find(kept); at != std::string::npos) {
                word.erase(at, std::string(kept).size());
            }
        }
        EXPECT_EQ(std::count_if(word.begin(), word.end(),
                                [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; }),
                  0)
            << name << ": " << word;
    }
    EXPECT_EQ(parameter_word("borrowable_in_e_mode_2", Language::zh), "可借（e-mode 类别 2）");
    EXPECT_EQ(parameter_word("active_in_pool_3", Language::zh), "启用（风险池 3）");
    EXPECT_EQ(parameter_word("mint_paused", Language::zh), "暂停供应");
    EXPECT_EQ(parameter_word("action_9_paused", Language::zh), "暂停操作 9");
    EXPECT_EQ(parameter_word("mint_paused", Language::en), "mint paused");
    EXPECT_EQ(parameter_word("NewThing(uint256)", Language::zh), "NewThing(uint256)");
}

TEST(Note, flags_states_and_reasons_are_told_in_chinese) {
    const json paused{
        {"changes", {{{"parameter", "mint_paused"}, {"from", "false"}, {"to", "true"}}}}};
    EXPECT_NE(
        with("market.parameters.fired", paused, Language::zh).find("变更 | 暂停供应 否 → 是\n"),
        std::string::npos);
    EXPECT_NE(with("market.parameters.fired", paused, Language::en)
                  .find("Change | mint paused false → true\n"),
              std::string::npos);
    const json down{{"endpoint", "mainnet-2"},
                    {"endpoint_state", "rate limited"},
                    {"endpoint_list",
                     {{{"endpoint", "mainnet-1"}, {"state", "not pinning"}, {"error", "HTTP 500"}},
                      {{"endpoint", "mainnet-2"}, {"state", "another"}}}}};
    const std::string told = with("source.degraded.firing", down, Language::zh);
    EXPECT_NE(told.find("状态 | 被限流\n"), std::string::npos) << told;
    EXPECT_NE(told.find("端点 | mainnet-1：未按指定区块应答，HTTP 500\n"), std::string::npos)
        << told;
    EXPECT_NE(told.find("端点 | mainnet-2：another\n"), std::string::npos) << told;
    EXPECT_NE(with("source.degraded.firing", down, Language::en).find("State | rate limited\n"),
              std::string::npos);
    const json doubt{{"unverified_reason", "AAVE: prices are missing"}};
    EXPECT_NE(with("source.disagrees.firing", doubt, Language::zh)
                  .find("原因（英文原文） | “AAVE: prices are missing”\n"),
              std::string::npos);
    EXPECT_NE(with("source.disagrees.firing", doubt, Language::en)
                  .find("Reason | AAVE: prices are missing\n"),
              std::string::npos);
}

TEST(Note, every_sample_is_told_in_both_languages) {
    for (const auto& sample : alert_samples()) {
        for (const Language language : {Language::en, Language::zh}) {
            const Note note = make_note(sample.read(), language);
            EXPECT_FALSE(note.title.empty()) << sample.name;
            EXPECT_GE(note.facts.size(), 2U) << sample.name;
            EXPECT_EQ(note.short_id.size(), 12U);
        }
    }
}

TEST(Note, every_type_of_the_schema_has_a_chinese_title) {
    const json schema = json::parse(
        std::ifstream(std::string(PLIMSOLL_SOURCE_DIR) + "/docs/formats/alert.schema.json"));
    for (const json& type : schema.at("properties").at("type").at("enum")) {
        alerts::ReadAlert alert = alert_sample("heartbeat").read();
        json body = json::parse(alert_sample("heartbeat").body());
        body["type"] = type;
        alert = alerts::read_body(body.dump()).value();
        EXPECT_NE(find_kind(alert.condition), nullptr) << type;
    }
}

}  // namespace
}  // namespace plimsoll::wording
