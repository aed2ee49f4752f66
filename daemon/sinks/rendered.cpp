#include "daemon/sinks/rendered.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::sinks {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Kind = Outcome::Kind;

/// A pause this short is waited for; a longer one goes back to the queue.
constexpr milliseconds kShortPause = std::chrono::seconds{5};

}  // namespace

Expected<wording::Digest, ParseError> digest_of(const Message& message,
                                                wording::Language language) {
    const auto alert = alerts::read_body(message.body);
    if (!alert) return Unexpected<ParseError>{alert.error()};
    return make_digest(*alert, language);
}

Expected<wording::Digest, ParseError> digest_of(const Group& group, wording::Language language,
                                                std::size_t max_listed) {
    std::vector<alerts::ReadAlert> members;
    for (const Message& message : group.members) {
        auto alert = alerts::read_body(message.body);
        if (!alert) return Unexpected<ParseError>{alert.error()};
        members.push_back(std::move(*alert));
    }
    if (members.empty()) return parse_error("a group without members");
    if (members.size() > 1) {
        return make_digest(members, {group.id, group.key, group.open}, language, max_listed);
    }
    wording::Digest alone = make_digest(members.front(), language);
    alone.key = group.key;
    alone.leaves_open |= group.open > 0;
    return alone;
}

RenderedSink::RenderedSink(RenderedSettings settings, Service service, Redactor redactor,
                           std::unique_ptr<HttpPoster> poster)
    : settings_(std::move(settings)),
      service_(std::move(service)),
      redactor_(std::move(redactor)),
      poster_(std::move(poster)) {}

Outcome RenderedSink::deliver(const Message& message, std::chrono::sys_seconds now) {
    const auto digest = digest_of(message, settings_.language);
    if (!digest) return {Kind::refused, std::nullopt, digest.error().message};
    return send(*digest, now);
}

Outcome RenderedSink::deliver_group(const Group& group, std::chrono::sys_seconds now) {
    const auto digest = digest_of(group, settings_.language, settings_.max_listed);
    if (!digest) return {Kind::refused, std::nullopt, digest.error().message};
    return send(*digest, now);
}

Outcome RenderedSink::send(const wording::Digest& digest, std::chrono::sys_seconds now) {
    if (const auto left = await_turn()) {
        return {Kind::throttled, *left, "the service asked for a pause"};
    }
    const HttpReply reply = poster_->post(service_.request(digest));
    note_pause(reply);
    Outcome outcome = service_.verdict(reply, now);
    return redactor_.clean(std::move(outcome));
}

/// Waits for a short pause to end; of a long one it returns what is left.
std::optional<milliseconds> RenderedSink::await_turn() {
    std::unique_lock lock(mutex_);
    const auto left = std::chrono::ceil<milliseconds>(paused_until_ - steady_clock::now());
    if (left > kShortPause) return left;
    if (left.count() > 0) {
        cancelled_.wait_until(lock, paused_until_, [this] { return is_cancelled_; });
    }
    return std::nullopt;
}

void RenderedSink::note_pause(const HttpReply& reply) {
    const auto pause = service_.pause ? service_.pause(reply) : std::nullopt;
    if (!pause) return;
    const std::lock_guard lock(mutex_);
    paused_until_ = std::max(paused_until_, steady_clock::now() + *pause);
}

void RenderedSink::cancel() {
    {
        const std::lock_guard lock(mutex_);
        is_cancelled_ = true;
    }
    cancelled_.notify_all();
    poster_->cancel();
}

}  // namespace plimsoll::sinks
