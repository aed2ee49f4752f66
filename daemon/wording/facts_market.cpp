#include "daemon/alerts/figures.hpp"
#include "daemon/wording/fact_list.hpp"
#include "daemon/wording/parameters.hpp"

#include <algorithm>

namespace plimsoll::wording {
namespace {

using alerts::amount_at;
using alerts::integer_at;
using alerts::object_at;
using alerts::text_at;
using nlohmann::json;

constexpr std::size_t kMostChanges = 8;

/// Which actions are refused, where the kind of protocol has a switch for each.
std::string paused_text(const FactList& facts) {
    std::string out;
    for (const std::string_view word :
         switch_words(alerts::list_at(facts.data, "paused_actions"), facts.language)) {
        out += (out.empty() ? "" : facts.in({", ", "、"})) + std::string(word);
    }
    return out.empty() ? facts.in({"yes", "是"}) : out;
}

/// A share as a percentage: "8000" with four decimals is "80%".
std::string shown_value(const FactList& facts, const json& change, const char* side) {
    const std::string value = text_at(change, side);
    const auto decimals = integer_at(change, "decimals");
    return one_line(decimals ? alerts::percent_text(value, static_cast<unsigned>(*decimals))
                             : std::string(flag_word(value, facts.language)));
}

std::string change_text(const FactList& facts, const json& change) {
    const std::string name = parameter_word(text_at(change, "parameter"), facts.language);
    const std::string from = shown_value(facts, change, "from");
    return one_line(name) + " " + (from.empty() ? "" : from + " → ") +
           shown_value(facts, change, "to");
}

std::string asset_text(const FactList& facts) {
    const std::string asset = text_at(facts.data, "asset");
    if (asset.empty()) return {};
    return one_line(asset) + facts.in_brackets(one_line(text_at(facts.data, "token")));
}

/// "block 12, ...", of a member that tells where a number was first seen.
std::string seen_at(const FactList& facts, const json& block) {
    const auto number = integer_at(block, "number");
    const auto time = integer_at(block, "time");
    return number && time ? facts.block_text(*number, *time) : std::string();
}

std::string window(const FactList& facts) {
    if (const auto seconds = integer_at(facts.data, "window_seconds")) {
        return duration_text(*seconds, facts.language);
    }
    const auto blocks = integer_at(facts.data, "window_blocks");
    return blocks ? std::to_string(*blocks) + facts.in({" blocks", " 个区块"}) : std::string();
}

/// "12.34% within 1 h, from 1,000.00 USD (block 12, ...)".
std::string change_of(const FactList& facts, const std::string& pct, const std::string& from) {
    std::string out = pct + "%";
    const std::string within = window(facts);
    if (!within.empty()) {
        out = facts.language == Language::en ? out + " within " + within : within + "内 " + out;
    }
    if (from.empty()) return out;
    const json& block = object_at(object_at(facts.data, "from"), "block");
    return out + facts.in({", from ", "，此前 "}) + from + facts.in_brackets(seen_at(facts, block));
}

void tell_drop(FactList& facts) {
    const std::string pct = one_line(text_at(facts.data, "drop_pct"));
    if (pct.empty()) return;
    const auto from = amount_at(object_at(facts.data, "from"), "tvl_usd");
    facts.add({"TVL drop", "TVL 降幅"},
              change_of(facts, pct, from ? usd(*from, facts.language) : ""));
}

void tell_price(FactList& facts) {
    facts.add({"Oracle price", "预言机价格"}, facts.price_in(facts.data));
    const std::string pct = one_line(text_at(facts.data, "jump_pct"));
    if (!pct.empty()) {
        const std::string direction = text_at(facts.data, "direction");
        const Phrase sign = direction == "down" ? Phrase{"down ", "下跌 "}
                            : direction == "up" ? Phrase{"up ", "上涨 "}
                                                : Phrase{};
        const std::string from = facts.price_in(object_at(facts.data, "from"));
        facts.add({"Price change", "价格变动"}, facts.in(sign) + change_of(facts, pct, from));
    }
    if (const auto age = integer_at(facts.data, "age_seconds")) {
        facts.add({"Age of the price", "价格已持续"}, duration_text(*age, facts.language));
    }
    facts.add({"Unchanged since", "价格未变自"},
              seen_at(facts, object_at(facts.data, "unchanged_since")));
}

void tell_elsewhere(FactList& facts) {
    const json& other = object_at(facts.data, "elsewhere");
    const auto low = amount_at(other, "low");
    const auto high = amount_at(other, "high");
    if (!low || !high) return;
    facts.add({"Elsewhere", "其他市场"},
              one_line(text_at(other, "asset")) + facts.in({" on ", "，"}) +
                  one_line(text_at(other, "protocol")) + facts.in({": ", "："}) +
                  price(*low, facts.language) + " - " + price(*high, facts.language));
}

void tell_bad_debt(FactList& facts) {
    facts.add_usd({"Bad debt", "坏账"}, "bad_debt_usd");
    facts.add_usd({"Debt above collateral", "资不抵债缺口"}, "shortfall_usd");
    facts.add_usd({"Uncovered deficit", "未弥补亏空"}, "deficit_usd");
    if (const auto count = integer_at(facts.data, "positions")) {
        facts.add({"Positions under water", "资不抵债仓位"}, std::to_string(*count));
    }
    const json& accounts = alerts::list_at(facts.data, "accounts");
    if (accounts.empty()) return;
    const json& first = accounts.front();
    const auto debt = amount_at(first, "debt_usd");
    if (!debt) return;
    facts.add({"Largest position", "最大仓位"}, one_line(text_at(first, "account")) +
                                                    facts.in({", debt ", "，债务 "}) +
                                                    usd(*debt, facts.language));
}

}  // namespace

void tell_market(FactList& facts) {
    facts.add({"Asset", "资产"}, asset_text(facts));
    facts.add_text({"Condition", "条件"}, "condition");
    facts.add_text({"Value", "数值"}, "value");
    tell_drop(facts);
    tell_price(facts);
    tell_elsewhere(facts);
    if (facts.is_set("paused")) facts.add({"Paused", "暂停"}, paused_text(facts));
    if (facts.is_set("frozen")) facts.add({"Frozen", "冻结"}, facts.in({"yes", "是"}));
    tell_bad_debt(facts);
    facts.add_usd({"TVL", "锁仓量（TVL）"}, "tvl_usd");
    facts.add_usd({"Supplied", "供应总额"}, "supplied_usd");
    facts.add_usd({"Borrowed", "借款总额"}, "borrowed_usd");
}

void tell_parameters(FactList& facts) {
    facts.add({"Asset", "资产"}, asset_text(facts));
    const json& changes = alerts::list_at(facts.data, "changes");
    for (std::size_t i = 0; i < std::min(changes.size(), kMostChanges); ++i) {
        facts.add({"Change", "变更"}, change_text(facts, changes[i]));
    }
    const json& hit = object_at(facts.data, "endangered");
    if (const auto count = integer_at(hit, "positions")) {
        const auto debt = amount_at(hit, "debt_usd");
        const auto collateral = amount_at(hit, "collateral_usd");
        std::string value = std::to_string(*count);
        if (*count != 0 && debt && collateral) {
            value += facts.in({" positions, debt ", " 个仓位，债务 "}) +
                     usd(*debt, facts.language) + facts.in({", collateral ", "，抵押品 "}) +
                     usd(*collateral, facts.language);
        }
        facts.add({"Becomes liquidatable", "因此可被清算"}, std::move(value));
    }
    const json& accounts = alerts::list_at(hit, "accounts");
    if (!accounts.empty()) {
        facts.add({"Largest position", "最大仓位"}, one_line(text_at(accounts.front(), "account")));
    }
    const json& tx = object_at(facts.data, "tx");
    facts.add({"Transaction", "交易"}, one_line(text_at(tx, "hash")));
}

}  // namespace plimsoll::wording
