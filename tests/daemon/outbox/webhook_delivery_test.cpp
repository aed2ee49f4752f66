#include "daemon/outbox/outbox.hpp"
#include "daemon/sinks/make.hpp"
#include "daemon/sinks/webhook_signature.hpp"
#include "tests/daemon/alerts/vectors.hpp"
#include "tests/daemon/outbox/memory_store.hpp"
#include "tests/daemon/sinks/receiver.hpp"

#include <gtest/gtest.h>

#include <map>

namespace plimsoll::outbox {
namespace {

using namespace std::chrono_literals;
using testing::Receiver;

constexpr const char* kSecret = "whsec_nCf+mig0jF/lIfQZaP7cgYOxP6eK5wjcOT6Wjho5MsI=";

/// The machine's clocks, sped up, so that waits are real and short.
class FastClock final : public Clock {
  public:
    explicit FastClock(int factor) : factor_(factor) {}
    Instant now() const override {
        const auto passed = (std::chrono::steady_clock::now() - start_) * factor_;
        return {1'768'478'412'000 + std::chrono::duration_cast<milliseconds>(passed).count(),
                start_ + passed};
    }
    void wait(std::condition_variable& wakeup, std::unique_lock<std::mutex>& lock,
              SteadyTime until) override {
        wakeup.wait_until(lock, start_ + (until - start_) / factor_ + 1ms);
    }

  private:
    const int factor_;
    const SteadyTime start_ = std::chrono::steady_clock::now();
};

/// The outbox, a real webhook sink, and a real receiver.
class WebhookDelivery : public ::testing::Test {
  protected:
    void start(const std::string& url, unsigned lanes = 4, milliseconds timeout = 5s) {
        config::SinkSettings settings;
        settings.name = "hook";
        settings.kind = "webhook";
        settings.url = Secret(url);
        settings.secrets = {Secret(kSecret)};
        settings.allow_http = true;
        settings.allow_private = {"127.0.0.0/8"};
        settings.lanes = lanes;
        settings.timeout = timeout;
        std::vector<std::unique_ptr<sinks::Sink>> sinks;
        sinks.push_back(sinks::make_sink(settings, "/tmp").value());
        outbox_ = std::make_unique<Outbox>(store_, std::move(sinks), clock_, Outbox::Options{});
        outbox_->start();
    }
    bool ends(std::size_t done, std::size_t dead = 0) {
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        while (store_.count("done") < done || store_.count("dead") < dead) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            std::this_thread::sleep_for(1ms);
        }
        return true;
    }

