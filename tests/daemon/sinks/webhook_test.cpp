#include "daemon/sinks/webhook.hpp"

#include "daemon/sinks/webhook_signature.hpp"
#include "tests/daemon/alerts/vectors.hpp"

#include <gtest/gtest.h>

#include <map>

namespace plimsoll::sinks {
namespace {

using nlohmann::json;
using testing::alert_vectors;
using testing::vector_text;

class WebhookRequest : public ::testing::TestWithParam<std::size_t> {
  protected:
    const json& vector() const { return alert_vectors().at("vectors").at(GetParam()); }

    Message message() const {
        Message out;
        out.id = vector_text(vector().at("headers"), "webhook-id");
        out.body = vector_text(vector(), "body");
        out.signature = vector_text(vector().at("headers"), "plimsoll-signature-eip191");
        out.signer = vector_text(vector(), "signer");
        return out;
    }

    WebhookSettings settings() const {
        WebhookSettings out{"hook", Secret("https://h.example/x"), {}, {}};
        for (const json& secret : vector().at("TEST_SECRETS")) {
            out.keys.push_back(parse_webhook_secret(Secret(secret.get<std::string>())).value());
        }
        return out;
    }

    std::chrono::sys_seconds attempt(std::int64_t later = 0) const {
        return std::chrono::sys_seconds{
            std::chrono::seconds{vector().at("attempt_timestamp").get<std::int64_t>() + later}};
    }
};

std::map<std::string, std::string> headers_of(const HttpRequest& request) {
    return {request.headers.begin(), request.headers.end()};
}

TEST_P(WebhookRequest, headers_and_body_byte_for_byte) {
    const HttpRequest request = webhook_request(message(), settings(), attempt());
    EXPECT_EQ(request.body, vector_text(vector(), "body"));
    const auto headers = headers_of(request);
    for (const char* name : {"webhook-id", "webhook-timestamp", "webhook-signature",
                             "plimsoll-signer", "plimsoll-signature-eip191"}) {
        EXPECT_EQ(headers.at(name), vector_text(vector().at("headers"), name));
    }
    EXPECT_EQ(headers.at("content-type"), "application/json");
    EXPECT_EQ(headers.at("user-agent"), "plimsoll/" PLIMSOLL_VERSION);
    EXPECT_EQ(headers.size(), 7U);
    EXPECT_EQ(request.headers.size(), 7U);
}

TEST_P(WebhookRequest, retry_changes_timestamp_and_hmac_only) {
    const auto first = headers_of(webhook_request(message(), settings(), attempt()));
    const auto second = headers_of(webhook_request(message(), settings(), attempt(1)));
    EXPECT_NE(first.at("webhook-timestamp"), second.at("webhook-timestamp"));
    EXPECT_NE(first.at("webhook-signature"), second.at("webhook-signature"));
    for (const auto& [name, value] : first) {
        if (name != "webhook-timestamp" && name != "webhook-signature") {
            EXPECT_EQ(second.at(name), value) << name;
        }
    }
}

TEST_P(WebhookRequest, without_keys_there_are_no_empty_headers) {
    Message unsigned_message = message();
    unsigned_message.signature.clear();
    unsigned_message.signer.clear();
    WebhookSettings open = settings();
    open.keys.clear();
    const auto headers = headers_of(webhook_request(unsigned_message, open, attempt()));
    EXPECT_EQ(headers.count("webhook-signature"), 0U);
    EXPECT_EQ(headers.count("plimsoll-signature-eip191"), 0U);
    EXPECT_EQ(headers.count("plimsoll-signer"), 0U);
    EXPECT_EQ(headers.count("webhook-id"), 1U);
}

INSTANTIATE_TEST_SUITE_P(Published, WebhookRequest, ::testing::Values(0, 1, 2));

class ScriptedPoster final : public HttpPoster {
  public:
    explicit ScriptedPoster(HttpReply reply) : reply_(std::move(reply)) {}
    HttpReply post(const HttpRequest&) override { return reply_; }
    void cancel() override {}

  private:
    HttpReply reply_;
};

TEST(WebhookSink, detail_names_the_host_and_hides_what_is_echoed) {
    const Secret url("https://h.example/hooks/T00AAAABBBB");
    const Secret secret("whsec_" + std::string(32, 'A'));
    HttpReply reply{HttpReply::Fault::none, 500, {}, "no hook T00AAAABBBB with whsec_"};
    reply.text += std::string(32, 'A') + "\n" + std::string(2000, 'x');
    WebhookSettings settings{"hook", url, {}, {}};
    WebhookSink sink(settings, Redactor(url, {secret}), std::make_unique<ScriptedPoster>(reply));
    const Outcome outcome = sink.deliver({}, {});
    EXPECT_EQ(outcome.kind, Outcome::Kind::retry);
    EXPECT_EQ(outcome.detail.substr(0, 67),
              "https://h.example/…: HTTP 500: no hook *** with *** xxxxxxxxxxxxx");
    EXPECT_EQ(outcome.detail.size(), 512U);
}

}  // namespace
}  // namespace plimsoll::sinks
