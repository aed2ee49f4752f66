#include "daemon/wording/kinds.hpp"

#include "daemon/alerts/figures.hpp"

#include <algorithm>
#include <array>

namespace plimsoll::wording {
namespace {

using alerts::ReadAlert;
using alerts::State;

constexpr std::array kKinds{
    Kind{"position.liquidatable", "{protocol} 仓位可被清算"},
    Kind{"position.at_risk", "{protocol} 仓位接近清算"},
    Kind{"position.liquidated", "{protocol} 发生清算"},
    Kind{"position.activity", "{protocol} 关注账户有操作"},
    Kind{"band.exposure", "{protocol} {subject} 价格区间 {band} 清算敞口过高"},
    Kind{"band.approached", "{protocol} {subject} 价格逼近清算区间 {band}"},
    Kind{"market.tvl_drop", "{protocol}{asset} 锁仓量（TVL）大幅下降"},
    Kind{"market.paused",
         "{protocol}{asset} 市场暂停或冻结",
         {"While a market is paused no loan that involves it can be liquidated, and more may be "
          "refused; while it is frozen nothing new can be supplied or borrowed.",
          "市场暂停期间，涉及该市场的借款不能被清算，其他操作也可能被拒绝；冻结期间不能新增供应或借"
          "款。"}},
    Kind{"market.bad_debt", "{protocol} 出现坏账"},
    Kind{"market.series", "{protocol}{asset} 指标达到设定条件"},
    Kind{"market.parameters", "{protocol}{asset} 风险参数变更"},
    Kind{"oracle.stale",
         "{protocol}{asset} 预言机价格过期或缺失",
         {"Health factors of positions that hold or owe it may be wrong.",
          "持有或借入该资产的仓位，其健康因子可能不准确。"}},
    Kind{"oracle.jump", "{protocol}{asset} 预言机价格跳变"},
    Kind{"source.stale",
         "{subject} 没有新区块",
         {"Everything known is as of the newest block; timers stand still.",
          "目前已知数据均截至最新区块，规则计时暂停。"}},
    Kind{"source.disagrees",
         "{subject} 数据未通过核对",
         {"What is not certain raises no alerts until it agrees again.",
          "核对一致之前，无法确认的仓位不会触发告警。"}},
    Kind{"source.down",
         "{subject} 所有端点均不可用",
         {"Nothing new is known of the chain.", "无法获知该链的任何新数据。"}},
    Kind{"source.degraded", "{subject} 端点不可用"},
    Kind{"daemon.gap",
         "{subject} 有区块尚未读取",
         {"What happened in these blocks is not known yet.", "这些区块内发生的事件尚不清楚。"}},
    Kind{"daemon.dead_letter", "有告警未能送达 {subject}", {}, false},
    Kind{"daemon.sink_down", "通知渠道 {subject} 不可用", {}, false},
    Kind{"daemon.state_lost", "本地状态已损坏，正在从链上重新读取", {}, false},
    Kind{"daemon.signer", "签名密钥已更换", {}, false},
    Kind{"daemon.heartbeat", "心跳：监控运行中", {}, false},
    Kind{"daemon.test", "测试消息：{subject} 通知渠道可用", {}, false},
};

constexpr Phrase kRetracted{
    "The block it was seen in left the chain, and on the chain as it is now this does not hold.",
    "所在区块因链重组被移除，在当前链上该情况不成立。"};
constexpr Phrase kEndRetracted{"The block in which it ended left the chain, so it has not ended.",
                               "其结束所在区块因链重组被移除，因此该情况尚未结束。"};
constexpr Phrase kUpdateRetracted{
    "The block this update was seen in left the chain; the alert itself still fires.",
    "该更新所在区块因链重组被移除，告警本身仍在持续。"};
constexpr Phrase kMoved{
    "The block it was seen in left the chain; on the chain as it is now it still holds.",
    "所在区块因链重组被移除，在当前链上该情况依然成立。"};
constexpr Phrase kEndMoved{
    "The block it was seen in left the chain; on the chain as it is now it is over all the same.",
    "所在区块因链重组被移除，在当前链上该情况同样已经结束。"};

struct Reason {
    std::string_view name;
    Phrase words;
};
constexpr std::array kReasons{
    Reason{"initial",
           {"It held already when the rule first looked.", "规则首次检查时，该情况已经存在。"}},
    Reason{"repaid", {"Its debt was repaid.", "债务已还清。"}},
    Reason{"liquidated", {"Its debt is gone: liquidated.", "债务已被清算。"}},
    Reason{"closed", {"It has no debt any more.", "该仓位已无债务。"}},
    Reason{"bad_debt",
           {"It has no collateral left: what it still owes is bad debt.",
            "抵押品已全部用尽，剩余债务成为坏账。"}},
    Reason{"severity", {"It is graver now, or less grave.", "告警级别已改变。"}},
    Reason{"final", {"Its block is final.", "所在区块已最终确认。"}},
    Reason{"rule_changed",
           {"The rule, or what it looks at, was removed or changed. Whether it still holds is not "
            "looked at any more.",
            "规则或其监控对象已被移除或修改，不再检查该情况是否仍然成立。"}},
    Reason{"unmuted", {"It was muted and still fires.", "静默已结束，该情况仍在持续。"}},
};

/// `closed` of what is no position.
constexpr Phrase kDelisted{"The protocol does not list it any more.", "该协议已不再列出该市场。"};

constexpr Phrase kFlapping{
    "Flapping: it fired and resolved more than 6 times within an hour. It stays open until it has "
    "kept still for 30 minutes.",
    "状态反复：一小时内触发与解除超过 6 次；保持触发状态，直到稳定 30 分钟。"};

void replace_all(std::string& text, std::string_view name, const std::string& value) {
    for (auto at = text.find(name); at != std::string::npos;
         at = text.find(name, at + value.size())) {
        text.replace(at, name.size(), value);
    }
}

std::string side_of_band(const alerts::Amount& price) {
    return alerts::grouped(alerts::amount_text(price.raw, price.decimals));
}

std::string reorganised(const ReadAlert& alert, Language language) {
    if (alert.state == State::retracted) {
        const bool was_end = alerts::text_at(alert.data, "retracted_state") == "resolved";
        const Phrase& words = was_end           ? kEndRetracted
                              : alert.goes_on() ? kUpdateRetracted
                                                : kRetracted;
        return std::string(words.in(language));
    }
    return std::string((alert.is_over() ? kEndMoved : kMoved).in(language));
}

}  // namespace

const Kind* find_kind(std::string_view condition) {
    const auto* const found = std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& kind) {
        return kind.condition == condition;
    });
    return found == kKinds.end() ? nullptr : found;
}

