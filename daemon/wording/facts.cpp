#include "daemon/wording/fact_list.hpp"

namespace plimsoll::wording {
namespace {

std::string finality_word(const FactList& facts) {
    if (facts.alert.finality == "safe") return facts.in({"safe", "安全"});
    if (facts.alert.finality == "finalized") return facts.in({"finalized", "已最终确定"});
    return facts.in({"latest", "最新"});
}

/// Since when, which block, and how much of the debt is known.
void tell_provenance(FactList& facts) {
    const alerts::ReadAlert& alert = facts.alert;
    if (const auto since = alerts::integer_at(facts.data, "since")) {
        facts.add({"Since", "开始于"}, facts.block_text(alert.episode, *since));
    }
    if (alert.block_time != 0) {
        facts.add({"Seen at", "数据区块"},
                  facts.in({"block ", "区块 "}) + std::to_string(alert.block) +
                      facts.in_brackets(finality_word(facts)) + facts.in({", ", "，"}) +
                      time_text(alert.block_time));
    }
    facts.add({"Coverage", "覆盖率"}, percent(alerts::text_at(facts.data, "coverage")));
    facts.add({"Chain", "链"}, one_line(alert.chain));
    facts.add({"Rule", "规则"}, one_line(alert.rule));
}

}  // namespace

std::vector<Fact> facts_of(const alerts::ReadAlert& alert, Language language) {
    FactList facts(alert, language);
    const std::string& about = alert.condition;
    if (about == "position.liquidated") {
        tell_liquidation(facts);
    } else if (about == "position.activity") {
        tell_activity(facts);
    } else if (about.starts_with("position.")) {
        tell_position(facts);
    } else if (about.starts_with("band.")) {
        tell_band(facts);
    } else if (about == "market.parameters") {
        tell_parameters(facts);
    } else if (about.starts_with("market.") || about.starts_with("oracle.")) {
        tell_market(facts);
    } else {
        tell_source(facts);
    }
    tell_provenance(facts);
    return facts.take();
}

}  // namespace plimsoll::wording