    testing::MemoryStore store_;
    FastClock clock_{100};
    std::unique_ptr<Outbox> outbox_;
};

void expect_signed(const httplib::Request& request) {
    const Secret key = sinks::parse_webhook_secret(Secret(kSecret)).value();
    EXPECT_EQ(request.get_header_value("webhook-signature"),
              sinks::webhook_signature({&key, 1}, request.get_header_value("webhook-id"),
                                       std::stoll(request.get_header_value("webhook-timestamp")),
                                       request.body));
}

TEST_F(WebhookDelivery, retry_keeps_id_and_body_and_signs_anew) {
    std::atomic<int> tries{0};
    Receiver receiver([&](const httplib::Request&, httplib::Response& response) {
        response.status = ++tries < 4 ? 500 : 200;
    });
    store_.add("hook", "msg_1", "k");
    start(receiver.url());
    ASSERT_TRUE(ends(1));
    const auto requests = receiver.requests();
    ASSERT_EQ(requests.size(), 4U);
    for (std::size_t i = 0; i < requests.size(); ++i) {
        EXPECT_EQ(requests[i].get_header_value("webhook-id"), "msg_1");
        EXPECT_EQ(requests[i].body, R"({"id":"msg_1"})");
        expect_signed(requests[i]);
    }
    EXPECT_NE(requests[0].get_header_value("webhook-timestamp"),
              requests[3].get_header_value("webhook-timestamp"));
    EXPECT_NE(requests[0].get_header_value("webhook-signature"),
              requests[3].get_header_value("webhook-signature"));
    EXPECT_EQ(store_.row("msg_1").message.attempts, 4U);
    outbox_.reset();  // its connections, before the receiver waits for them
}

TEST_F(WebhookDelivery, retry_after_is_kept) {
    std::atomic<int> tries{0};
    Receiver receiver([&](const httplib::Request&, httplib::Response& response) {
        response.status = ++tries == 1 ? 429 : 200;
        response.set_header("Retry-After", "40");
    });
    store_.add("hook", "msg_1", "k");
    start(receiver.url());
    ASSERT_TRUE(ends(1));
    const auto requests = receiver.requests();
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_GE(std::stoll(requests[1].get_header_value("webhook-timestamp")) -
                  std::stoll(requests[0].get_header_value("webhook-timestamp")),
              40);
    outbox_.reset();  // its connections, before the receiver waits for them
}

TEST_F(WebhookDelivery, poison_dies_and_the_rest_goes_on) {
    Receiver receiver([](const httplib::Request& request, httplib::Response& response) {
        response.status = request.get_header_value("webhook-id") == "bad" ? 422 : 200;
        response.set_content("no such field", "text/plain");
    });
    store_.add("hook", "bad", "k1");
    store_.add("hook", "good", "k2");
    store_.add("hook", "after_bad", "k1");
    start(receiver.url());
    ASSERT_TRUE(ends(2, 1));
    EXPECT_EQ(store_.row("bad").reason, "poison");
    EXPECT_EQ(store_.row("bad").error, "http://127.0.0.1/…: HTTP 422: no such field");
    EXPECT_EQ(receiver.requests().size(), 5U);
    outbox_.reset();  // its connections, before the receiver waits for them
}

TEST_F(WebhookDelivery, order_per_key_with_parallel_lanes_and_faults) {
    std::atomic<int> count{0};
    Receiver receiver([&](const httplib::Request&, httplib::Response& response) {
        const int n = ++count;
        response.status = n % 7 == 0 ? 500 : n % 11 == 0 ? 429 : 200;
    });
    for (int n = 0; n < 20; ++n) {
        for (int k = 0; k < 6; ++k) {
            store_.add("hook", std::to_string(k) + "-" + std::to_string(100 + n),
                       std::to_string(k));
        }
    }
    start(receiver.url());
    ASSERT_TRUE(ends(120));
    std::map<char, std::string> last;
    for (const auto& request : receiver.requests()) {
        const std::string id = request.get_header_value("webhook-id");
        EXPECT_GE(id, last[id[0]]);
        last[id[0]] = id;
    }
    outbox_.reset();  // its connections, before the receiver waits for them
}

TEST_F(WebhookDelivery, hang_is_cut_off_by_stop_and_resumed_after_a_restart) {
    std::atomic<bool> hangs{true};
    Receiver* self = nullptr;
    Receiver receiver([&](const httplib::Request&, httplib::Response& response) {
        if (hangs) self->hang();
        response.status = 200;
    });
    self = &receiver;
    for (int i = 0; i < 10; ++i) store_.add("hook", std::to_string(i), std::to_string(i));
    start(receiver.url(), 3, 60s);
    while (receiver.requests().size() < 3) std::this_thread::sleep_for(1ms);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_FALSE(outbox_->stop(50ms));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
    EXPECT_EQ(store_.count("pending"), 10U);

    hangs = false;
    receiver.release();
    start(receiver.url(), 3, 60s);
    EXPECT_TRUE(ends(10));
    outbox_.reset();  // its connections, before the receiver waits for them
}

TEST_F(WebhookDelivery, receiver_that_is_down_gets_everything_when_it_is_back) {
    std::atomic<bool> is_down{true};
    Receiver receiver([&](const httplib::Request&, httplib::Response& response) {
        response.status = is_down ? 503 : 200;
    });
    for (int i = 0; i < 30; ++i) store_.add("hook", std::to_string(i), std::to_string(i));
    start(receiver.url());
    while (outbox_->status()[0].circuit == Circuit::State::closed) {
        std::this_thread::sleep_for(1ms);
    }
    const std::size_t tries = receiver.requests().size();
    EXPECT_LE(tries, 8U);  // five failures in a row, and what the other lanes had begun
    is_down = false;
    EXPECT_TRUE(ends(30));
    EXPECT_EQ(outbox_->status()[0].circuit, Circuit::State::closed);
    outbox_.reset();  // its connections, before the receiver waits for them
}

}  // namespace
}  // namespace plimsoll::outbox