std::string zh_phrase(const Kind& kind, const ReadAlert& alert) {
    std::string out(kind.zh_title);
    const auto band = alert.labels.find("band");
    std::string name = interval(alert);
    if (name.empty() && band != alert.labels.end()) name = band->second;
    replace_all(out, "{band}", one_line(name));
    replace_all(out, "{subject}", one_line(alert.subject));
    const std::string asset = alerts::text_at(alert.data, "asset");
    replace_all(out, "{asset}", asset.empty() ? "" : " " + one_line(alerts::name_text(asset)));
    replace_all(out, "{protocol}", one_line(alert.protocol));
    return out;
}

std::string reason_text(const ReadAlert& alert, Language language) {
    std::string out;
    if (alert.reason == "reorg" || alert.state == State::retracted) {
        out = reorganised(alert, language);
    }
    for (const Reason& reason : kReasons) {
        if (alert.reason == reason.name) out = reason.words.in(language);
    }
    if (alert.reason == "closed" && !alert.condition.starts_with("position.")) {
        out = kDelisted.in(language);
    }
    const auto flapping = alert.data.find("flapping");
    if (flapping != alert.data.end() && *flapping == true) {
        out += (out.empty() || language == Language::zh ? "" : " ") +
               std::string(kFlapping.in(language));
    }
    return out;
}

std::string_view severity_word(alerts::Severity severity, Language language) {
    switch (severity) {
        case alerts::Severity::info:
            return Phrase{"info", "提示"}.in(language);
        case alerts::Severity::warning:
            return Phrase{"warning", "警告"}.in(language);
        case alerts::Severity::critical:
            break;
    }
    return Phrase{"critical", "严重"}.in(language);
}

std::string interval(const ReadAlert& alert) {
    const auto& band = alerts::object_at(alert.data, "band");
    const auto low = alerts::amount_at(band, "low");
    const auto high = alerts::amount_at(band, "high");
    return low && high ? side_of_band(*low) + "-" + side_of_band(*high) : std::string();
}

}  // namespace plimsoll::wording
