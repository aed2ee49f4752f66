#pragma once

#include "daemon/sinks/http_post.hpp"
#include "daemon/sinks/redact.hpp"
#include "daemon/sinks/sink.hpp"
#include "daemon/wording/digest.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace plimsoll::sinks {

/// What is said to a service and what its answers mean: pure functions, one set per kind.
struct Service {
    std::function<HttpRequest(const wording::Digest&)> request;
    std::function<Outcome(const HttpReply&, std::chrono::sys_seconds)> verdict;
    /// How long the service wants to be left alone after this reply, whatever became of it.
    std::function<std::optional<std::chrono::milliseconds>(const HttpReply&)> pause = nullptr;
};

struct RenderedSettings {
    std::string name;
    Limits limits;
    wording::Language language = wording::Language::en;
    std::size_t max_listed = wording::kMaxListed;  ///< alerts of a group
};

/// Tells people: each alert, or group of alerts, becomes words in their language and one HTTP
/// request to a chat or paging service.
class RenderedSink final : public Sink {
  public:
    /// `redactor` knows the URL and the secrets as they were configured.
    RenderedSink(RenderedSettings settings, Service service, Redactor redactor,
                 std::unique_ptr<HttpPoster> poster);

    const std::string& name() const override { return settings_.name; }
    Limits limits() const override { return settings_.limits; }
    Outcome deliver(const Message& message, std::chrono::sys_seconds now) override;
    bool takes_groups() const override { return true; }
    Outcome deliver_group(const Group& group, std::chrono::sys_seconds now) override;
    void cancel() override;

  private:
    Outcome send(const wording::Digest& digest, std::chrono::sys_seconds now);
    std::optional<std::chrono::milliseconds> await_turn();
    void note_pause(const HttpReply& reply);

    const RenderedSettings settings_;
    const Service service_;
    const Redactor redactor_;
    const std::unique_ptr<HttpPoster> poster_;
    std::mutex mutex_;  // guards the members below
    std::condition_variable cancelled_;
    bool is_cancelled_ = false;
    std::chrono::steady_clock::time_point paused_until_{};
};

/// The alert a message carries, in words; the error that its bytes are no alert.
Expected<wording::Digest, ParseError> digest_of(const Message& message, wording::Language language);
Expected<wording::Digest, ParseError> digest_of(const Group& group, wording::Language language,
                                                std::size_t max_listed);

}  // namespace plimsoll::sinks
