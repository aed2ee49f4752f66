#include "daemon/http/alert_filter.hpp"

#include "abi/address.hpp"
#include "daemon/alerts/jsonl.hpp"
#include "daemon/alerts/types.hpp"
#include "daemon/http/names.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace plimsoll::http {
namespace {

using view::Row;

std::string member_text(const Row& row, const char* key) {
    if (!row.is_object()) return {};
    const auto found = row.find(key);
    return found != row.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::ptrdiff_t severity_rank(std::string_view severity) {
    constexpr std::array<std::string_view, 3> kSeverities{"info", "warning", "critical"};
    return std::find(kSeverities.begin(), kSeverities.end(), severity) - kSeverities.begin();
}

bool same_but_case(const std::string& a, const std::string& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        const auto lower = [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        };
        return lower(x) == lower(y);
    });
}

bool is_of_type(const std::string& type, const std::string& wanted) {
    if (wanted.empty() || type == wanted) return true;
    return type.starts_with(wanted) && type[wanted.size()] == '.';
}

bool is_about(const std::string& subject, const std::string& wanted) {
    if (wanted.empty() || same_but_case(subject, wanted)) return true;
    if (!has_address_form(wanted) || !has_address_form(subject)) return false;
    const auto address = parse_any_address(wanted);
    return address && parse_any_address(subject) == *address;
}

}  // namespace

bool AlertFilter::wants(const Row& alert) const {
    if (!alert.is_object()) return false;
    const auto found = alert.find("data");
    const Row data = found == alert.end() ? Row() : *found;
    const auto is = [&data](const char* key, const std::string& wanted) {
        return wanted.empty() || member_text(data, key) == wanted;
    };
    if (!severity.empty() &&
        severity_rank(member_text(data, "severity")) < severity_rank(severity)) {
        return false;
    }
    return is_of_type(member_text(alert, "type"), type) && is("rule", rule) && is("chain", chain) &&
           is("protocol", protocol) && is_about(member_text(data, "subject"), subject);
}

std::optional<std::string> unknown_type(const std::string& type) {
    if (type.empty() || alerts::may_be_type(type)) return std::nullopt;
    return unknown_name("type", type, alerts::conditions());
}

Row archive_row(const store::StoredAlert& alert) {
    nlohmann::json row = nlohmann::json::parse(alert.body, nullptr, false);
    if (!row.is_object()) return nullptr;
    alerts::add_archive_members(row, alert.signature, alert.signer, alert.muted_by);
    return row;  // keys sorted, as canonical bodies have them
}

}  // namespace plimsoll::http
