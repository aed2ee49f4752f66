#include "daemon/alerts/figures.hpp"
#include "daemon/wording/fact_list.hpp"
#include "protocols/common/units.hpp"

#include <array>

namespace plimsoll::wording {
namespace {

using alerts::amount_at;
using alerts::object_at;
using alerts::text_at;
using nlohmann::json;

void tell_account(FactList& facts) {
    const auto& labels = facts.alert.labels;
    const auto watch = labels.find("watch");
    facts.add({"Account", "账户"},
              one_line(facts.alert.subject) +
                  facts.in_brackets(watch == labels.end() ? "" : one_line(watch->second)));
    const auto market = labels.find("market");
    if (market != labels.end()) facts.add({"Market", "市场"}, one_line(market->second));
}

void tell_transaction(FactList& facts) {
    const json& tx = object_at(facts.data, "tx");
    const auto log = alerts::integer_at(tx, "log_index");
    if (!log) return;
    facts.add({"Transaction", "交易"},
              one_line(text_at(tx, "hash")) +
                  facts.in_brackets(facts.in({"log ", "日志 "}) + std::to_string(*log)));
}

/// How much value the collateral may lose before liquidation, or that it is too late.
std::string room(const FactList& facts) {
    if (facts.is_set("liquidatable")) {
        return facts.in({"none, it can be liquidated now", "已可被清算"});
    }
    const auto factor = amount_at(facts.data, "health_factor");
    const U256 one = wad_one().raw();
    if (!factor || factor->decimals != 18 || factor->raw < one) return {};
    const U512 hundredths = U512(factor->raw - one) * 10'000 / factor->raw;
    const std::string part = alerts::decimal(U256(hundredths), 2, 2) + "%";
    return facts.language == Language::en ? "the collateral can lose " + part + " of its value"
                                          : "抵押品价值再下跌 " + part + " 即可被清算";
}

std::string liquidation_price(const FactList& facts) {
    const json& whole = object_at(facts.data, "liquidation_price");
    const bool is_group = !object_at(whole, "group").empty();
    const json& side = object_at(whole, is_group ? "group" : "alone");
    const std::string at = facts.price_in(side);
    if (at.empty()) return {};
    const std::string asset =
        one_line(alerts::name_text(is_group ? text_at(side, "leader") : text_at(whole, "asset")));
    std::string out = asset + (text_at(side, "side") == "above" ? " ≥ " : " ≤ ") + at;
    const std::string now = facts.price_in(whole);
    if (now.empty()) return out;
    const std::string priced = one_line(alerts::name_text(text_at(whole, "asset")));
    return out + facts.in_brackets(priced + facts.in({" is at ", " 现价 "}) + now);
}

std::string first_way(const FactList& facts, std::string_view name, Phrase verb) {
    const json& list = alerts::list_at(object_at(facts.data, "to_safe"), name);
    if (list.empty()) return {};
    const auto amount = amount_at(list.front(), "amount");
    if (!amount) return {};
    return facts.in(verb) + " " + token_amount(*amount, text_at(list.front(), "asset"), true);
}

std::string to_safe(const FactList& facts) {
    const std::string repay = first_way(facts, "repay", {"repay", "偿还"});
    const std::string added = first_way(facts, "add", {"add", "追加"});
    if (repay.empty() && added.empty()) return {};
    const bool are_both = !repay.empty() && !added.empty();
    const std::string out = repay + (are_both ? facts.in({", or ", "，或"}) : "") + added;
    const auto target = amount_at(object_at(facts.data, "to_safe"), "target");
    if (!target) return out;
    return out + facts.in_brackets(facts.in({"for a health factor of ", "使健康因子回到 "}) +
                                   alerts::decimal(target->raw, target->decimals, 2));
}

struct Action {
    std::string_view name;
    Phrase word;
};
constexpr std::array kActions{
    Action{"deposit", {"deposited", "存入"}}, Action{"withdraw", {"withdrew", "取出"}},
    Action{"borrow", {"borrowed", "借款"}},   Action{"repay", {"repaid", "还款"}},
    Action{"receive", {"received", "转入"}},  Action{"send", {"sent", "转出"}},
    Action{"liquidated", {"lost", "被清算"}},
};

}  // namespace

std::string_view action_word(std::string_view action, Language language) {
    for (const Action& one : kActions) {
        if (one.name == action) return one.word.in(language);
    }
    return {};
}

void tell_position(FactList& facts) {
    tell_account(facts);
    if (const auto factor = amount_at(facts.data, "health_factor")) {
        facts.add({"Health factor", "健康因子"}, health(*factor));
    }
    facts.add_usd({"Debt", "债务"}, "debt_usd");
    facts.add_usd({"Collateral", "抵押品"}, "collateral_usd");
    facts.add({"Room", "清算空间"}, room(facts));
    facts.add({"Liquidation price", "清算价格"}, liquidation_price(facts));
    facts.add({"To make it safe", "恢复安全"}, to_safe(facts));
    if (const auto time = alerts::integer_at(facts.data, "liquidation_time")) {
        facts.add({"By interest alone", "仅因利息被清算"}, time_text(*time));
    }
}

void tell_liquidation(FactList& facts) {
    tell_account(facts);
    const std::string collateral = text_at(facts.data, "collateral_asset");
    const std::string debt = text_at(facts.data, "debt_asset");
    facts.add({"Collateral seized", "被清算抵押品"}, facts.with_value("collateral", collateral));
    facts.add({"Debt repaid", "已偿还债务"}, facts.with_value("debt", debt));
    facts.add({"Bad debt", "坏账"}, facts.with_value("bad_debt", debt));
    facts.add({"Protocol fee", "协议费用"}, facts.with_value("protocol_fee", collateral));
    facts.add_text({"Liquidator", "清算人"}, "liquidator");
    tell_transaction(facts);
}

void tell_activity(FactList& facts) {
    tell_account(facts);
    const std::string action = text_at(facts.data, "action");
    const std::string amount = facts.with_value("amount", text_at(facts.data, "asset"));
    const std::string_view word = action_word(action, facts.language);
    if (!amount.empty()) {
        facts.add({"Action", "操作"},
                  (word.empty() ? one_line(action) : std::string(word)) + " " + amount);
    }
    facts.add_text({"Other party", "对方"}, "other");
    tell_transaction(facts);
}

}  // namespace plimsoll::wording
