#pragma once

#include "config/secret.hpp"
#include "daemon/sinks/curl_call.hpp"
#include "daemon/sinks/http_reply.hpp"

#include <memory>
#include <string>
#include <vector>

namespace plimsoll::sinks {

struct Mail {
    std::string from;             ///< the bare address
    std::vector<std::string> to;  ///< bare addresses
    std::string content;          ///< of `mail_text`
};

struct SmtpRules : NetworkRules {
    Secret url;        ///< smtps://host[:port], or smtp:// with STARTTLS
    std::string user;  ///< empty: no login
    Secret password;
    bool allow_plain = false;  ///< smtp:// may go on without TLS
};

/// Hands mails to one SMTP server. Blocks up to its own limits; safe from any thread; throws
/// nothing.
class MailSender {
  public:
    MailSender() = default;
    MailSender(const MailSender&) = delete;
    MailSender& operator=(const MailSender&) = delete;
    virtual ~MailSender() = default;

    /// The reply's status is the server's last reply code.
    virtual HttpReply send(const Mail& mail) = 0;
    virtual void cancel() = 0;
};

/// libcurl under the rules of `set_common`. The password goes only over TLS. A recipient that the
/// server refuses keeps no other from getting the mail.
std::unique_ptr<MailSender> make_smtp_sender(SmtpRules rules);

/// What a server's last reply means: 2xx is taken, 4xx is transient, a refused login or address
/// stops the sink until somebody changes something, other 5xx refuse the one mail.
Outcome classify_smtp(const HttpReply& reply);

}  // namespace plimsoll::sinks
