#include "daemon/sinks/email.hpp"

#include "daemon/sinks/rendered.hpp"

#include <utility>

namespace plimsoll::sinks {

EmailSink::EmailSink(EmailSettings settings, Redactor redactor, std::unique_ptr<MailSender> sender)
    : settings_(std::move(settings)), redactor_(std::move(redactor)), sender_(std::move(sender)) {}

Outcome EmailSink::deliver(const Message& message, std::chrono::sys_seconds now) {
    const auto digest = digest_of(message, settings_.language);
    if (!digest) return {Outcome::Kind::refused, std::nullopt, digest.error().message};
    return send(*digest, now);
}

Outcome EmailSink::deliver_group(const Group& group, std::chrono::sys_seconds now) {
    const auto digest = digest_of(group, settings_.language, settings_.max_listed);
    if (!digest) return {Outcome::Kind::refused, std::nullopt, digest.error().message};
    return send(*digest, now);
}

Outcome EmailSink::send(const wording::Digest& digest, std::chrono::sys_seconds now) {
    Mail mail;
    mail.from = bare_address(settings_.mail.from);
    for (const std::string& to : settings_.mail.to) mail.to.push_back(bare_address(to));
    mail.content = mail_text(digest, settings_.mail, now);
    Outcome outcome = classify_smtp(sender_->send(mail));
    return redactor_.clean(std::move(outcome));
}

}  // namespace plimsoll::sinks
