#include "daemon/wording/notices_zh.hpp"

#include "daemon/wording/language.hpp"

#include <optional>

namespace plimsoll::wording {
namespace {

using alerts::integer_at;
using alerts::object_at;
using alerts::ReadAlert;
using alerts::text_at;

std::string meaning_of(const std::string& reason) {
    if (reason == "expired") return "超过有效期仍未送达";
    if (reason == "poison") return "被拒收三次";
    if (reason == "gone") return "接收方表示已停用";
    return one_line(reason);
}

std::string dead_letters(const ReadAlert& alert) {
    std::string out;
    for (const auto& [reason, number] : object_at(alert.data, "reasons").items()) {
        if (!number.is_number_unsigned()) continue;
        out += (out.empty() ? "" : "；") + std::to_string(number.get<std::uint64_t>()) + " 条" +
               meaning_of(reason);
    }
    return out +
           "。\n归档中仍有这些告警。`plimsoll outbox list --state dead` 可查看，"
           "`plimsoll outbox retry` 可重新发送。";
}

std::string sink_down(const ReadAlert& alert) {
    const std::string since = time_text(integer_at(alert.data, "since").value_or(alert.at));
    if (alert.is_over()) return "自 " + since + " 起曾无法送达。";
    const std::string error = text_at(alert.data, "error");
    const auto gone = alert.data.find("gone");
    const bool is_gone = gone != alert.data.end() && *gone == true;
    return "自 " + since + " 起无法送达。" + error + (error.empty() ? "" : "\n") +
           (is_gone ? "接收方表示已停用，执行 `plimsoll sink enable " + one_line(alert.subject) +
                          "` 之前不再发送。"
                    : "告警暂存，恢复后发送。");
}

}  // namespace

std::optional<std::string> notice_zh(const ReadAlert& alert) {
    if (alert.condition == "daemon.dead_letter") return dead_letters(alert);
    if (alert.condition == "daemon.sink_down") return sink_down(alert);
    if (alert.condition == "daemon.state_lost") {
        return "数据库未通过检查，已另存为 " + one_line(alert.subject) +
               "，所有数据将从链上重新读取。其中待发的告警未发送；仍在持续的情况会重新告警。";
    }
    if (alert.condition == "daemon.signer") {
        return "此前由 " + one_line(text_at(alert.data, "previous_signer")) + " 签名，今后由 " +
               one_line(text_at(alert.data, "new_signer")) +
               " 签名。本消息是旧密钥签名的最后一条。若无人主动更换密钥，请勿信任后续告警。";
    }
    if (alert.condition == "daemon.heartbeat") {
        const auto firing = integer_at(alert.data, "firing");
        if (!firing) return std::nullopt;
        return "当前有 " + std::to_string(*firing) + " 条告警持续中。";
    }
    if (alert.condition == "daemon.test") return "这是有人为检查告警能否送达而发送的测试消息。";
    return std::nullopt;
}

}  // namespace plimsoll::wording
