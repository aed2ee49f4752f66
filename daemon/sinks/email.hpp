#pragma once

#include "daemon/sinks/mail.hpp"
#include "daemon/sinks/redact.hpp"
#include "daemon/sinks/sink.hpp"
#include "daemon/sinks/smtp.hpp"

#include <memory>
#include <string>

namespace plimsoll::sinks {

struct EmailSettings {
    std::string name;
    MailSettings mail;
    wording::Language language = wording::Language::en;
    Limits limits;
    std::size_t max_listed = wording::kMaxListed;  ///< alerts of a group
};

/// One mail for each alert, or group of alerts.
class EmailSink final : public Sink {
  public:
    EmailSink(EmailSettings settings, Redactor redactor, std::unique_ptr<MailSender> sender);

    const std::string& name() const override { return settings_.name; }
    Limits limits() const override { return settings_.limits; }
    Outcome deliver(const Message& message, std::chrono::sys_seconds now) override;
    bool takes_groups() const override { return true; }
    Outcome deliver_group(const Group& group, std::chrono::sys_seconds now) override;
    void cancel() override { sender_->cancel(); }

  private:
    Outcome send(const wording::Digest& digest, std::chrono::sys_seconds now);

    const EmailSettings settings_;
    const Redactor redactor_;
    const std::unique_ptr<MailSender> sender_;
};

}  // namespace plimsoll::sinks
