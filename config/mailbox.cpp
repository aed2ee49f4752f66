#include "config/mailbox.hpp"

#include "config/network.hpp"

#include <algorithm>
#include <string>

namespace plimsoll::config {
namespace {

bool is_number(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
    return is_number(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

template <class Fits>
bool are_all(std::string_view text, Fits fits) {
    return !text.empty() && std::all_of(text.begin(), text.end(), fits);
}

bool is_address(std::string_view text) {
    constexpr std::string_view kMarks = ".!#$%&'*+/=?^`{|}~-";
    const std::size_t at = text.rfind('@');
    if (at == std::string_view::npos) return false;
    const std::string_view host = text.substr(at + 1);
    return are_all(
               text.substr(0, at),
               [&](char c) { return is_word(c) || kMarks.find(c) != std::string_view::npos; }) &&
           are_all(host, [](char c) { return is_word(c) || c == '.' || c == '-'; }) &&
           host.front() != '.' && host.front() != '-' && host.back() != '.';
}

}  // namespace

Expected<void, ParseError> check_mailbox(std::string_view text) {
    constexpr std::size_t kLongest = 254;
    std::string_view address = text;
    const std::size_t open = text.find('<');
    if (open != std::string_view::npos && text.back() == '>') {
        const std::string_view words = text.substr(0, open);
        address = text.substr(open + 1, text.size() - open - 2);
        const bool is_fit = words.empty() || are_all(words, [](char c) {
                                return is_word(c) || c == ' ' || c == '.' || c == '-';
                            });
        if (!is_fit) address = {};
    }
    if (text.size() > kLongest || !is_address(address)) {
        return parse_error("not an address such as risk@mail.example");
    }
    return {};
}

Expected<void, ParseError> check_mail_server(std::string_view text) {
    for (const std::string_view scheme : {"smtps://", "smtp://"}) {
        if (!text.starts_with(scheme)) continue;
        // The rest has the form of any URL's host and port.
        const auto url = parse_url("https://" + std::string(text.substr(scheme.size())));
        if (!url || url->has_user || !url->path.empty()) break;
        return {};
    }
    return parse_error("not smtps://host:port or smtp://host:port");
}

bool is_bot_token(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return false;
    return are_all(text.substr(0, colon), is_number) &&
           are_all(text.substr(colon + 1), [](char c) { return is_word(c) || c == '-'; });
}

bool is_chat(std::string_view text) {
    if (text.starts_with('@')) return are_all(text.substr(1), is_word);
    if (text.starts_with('-')) text.remove_prefix(1);
    return text.size() <= 19 && are_all(text, is_number);
}

}  // namespace plimsoll::config
