#include "daemon/wording/fact_list.hpp"

#include <algorithm>

namespace plimsoll::wording {
namespace {

using alerts::integer_at;
using alerts::text_at;
using nlohmann::json;

constexpr std::size_t kMostEntries = 5;

void tell_endpoints(FactList& facts) {
    facts.add_text({"Endpoint", "端点"}, "endpoint");
    facts.add_text({"State", "状态"}, "endpoint_state");
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
        facts.add({"Endpoint", "端点"},
                  one_line(text_at(list[i], "endpoint")) + facts.in({": ", "："}) +
                      one_line(text_at(list[i], "state")) + (error.empty() ? "" : ", " + error));
    }
}

void tell_differences(FactList& facts) {
    facts.add_text({"Reason", "原因"}, "unverified_reason");
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
