#include "daemon/sinks/http_reply.hpp"

#include <curl/curl.h>

#include <algorithm>

namespace plimsoll::sinks {
namespace {

using std::chrono::milliseconds;
using Kind = Outcome::Kind;
using Fault = HttpReply::Fault;

constexpr std::chrono::seconds kMaxRetryAfter = std::chrono::hours{24 * 30};
constexpr milliseconds kRedirectWait = std::chrono::minutes{30};

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

bool is_digits(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view words(Fault fault) {
    switch (fault) {
        case Fault::timeout:
            return "timed out";
        case Fault::connect:
            return "connection failed";
        case Fault::tls:
            return "TLS failed";
        case Fault::dns:
            return "name not resolved";
        case Fault::denied:
            return "address not allowed";
        case Fault::cancelled:
            return "stopped";
        case Fault::none:
            break;
    }
    return "no reply";
}

Kind kind_of(int status, bool has_retry_after) {
    if (status >= 200 && status <= 299) return Kind::ok;
    switch (status) {
        case 429:
            return Kind::throttled;
        case 503:
            return has_retry_after ? Kind::throttled : Kind::retry;
        case 408:
        case 425:
            return Kind::retry;
        case 400:
        case 409:
        case 413:
        case 422:
            return Kind::refused;
        case 410:
            return Kind::gone;
        default:
            break;
    }
    // A status nobody foresaw must not cost a message its life: it waits for a person instead.
    return status >= 400 && status <= 499 ? Kind::misconfigured : Kind::retry;
}

std::string with_text(std::string detail, std::string_view text) {
    if (!text.empty()) detail.append(": ").append(text);
    return detail;
}

Outcome of_fault(const HttpReply& reply) {
    const Kind kind = reply.fault == Fault::denied ? Kind::misconfigured : Kind::retry;
    return {kind, std::nullopt, with_text(std::string(words(reply.fault)), reply.text)};
}

}  // namespace

std::string_view to_string(Kind kind) {
    switch (kind) {
        case Kind::ok:
            return "ok";
        case Kind::retry:
            return "retry";
        case Kind::throttled:
            return "throttled";
        case Kind::refused:
            return "refused";
        case Kind::misconfigured:
            return "misconfigured";
        case Kind::gone:
            break;
    }
    return "gone";
}

std::optional<milliseconds> parse_retry_after(std::string_view text, std::chrono::sys_seconds now) {
    const std::string value(trimmed(text));
    if (is_digits(value)) {
        // Nine digits of seconds are 31 years; more need not be counted.
        const std::chrono::seconds seconds{value.size() > 9 ? kMaxRetryAfter.count()
                                                            : std::stoll(value)};
        return std::min(seconds, kMaxRetryAfter);
    }
    // A date has a comma (RFC 9110's first two forms) or begins with a day's name (the third);
    // without this check curl would take fragments such as "12:00" for dates too.
    if (value.size() < 24 || value.size() > 40) return std::nullopt;
    const std::time_t at = curl_getdate(value.c_str(), nullptr);
    if (at < 0) return std::nullopt;
    const std::chrono::seconds left = std::chrono::sys_seconds{std::chrono::seconds{at}} - now;
    return std::clamp(left, std::chrono::seconds{0}, kMaxRetryAfter);
}

Outcome Sink::deliver_group(const Group& /*group*/, std::chrono::sys_seconds /*now*/) {
    return {Kind::refused, std::nullopt, "this sink takes one alert at a time"};
}

Outcome classify(const HttpReply& reply, std::chrono::sys_seconds now) {
    if (reply.fault != Fault::none) return of_fault(reply);
    const auto retry_after = parse_retry_after(reply.retry_after, now);
    const Kind kind = kind_of(reply.status, retry_after.has_value());
    if (kind == Kind::ok) return {kind};
    Outcome out{kind, std::nullopt, "HTTP " + std::to_string(reply.status)};
    if (kind == Kind::throttled) out.wait = retry_after;
    if (reply.status >= 300 && reply.status <= 399) {
        out.wait = kRedirectWait;
        out.detail += " (redirects are not followed: configure the address it leads to)";
    }
    out.detail = with_text(std::move(out.detail), reply.text);
    return out;
}

}  // namespace plimsoll::sinks
