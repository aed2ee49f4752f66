#include "daemon/wording/note.hpp"

#include "daemon/alerts/text.hpp"
#include "daemon/wording/kinds.hpp"
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
}

TEST(Note, what_it_has_no_words_for_keeps_its_text) {
    alerts::ReadAlert alert = alert_sample("heartbeat").read();
    EXPECT_EQ(make_note(alert, Language::zh).title, "心跳：监控运行中");
    EXPECT_EQ(make_note(alert, Language::zh).remark, alert.text);
    alert.condition = "moon.full";
    EXPECT_EQ(make_note(alert, Language::zh).title, "Heartbeat of mon-a");
    EXPECT_EQ(make_note(alert, Language::zh).remark, alert.text);
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
