#include "daemon/wording/fact_list.hpp"

#include <algorithm>
#include <array>

namespace plimsoll::wording {
namespace {

using alerts::integer_at;
using alerts::text_at;
using nlohmann::json;

constexpr std::size_t kMostEntries = 5;

/// The states of an endpoint, by their English name.
constexpr std::array kStates{
    Phrase{"ok", "正常"},
    Phrase{"down", "不可用"},
    Phrase{"lagging", "落后"},
    Phrase{"rate limited", "被限流"},
    Phrase{"quota", "配额用尽"},
    Phrase{"refused", "拒绝服务"},
    Phrase{"wrong chain", "链不符"},
    Phrase{"not pinning", "未按指定区块应答"},
    Phrase{"disagrees", "与其他端点不一致"},
    Phrase{"unchecked", "尚未检查"},
};

std::string state_text(const FactList& facts, const std::string& state) {
    const auto known = std::ranges::find(kStates, state, &Phrase::en);
    return known == kStates.end() ? one_line(state) : facts.in(*known);
}

void tell_endpoints(FactList& facts) {
    facts.add_text({"Endpoint", "端点"}, "endpoint");
    facts.add({"State", "状态"}, state_text(facts, text_at(facts.data, "endpoint_state")));
    facts.add_text({"Error", "错误"}, "error");
    const auto up = integer_at(facts.data, "endpoints_up");
    const auto all = integer_at(facts.data, "endpoints");
    if (up && all) {
        facts.add({"Usable endpoints", "可用端点"},
                  std::to_string(*up) + facts.in({" of ", " / "}) + std::to_string(*all));
    }
    const json& list = alerts::list_at(facts.data, "endpoint_list");
    for (std::size_t i = 0; i < std::min(list.size(), kMostEntries); ++i) {
        const std::string error = one_line(text_at(list[i], "error"));
        facts.add({"Endpoint", "端点"}, one_line(text_at(list[i], "endpoint")) +
                                            facts.in({": ", "："}) +
                                            state_text(facts, text_at(list[i], "state")) +
                                            (error.empty() ? "" : facts.in({", ", "，"}) + error));
    }
}

void tell_differences(FactList& facts) {
    // Made of what contracts and endpoints say, so there is no Chinese of it.
    const std::string reason = one_line(text_at(facts.data, "unverified_reason"));
    if (!reason.empty())
        facts.add({"Reason", "原因（英文原文）"},
                  facts.in({"", "“"}) + reason + facts.in({"", "”"}));
    const json& differences = alerts::list_at(facts.data, "differences");
    for (std::size_t i = 0; i < std::min(differences.size(), kMostEntries); ++i) {
        const json& one = differences[i];
        facts.add({"Difference", "差异"},
                  one_line(text_at(one, "account")) + " " + one_line(text_at(one, "field")) +
                      facts.in({": ours ", "：本地 "}) + one_line(text_at(one, "ours")) +
                      facts.in({", contract ", "，合约 "}) + one_line(text_at(one, "contract")));
    }
}

}  // namespace

void tell_source(FactList& facts) {
    facts.add({"Subject", "对象"}, one_line(facts.alert.subject));
    tell_endpoints(facts);
    const auto age = integer_at(facts.data, "age_seconds");
    if (age && facts.is_set("stale")) {
        facts.add({"Newest block is old by", "最新区块距今"}, duration_text(*age, facts.language));
    }
    const auto gap = integer_at(facts.data, "gap_blocks");
    if (gap && *gap != 0) facts.add({"Blocks still to read", "待读取区块"}, std::to_string(*gap));
    tell_differences(facts);
    facts.add_text({"New signer", "新签名地址"}, "new_signer");
}

}  // namespace plimsoll::wording
