#include "daemon/wording/parameters.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

namespace plimsoll::wording {
namespace {

struct Name {
    std::string_view name;
    Phrase word;
};
constexpr std::array kParameters{
    Name{"ltv", {"LTV", "贷款价值比"}},
    Name{"pending_ltv", {"pending LTV", "待生效贷款价值比"}},
    Name{"liquidation_threshold", {"liquidation threshold", "清算阈值"}},
    Name{"liquidation_bonus", {"liquidation bonus", "清算奖励"}},
    Name{"reserve_factor", {"reserve factor", "储备金率"}},
    Name{"liquidation_protocol_fee", {"liquidation protocol fee", "清算协议费"}},
    Name{"collateral_factor", {"collateral factor", "抵押率"}},
    Name{"close_factor", {"close factor", "单次清算比例"}},
    Name{"liquidation_incentive", {"liquidation incentive", "清算激励"}},
    Name{"interest_rate_model", {"interest rate model", "利率模型"}},
    Name{"price_oracle", {"price oracle", "价格预言机"}},
    Name{"oracle", {"oracle", "预言机"}},
    Name{"fallback_oracle", {"fallback oracle", "备用预言机"}},
    Name{"price_source", {"price source", "价格来源"}},
    Name{"sentinel", {"sentinel", "预言机哨兵"}},
    Name{"base_currency_unit", {"base currency unit", "计价货币单位"}},
    Name{"address", {"address", "地址"}},
    Name{"implementation", {"implementation", "实现合约"}},
    Name{"a_token_implementation", {"a token implementation", "存款凭证的实现合约"}},
    Name{"debt_token_implementation", {"debt token implementation", "债务凭证的实现合约"}},
    Name{"comptroller", {"comptroller", "风控合约"}},
    Name{"listed", {"listed", "上架"}},
    Name{"active", {"active", "启用"}},
    Name{"paused", {"paused", "暂停"}},
    Name{"frozen", {"frozen", "冻结"}},
    Name{"borrowing", {"borrowing", "允许借款"}},
    Name{"siloed_borrowing", {"siloed borrowing", "独占借款"}},
    Name{"supply_cap", {"supply cap", "供应上限"}},
    Name{"borrow_cap", {"borrow cap", "借款上限"}},
    Name{"debt_ceiling", {"debt ceiling", "债务上限"}},
    Name{"no_liquidation_until", {"no liquidation until", "此前不可清算（Unix 时间）"}},
    Name{"e_mode_category", {"e mode category", "e-mode 类别"}},
    Name{"isolated", {"isolated", "隔离"}},
    Name{"collateral", {"collateral", "可作抵押"}},
    Name{"borrowable", {"borrowable", "可借"}},
    Name{"ltv_zero", {"ltv zero", "贷款价值比为零"}},
    Name{"forced_liquidation", {"forced liquidation", "强制清算"}},
    Name{"core_fallback", {"core fallback", "沿用核心池参数"}},
};

constexpr std::array kSwitches{
    Name{"mint", {"supply", "供应"}},
    Name{"redeem", {"withdraw", "取款"}},
    Name{"borrow", {"borrow", "借款"}},
    Name{"repay", {"repay", "还款"}},
    Name{"seize", {"seize", "扣押抵押品"}},
    Name{"liquidate", {"liquidate", "清算"}},
    Name{"transfer", {"transfer", "转账"}},
    Name{"enter_market", {"enter market", "启用抵押"}},
    Name{"exit_market", {"exit market", "停用抵押"}},
};

std::string_view word_of(std::span<const Name> names, std::string_view name, Language language) {
    const auto found = std::ranges::find(names, name, &Name::name);
    return found == names.end() ? std::string_view() : found->word.in(language);
}

/// Parameters of one category or pool: "ltv" + "_in_pool_" + "3".
struct Place {
    std::string_view between;
    std::string_view word;
};
constexpr std::array kPlaces{Place{"_in_e_mode_", "e-mode 类别 "}, Place{"_in_pool_", "风险池 "}};

/// Chinese of a name that is made of others.
std::optional<std::string> composed(std::string_view name) {
    constexpr std::string_view kPaused = "_paused";
    constexpr std::string_view kAction = "action_";
    if (name.ends_with(kPaused)) {
        const std::string_view action = name.substr(0, name.size() - kPaused.size());
        const std::string_view known = word_of(kSwitches, action, Language::zh);
        if (!known.empty()) return "暂停" + std::string(known);
        if (action.starts_with(kAction)) {
            return "暂停操作 " + std::string(action.substr(kAction.size()));
        }
    }
    for (const Place& place : kPlaces) {
        const std::size_t at = name.find(place.between);
        if (at == std::string_view::npos) continue;
        const std::string_view known = word_of(kParameters, name.substr(0, at), Language::zh);
        if (known.empty()) continue;
        return std::string(known) + "（" + std::string(place.word) +
               std::string(name.substr(at + place.between.size())) + "）";
    }
    return std::nullopt;
}

}  // namespace

std::vector<std::string_view> switch_words(const nlohmann::json& actions, Language language) {
    std::vector<std::string_view> out;
    for (const Name& known : kSwitches) {
        if (std::ranges::find(actions, known.name) == actions.end()) continue;
        out.push_back(known.word.in(language));
    }
    return out;
}

std::string parameter_word(std::string_view name, Language language) {
    if (const auto word = word_of(kParameters, name, language); !word.empty()) {
        return std::string(word);
    }
    if (language == Language::zh) {
        if (auto word = composed(name)) return std::move(*word);
    }
    std::string out(name);
    std::replace(out.begin(), out.end(), '_', ' ');
    return out;
}

std::string_view flag_word(std::string_view value, Language language) {
    if (value == "true") return Phrase{"true", "是"}.in(language);
    if (value == "false") return Phrase{"false", "否"}.in(language);
    return value;
}

}  // namespace plimsoll::wording
