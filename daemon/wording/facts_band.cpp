#include "daemon/alerts/figures.hpp"
#include "daemon/wording/fact_list.hpp"
#include "daemon/wording/kinds.hpp"

namespace plimsoll::wording {
namespace {

using alerts::amount_at;
using alerts::integer_at;
using alerts::text_at;
using nlohmann::json;

std::string band_name(const FactList& facts) {
    const std::string limits = interval(facts.alert);
    const auto label = facts.alert.labels.find("band");
    const std::string called =
        label == facts.alert.labels.end() ? std::string() : one_line(label->second);
    if (limits.empty()) return called;
    return one_line(facts.alert.subject) + " " + limits + facts.in({" USD", " 美元"}) +
           facts.in_brackets(called);
}

std::string positions(const FactList& facts) {
    const auto count = integer_at(facts.data, "positions");
    if (!count) return {};
    const auto now = integer_at(facts.data, "liquidatable");
    std::string more;
    if (now && *now != 0) {
        more = facts.language == Language::en ? std::to_string(*now) + " can be liquidated now"
                                              : "其中 " + std::to_string(*now) + " 个已可被清算";
    }
    return std::to_string(*count) + facts.in_brackets(more);
}

std::string distance(const FactList& facts) {
    const std::string pct = one_line(text_at(facts.data, "distance_pct"));
    if (pct.empty()) return {};
    if (pct.front() == '-') {
        return facts.language == Language::en ? pct.substr(1) + "% below the band"
                                              : "低于区间 " + pct.substr(1) + "%";
    }
    if (pct.find_first_not_of("0.") == std::string::npos) {
        return facts.in({"inside the band", "位于区间内"});
    }
    return facts.language == Language::en ? pct + "% above the band" : "高于区间 " + pct + "%";
}

std::string largest(const FactList& facts, const std::string& leader) {
    const json& top = alerts::list_at(facts.data, "top");
    if (top.empty()) return {};
    const auto collateral = amount_at(top.front(), "collateral");
    if (!collateral) return {};
    const auto value = amount_at(top.front(), "collateral_usd");
    return one_line(text_at(top.front(), "account")) + facts.in({", ", "，"}) +
           token_amount(*collateral, leader) +
           facts.in_brackets(value ? usd(*value, facts.language) : "");
}

}  // namespace

void tell_band(FactList& facts) {
    const std::string leader = text_at(facts.data, "leader");
    facts.add({"Band", "价格区间"}, band_name(facts));
    facts.add({"Collateral inside", "区间内抵押品"}, facts.with_value("collateral", leader));
    facts.add_usd({"Debt", "对应债务"}, "debt_usd");
    facts.add({"Positions", "仓位数"}, positions(facts));
    if (const std::string now = facts.price_in(facts.data); !now.empty()) {
        facts.add({"Price", "现价"}, one_line(alerts::name_text(leader)) + " " + now +
                                         facts.in_brackets(distance(facts)));
    }
    facts.add({"Largest position", "最大仓位"}, largest(facts, leader));
    if (const auto count = integer_at(facts.data, "not_computable")) {
        facts.add({"Not computable", "无法计算的仓位"}, std::to_string(*count));
    }
}

}  // namespace plimsoll::wording
