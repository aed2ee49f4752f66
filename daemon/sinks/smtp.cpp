#include "daemon/sinks/smtp.hpp"

#include <algorithm>
#include <atomic>
#include <string_view>
#include <utility>

namespace plimsoll::sinks {
namespace {

using Fault = HttpReply::Fault;
using Kind = Outcome::Kind;

constexpr std::size_t kSmtpReply = 64 * 1024;
constexpr int kLoginRefused = 535;

struct SmtpCall : CurlCall {
    std::string_view left;  ///< of the mail
    std::size_t heard = 0;  ///< bytes of replies
    std::string last_line;
};

std::size_t on_mail_wanted(char* bytes, std::size_t size, std::size_t count, void* user) {
    auto& call = *static_cast<SmtpCall*>(user);
    const std::size_t step = std::min(call.left.size(), size * count);
    std::copy_n(call.left.begin(), step, bytes);
    call.left.remove_prefix(step);
    return step;
}

std::size_t on_smtp_reply(char* bytes, std::size_t /*size*/, std::size_t count, void* user) {
    auto& call = *static_cast<SmtpCall*>(user);
    call.heard += count;
    if (call.heard > kSmtpReply) return CURL_WRITEFUNC_ERROR;
    call.last_line.assign(bytes, count);
    while (call.last_line.ends_with('\n') || call.last_line.ends_with('\r')) {
        call.last_line.pop_back();
    }
    return count;
}

/// Whether the server's no stands for more than this mail: login, or an address it will not serve.
bool is_lasting(int code) {
    switch (code) {
        case 530:
        case 534:
        case 535:
        case 538:
        case 550:
        case 551:
        case 553:
        case 556:
            return true;
        default:
            return false;
    }
}

class CurlSender final : public MailSender {
  public:
    explicit CurlSender(SmtpRules rules) : rules_(std::move(rules)) {}

    HttpReply send(const Mail& mail) override {
        Easy handle = handles_.take();
        std::vector<std::string> addresses;
        for (const std::string& to : mail.to) addresses.push_back("<" + to + ">");
        const CurlList recipients = make_list(addresses);
        if (!handle || !recipients) return {Fault::connect, 0, {}, "out of memory"};
        SmtpCall call;
        call.rules = &rules_;
        call.is_cancelled = &is_cancelled_;
        call.left = mail.content;
        set_up(handle.get(), mail, recipients.get(), call);
        const CURLcode code = curl_easy_perform(handle.get());
        HttpReply reply = reply_of(handle.get(), code, call);
        handles_.give_back(std::move(handle));
        return reply;
    }

    void cancel() override { is_cancelled_.store(true); }

  private:
    void set_up(CURL* handle, const Mail& mail, curl_slist* recipients, SmtpCall& call) const {
        const auto set = [handle](CURLoption option, auto value) {
            curl_easy_setopt(handle, option, value);
        };
        set_common(handle, call);
        std::string url(rules_.url.reveal());
        set(CURLOPT_URL, url.c_str());  // copied by libcurl
        set(CURLOPT_PROTOCOLS_STR, "smtps,smtp");
        set(CURLOPT_USE_SSL,
            static_cast<long>(rules_.allow_plain ? CURLUSESSL_TRY : CURLUSESSL_ALL));
        if (!rules_.user.empty()) {
            std::string password(rules_.password.reveal());
            set(CURLOPT_USERNAME, rules_.user.c_str());
            set(CURLOPT_PASSWORD, password.c_str());
            Secret::wipe(password);
        }
        Secret::wipe(url);
        const std::string from = "<" + mail.from + ">";
        set(CURLOPT_MAIL_FROM, from.c_str());
        set(CURLOPT_MAIL_RCPT, recipients);
        set(CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
        set(CURLOPT_UPLOAD, 1L);
        set(CURLOPT_READFUNCTION, &on_mail_wanted);
        set(CURLOPT_READDATA, &call);
        set(CURLOPT_HEADERFUNCTION, &on_smtp_reply);
        set(CURLOPT_HEADERDATA, &call);
        set(CURLOPT_WRITEFUNCTION, &on_smtp_reply);
        set(CURLOPT_WRITEDATA, &call);
    }

    static HttpReply reply_of(CURL* handle, CURLcode code, const SmtpCall& call) {
        long said = 0;
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &said);
        const int status = static_cast<int>(said);
        if (code == CURLE_OK) return {Fault::none, status, {}, call.last_line};
        if (code == CURLE_LOGIN_DENIED) {
            return {Fault::none, status >= 400 ? status : kLoginRefused, {}, call.last_line};
        }
        HttpReply out = failed(handle, code, call);
        // A no of the server counts as such; a TLS fault or a cut connection does not.
        const bool is_no = status >= 400 && status <= 599 && out.fault == Fault::connect;
        if (is_no) return {Fault::none, status, {}, call.last_line};
        return out;
    }

    const SmtpRules rules_;
    std::atomic<bool> is_cancelled_{false};
    CurlHandles handles_;
};

}  // namespace

std::unique_ptr<MailSender> make_smtp_sender(SmtpRules rules) {
    return std::make_unique<CurlSender>(std::move(rules));
}

Outcome classify_smtp(const HttpReply& reply) {
    if (reply.fault != Fault::none) return classify(reply, {});
    if (reply.status >= 200 && reply.status <= 299) return {Kind::ok};
    const Kind kind = reply.status < 500         ? Kind::retry
                      : is_lasting(reply.status) ? Kind::misconfigured
                                                 : Kind::refused;
    return {kind, std::nullopt, "SMTP " + std::to_string(reply.status) + ": " + reply.text};
}

}  // namespace plimsoll::sinks
