#include "daemon/sinks/mail.hpp"

#include "config/base64.hpp"
#include "daemon/alerts/text.hpp"
#include "daemon/alerts/utc.hpp"
#include "daemon/sinks/fitting.hpp"
#include "daemon/sinks/pagerduty.hpp"

#include <algorithm>
#include <array>

namespace plimsoll::sinks {
namespace {

using config::base64;
using wording::Digest;

constexpr std::size_t kMailSubject = 200;  // units
constexpr std::size_t kMailText = 60'000;  // units
constexpr std::size_t kWordBytes =
    39;  // 52 characters of base64, so that a header's name fits before them
constexpr std::size_t kLineLength = 76;
constexpr std::string_view kEnd = "\r\n";

std::string in_lines(const std::string& encoded) {
    std::string out;
    for (std::size_t at = 0; at < encoded.size(); at += kLineLength) {
        out += encoded.substr(at, kLineLength) + std::string(kEnd);
    }
    return out;
}

bool is_plain(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

std::string domain_of(const std::string& from) {
    const std::string address = bare_address(from);
    return address.substr(address.rfind('@') + 1);
}

std::string mailboxes(const std::vector<std::string>& to) {
    std::string out;
    for (const std::string& one : to) out += (out.empty() ? "" : ",\r\n ") + one;
    return out;
}

}  // namespace

std::string bare_address(std::string_view mailbox) {
    const std::size_t open = mailbox.rfind('<');
    if (open == std::string_view::npos || !mailbox.ends_with('>')) return std::string(mailbox);
    return std::string(mailbox.substr(open + 1, mailbox.size() - open - 2));
}

std::string mail_date(std::chrono::sys_seconds time) {
    static constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed",
                                                      "Thu", "Fri", "Sat"};
    static constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const auto seconds = std::max<std::int64_t>(time.time_since_epoch().count(), 0);
    const std::string clock = alerts::utc_time(static_cast<std::uint64_t>(seconds)).substr(11, 8);
    return std::string(kDays[std::chrono::weekday{day}.c_encoding()]) + ", " +
           std::to_string(static_cast<unsigned>(date.day())) + " " +
           kMonths[static_cast<unsigned>(date.month()) - 1] + " " +
           std::to_string(static_cast<int>(date.year())) + " " + clock + " +0000";
}

std::string encoded_header(std::string_view text) {
    const std::string clean = wording::one_line(text);
    if (is_plain(clean) && clean.find("=?") == std::string::npos) return clean;
    std::string out;
    std::string_view left = clean;
    while (!left.empty()) {
        std::size_t size = 0;
        while (size < left.size()) {
            const std::size_t step = alerts::first_code_point(left.substr(size)).bytes;
            if (size + step > kWordBytes) break;
            size += step;
        }
        out += (out.empty() ? "" : "\r\n ") + ("=?UTF-8?B?" + base64(left.substr(0, size)) + "?=");
        left.remove_prefix(size);
    }
    return out;
}

std::string mail_text(const Digest& digest, const MailSettings& settings,
                      std::chrono::sys_seconds now) {
    constexpr std::size_t kThreadDigits = 32;
    const std::string domain = domain_of(settings.from);
    std::string out;
    const auto header = [&](std::string_view name, const std::string& value) {
        out += std::string(name) + ": " + value + std::string(kEnd);
    };
    header("From", settings.from);
    header("To", mailboxes(settings.to));
    header("Subject", encoded_header(fit(digest.headline(), kMailSubject, escape_nothing)));
    header("Date", mail_date(now));
    header("Message-ID", "<" + digest.id + "@" + domain + ">");
    header("References",
           "<" + dedup_key(digest.key).substr(0, kThreadDigits) + ".plimsoll@" + domain + ">");
    header("Auto-Submitted", "auto-generated");
    if (digest.severity == alerts::Severity::critical && !digest.is_over) {
        header("Importance", "high");
    }
    header("MIME-Version", "1.0");
    header("Content-Type", "text/plain; charset=utf-8");
    header("Content-Transfer-Encoding", "base64");
    std::string text = digest.headline() + "\n\n" + plain_text(digest);
    if (!settings.page_url.empty()) text += settings.page_url + "\n";
    std::string lines;
    for (const char c : fit(text, kMailText, escape_nothing)) {
        lines += c == '\n' ? std::string(kEnd) : std::string(1, c);
    }
    return out + std::string(kEnd) + in_lines(base64(lines));
}

}  // namespace plimsoll::sinks
