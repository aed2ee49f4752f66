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
        out.typed_signature = vector_text(vector().at("headers"), "plimsoll-signature-eip712");
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
    for (const char* name :
         {"webhook-id", "webhook-timestamp", "webhook-signature", "plimsoll-signer",
          "plimsoll-signature-eip191", "plimsoll-signature-eip712"}) {
        EXPECT_EQ(headers.at(name), vector_text(vector().at("headers"), name));
    }
    EXPECT_EQ(headers.at("content-type"), "application/json");
    EXPECT_EQ(headers.at("user-agent"), "plimsoll/" PLIMSOLL_VERSION);
    EXPECT_EQ(headers.size(), 8U);
    EXPECT_EQ(request.headers.size(), 8U);
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
    unsigned_message.typed_signature.clear();
    WebhookSettings open = settings();
    open.keys.clear();
    const auto headers = headers_of(webhook_request(unsigned_message, open, attempt()));
    EXPECT_EQ(headers.count("webhook-signature"), 0U);
    EXPECT_EQ(headers.count("plimsoll-signature-eip191"), 0U);
    EXPECT_EQ(headers.count("plimsoll-signer"), 0U);
    EXPECT_EQ(headers.count("plimsoll-signature-eip712"), 0U);
    EXPECT_EQ(headers.count("webhook-id"), 1U);
}

TEST_P(WebhookRequest, cloudevents_adds_headers_and_changes_nothing_else) {
    WebhookSettings with = settings();
    with.cloudevents = true;
    Message about = message();
    about.type = "position.liquidatable.firing";
    about.at = 1'768'478'411;
    const HttpRequest request = webhook_request(about, with, attempt());
    const HttpRequest plain = webhook_request(about, settings(), attempt());
    EXPECT_EQ(request.body, plain.body);
    auto headers = headers_of(request);
    EXPECT_EQ(headers.at("ce-specversion"), "1.0");
    EXPECT_EQ(headers.at("ce-id"), about.id);
    EXPECT_EQ(headers.at("ce-source"), vector_text(vector(), "instance"));
    EXPECT_EQ(headers.at("ce-type"), "position.liquidatable.firing");
    EXPECT_EQ(headers.at("ce-time"), "2026-01-15T12:00:11Z");
    for (const char* name : {"ce-specversion", "ce-id", "ce-source", "ce-type", "ce-time"}) {
        headers.erase(name);
    }
    EXPECT_EQ(headers, headers_of(plain));
}

TEST(CloudEvents, source_is_a_uri_reference) {
    Message message;
    message.body =
        R"({"data":{"alert_key":"k","severity":"info"},"id":"m","source":"mon é\r\nx: y",)"
        R"("timestamp":"2026-01-15T12:00:11Z","type":"daemon.heartbeat","v":1})";
    WebhookSettings settings{"hook", Secret("https://h.example/x"), {}, {}};
    settings.cloudevents = true;
    const auto headers = headers_of(webhook_request(message, settings, {}));
    EXPECT_EQ(headers.at("ce-source"), "mon%20%C3%A9%0D%0Ax:%20y");
    message.body = "no alert";
    EXPECT_EQ(headers_of(webhook_request(message, settings, {})).at("ce-source"), "plimsoll");
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
