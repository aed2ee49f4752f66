#include "daemon/wording/note.hpp"

#include "daemon/alerts/figures.hpp"
#include "daemon/alerts/text.hpp"
#include "daemon/wording/fact_list.hpp"
#include "daemon/wording/kinds.hpp"
#include "daemon/wording/notices_zh.hpp"

namespace plimsoll::wording {
namespace {

using alerts::ReadAlert;
using alerts::State;

std::string_view zh_prefix(const ReadAlert& alert) {
    switch (alert.state) {
        case State::repeated:
            return "仍在持续：";
        case State::updated:
            return "更新：";
        case State::resolved:
            return "已解除：";
        case State::retracted:
            return "已撤回：";
        case State::firing:
        case State::fired:
        case State::other:
            break;
    }
    return "";
}

/// The figures a title ends with; empty where the alert has none.
std::string zh_figures(const ReadAlert& alert) {
    constexpr Language kZh = Language::zh;
    if (alert.is_over()) return {};
    if (alert.condition == "position.liquidated") {
        const auto seized = alerts::amount_at(alert.data, "collateral");
        if (!seized) return {};
        return "，被清算 " + token_amount(*seized, alerts::text_at(alert.data, "collateral_asset"));
    }
    if (alert.condition == "position.activity") {
        const auto amount = alerts::amount_at(alert.data, "amount");
        if (!amount) return {};
        return " " + std::string(action_word(alerts::text_at(alert.data, "action"), kZh)) + " " +
               token_amount(*amount, alerts::text_at(alert.data, "asset"));
    }
    if (alert.condition.starts_with("position.")) {
        const auto factor = alerts::amount_at(alert.data, "health_factor");
        const auto debt = alerts::amount_at(alert.data, "debt_usd");
        if (!factor || !debt) return {};
        return "，健康因子 " + health(*factor) + "，债务 " + usd(*debt, kZh);
    }
    if (alert.condition.starts_with("band.")) {
        const auto exposed = alerts::amount_at(alert.data, "collateral_usd");
        return exposed ? "，抵押品 " + usd(*exposed, kZh) : std::string();
    }
    for (const auto& [name, label] : {std::pair{"drop_pct", "，降幅 "}, {"jump_pct", "，幅度 "}}) {
        const std::string pct = alerts::text_at(alert.data, name);
        if (!pct.empty()) return label + one_line(pct) + "%";
    }
    const auto bad_debt = alerts::amount_at(alert.data, "bad_debt_usd");
    if (bad_debt) return "，" + usd(*bad_debt, kZh);
    const auto hit = alerts::integer_at(alerts::object_at(alert.data, "endangered"), "positions");
    if (hit && *hit != 0) return "，" + std::to_string(*hit) + " 个仓位因此可被清算";
    return {};
}

std::string zh_title(const ReadAlert& alert, const Kind& kind) {
    std::string out(zh_prefix(alert));
    const bool is_end = alerts::text_at(alert.data, "retracted_state") == "resolved";
    if (alert.state == State::retracted && is_end) out += "解除通知：";
    if (alert.goes_on() && !is_end) out += "更新通知：";
    out += zh_phrase(kind, alert);
    if (alert.condition.starts_with("position.")) {
        out += "：" + alerts::short_account(one_line(alert.subject));
    }
    return out + zh_figures(alert);
}

std::string remark_of(const ReadAlert& alert, const Kind* kind, Language language) {
    std::string out = reason_text(alert, language);
    const auto append = [&](std::string_view text) {
        if (text.empty()) return;
        out += (out.empty() ? "" : "\n") + std::string(text);
    };
    if (kind != nullptr && !alert.is_over()) append(kind->consequence.in(language));
    if (kind != nullptr && kind->is_covered) return out;
    const auto zh = language == Language::zh ? notice_zh(alert) : std::nullopt;
    append(zh ? *zh : alert.text);
    return out;
}

}  // namespace

std::string mark_of(const ReadAlert& alert) {
    if (alert.state == State::retracted) return "✗";
    if (alert.is_over()) return "✓";
    switch (alert.state) {
        case State::repeated:
        case State::updated:
        case State::other:
            return "●";
        default:
            return "▲";
    }
}

std::string short_id(std::string_view id) {
    constexpr std::size_t kShown = 12;  // "msg_" and 8 digits
    return std::string(id.substr(0, kShown));
}

std::string headline(std::string_view mark, alerts::Severity severity, bool is_over,
                     std::string_view title, Language language) {
    std::string out = std::string(mark) + " ";
    if (!is_over) {
        out += std::string(severity_word(severity, language)) +
               std::string(Phrase{": ", "："}.in(language));
    }
    return out + std::string(title);
}

Note make_note(const ReadAlert& alert, Language language) {
    const Kind* kind = find_kind(alert.condition);
    Note out;
    out.mark = mark_of(alert);
    out.severity = alert.severity;
    out.is_over = alert.is_over();
    const bool is_zh = language == Language::zh && kind != nullptr;
    out.title =
        one_line(alerts::cut_text(is_zh ? zh_title(alert, *kind) : alert.title, alerts::kMaxTitle));
    out.facts = facts_of(alert, language);
    out.remark = remark_of(alert, kind, language);
    out.short_id = short_id(alert.id);
    return out;
}

}  // namespace plimsoll::wording
