#pragma once

#include "daemon/wording/digest.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::sinks {

struct MailSettings {
    std::string from;             ///< an address, or `Name <address>`
    std::vector<std::string> to;  ///< addresses, or `Name <address>`
    std::string page_url;
};

/// A mail in its own form (RFC 5322, MIME), lines ended by CR LF: plain text in UTF-8 as base64.
/// `Message-ID` is made of the id, so a mail sent twice is one mail; `References` ties the mails of
/// one alert together.
std::string mail_text(const wording::Digest& digest, const MailSettings& settings,
                      std::chrono::sys_seconds now);

/// The address of `address` or `Name <address>`: what SMTP is told.
std::string bare_address(std::string_view mailbox);

/// "Thu, 15 Jan 2026 12:00:11 +0000".
std::string mail_date(std::chrono::sys_seconds time);
/// RFC 2047: ASCII as it is, everything else as encoded words of at most 75 characters, folded.
std::string encoded_header(std::string_view text);

}  // namespace plimsoll::sinks
