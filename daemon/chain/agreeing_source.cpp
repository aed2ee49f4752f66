#include "daemon/chain/agreeing_source.hpp"

#include "daemon/chain/ballot.hpp"
#include "daemon/chain/merged_faults.hpp"
#include "daemon/chain/same_answers.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

namespace plimsoll::chain {
namespace {

using namespace std::chrono_literals;
using protocols::Call;
using protocols::CallResult;
using protocols::Log;
using protocols::LogFilter;
using rpc::Clock;

/// An endpoint so many blocks behind another has no say about the head, where that is allowed.
constexpr std::uint64_t kMostLagToVote = 3;
/// Logs within so many blocks of the head are compared.
constexpr std::uint64_t kComparedLogs = 8'192;
constexpr Clock::Duration kFirstRest = 10s;
constexpr Clock::Duration kLongestRest = 5min;
constexpr Clock::Duration kRestOfOutvoted = 1min;
/// What the endpoints are asked of a block of which they know the height.
constexpr const char* kHash = "the hash";

/// What is asked about, for people: "the logs", "of block 7".
struct Topic {
    std::string name;
    BlockNumber block = 0;

    std::string text() const { return name + " of block " + std::to_string(block); }
};

class AgreeingSource final : public Source {
  public:
    AgreeingSource(AgreementSettings settings, std::vector<std::unique_ptr<Source>> members,
                   std::unique_ptr<Clock> own, Clock& clock);

    Expected<void, Fault> connect() override;
    void expect_head(BlockNumber known) override { known_ = known; }
    Expected<BlockRef, Fault> head() override;
    Expected<BlockRef, Fault> final_block(const Finality& finality, const BlockRef& head) override;
    Expected<std::optional<BlockRef>, Fault> block_at(BlockNumber number) override;
    Expected<std::vector<BlockRef>, Fault> blocks(BlockNumber first, BlockNumber last) override;
    Expected<std::vector<Log>, Fault> logs_of(const BlockRef& block,
                                              const LogFilter& filter) override;
    Expected<RangeLogs, Fault> logs_in(BlockNumber from, BlockNumber to, const LogFilter& filter,
                                       bool with_time) override;
    Expected<std::vector<CallResult>, Fault> read(std::span<const Call> calls,
                                                  const BlockRef& at) override;
    Expected<std::vector<bool>, Fault> has_code(std::span<const Address> addresses,
                                                const BlockRef& at) override;
    bool keeps_only_head() const override { return members_.front().source->keeps_only_head(); }
    std::size_t read_limit() const override { return members_.front().source->read_limit(); }
    std::vector<EndpointStatus> endpoints() const override;
    std::uint64_t requests() const override;
    void cancel() override;

  private:
    struct Member {
        std::unique_ptr<Source> source;
        std::string alias;
        Clock::Time rests_until{};
        Clock::Duration rest = kFirstRest;
    };
    struct Head {
        std::size_t index;
        BlockRef block;
    };

    /// Whom to ask, in this order.
    std::vector<std::size_t> order() const;
    void answered(std::size_t index) { members_[index].rest = kFirstRest; }
    void failed(std::size_t index, const Fault& fault);

    template <class Ask>
    using Answer = std::invoke_result_t<Ask, Source&>;
    /// Asks as many as have to agree.
    template <class Ask, class Merge = Same>
    Answer<Ask> agreed(const Topic& topic, const Ask& ask, const Merge& merge = {});
    /// Asks one.
    template <class Ask>
    Answer<Ask> any(const Ask& ask);
    template <class T>
    Expected<T, Fault> elect(const Topic& topic, Ballot<T>& ballot, const MergedFaults& faults);
    bool dispute(const Topic& topic, const Voters& suspects, const std::string& text);
    std::string aliases(const Voters& voters) const;
    void publish();

    std::vector<Head> ask_heads(bool of_all, MergedFaults& faults);
    std::optional<BlockRef> at_height(const Head& head, BlockNumber number);

    AgreementSettings settings_;
    std::vector<Member> members_;
    std::unique_ptr<Clock> own_;
    Clock& clock_;
    Disputes disputes_;
    BlockNumber known_ = 0;        ///< how high the chain is known to be
    std::optional<BlockRef> tip_;  ///< the head answered last
    Clock::Time tip_changed_at_{};
    Clock::Time all_asked_at_{};

    mutable std::mutex mutex_;  ///< guards `told_`
    std::vector<Disputes::Told> told_;
};

AgreeingSource::AgreeingSource(AgreementSettings settings,
                               std::vector<std::unique_ptr<Source>> members,
                               std::unique_ptr<Clock> own, Clock& clock)
    : settings_(std::move(settings)),
      own_(std::move(own)),
      clock_(clock),
      disputes_(std::max<Clock::Duration>(settings_.block_time, 1s)) {
    for (auto& source : members) {
        Member member;
        const auto endpoints = source->endpoints();
        if (!endpoints.empty()) member.alias = endpoints.front().alias;
        member.source = std::move(source);
        members_.push_back(std::move(member));
    }
}

// ---- voting

std::vector<std::size_t> AgreeingSource::order() const {
    std::vector<std::size_t> rested;
    std::vector<std::size_t> resting;
    for (std::size_t i = 0; i < members_.size(); ++i) {
        (clock_.now() >= members_[i].rests_until ? rested : resting).push_back(i);
    }
    const std::size_t least = settings_.is_strict ? settings_.count : 1;
    if (rested.size() < least) rested.insert(rested.end(), resting.begin(), resting.end());
    return rested;
}

void AgreeingSource::failed(std::size_t index, const Fault& fault) {
    if (!is_own_failure(fault.kind)) return;
    Member& member = members_[index];
    member.rests_until = clock_.now() + member.rest;
    member.rest = std::min(2 * member.rest, kLongestRest);
}

template <class Ask, class Merge>
auto AgreeingSource::agreed(const Topic& topic, const Ask& ask, const Merge& merge) -> Answer<Ask> {
    Ballot<typename Answer<Ask>::value_type> ballot;
    MergedFaults faults;
    for (const std::size_t index : order()) {
        if (ballot.most() >= settings_.count && !disputes_.is_suspect(index)) continue;
        auto answer = ask(*members_[index].source);
        if (answer) {
            answered(index);
            ballot.cast(index, std::move(*answer), merge);
            continue;
        }
        failed(index, answer.error());
        faults.add(answer.error());
        if (answer.error().kind == FaultKind::cancelled) break;
    }
    return elect(topic, ballot, faults);
}

template <class Ask>
auto AgreeingSource::any(const Ask& ask) -> Answer<Ask> {
    MergedFaults faults;
    for (const std::size_t index : order()) {
        auto answer = ask(*members_[index].source);
        if (answer) {
            answered(index);
            return answer;
        }
        failed(index, answer.error());
        faults.add(answer.error());
        if (answer.error().kind == FaultKind::cancelled) break;
    }
    return Unexpected<Fault>{faults.merged()};
}

template <class T>
Expected<T, Fault> AgreeingSource::elect(const Topic& topic, Ballot<T>& ballot,
                                         const MergedFaults& faults) {
    if (ballot.is_empty() || faults.merged().kind == FaultKind::cancelled) {
        return Unexpected<Fault>{faults.merged()};
    }
    auto& winner = ballot.largest();
    if (winner.voters.size() >= settings_.count) {
        disputes_.settle(topic.name, winner.voters);
        const Voters alone = ballot.minority();
        const bool has_lasted =
            !alone.empty() && dispute(topic, alone,
                                      aliases(alone) + " contradicts " + aliases(winner.voters) +
                                          " about " + topic.text());
        for (const std::size_t index : has_lasted ? alone : Voters{}) {
            members_[index].rests_until = clock_.now() + kRestOfOutvoted;
        }
        publish();
        return std::move(winner.value);
    }
    if (!ballot.is_unanimous()) {
        const std::string text =
            aliases(ballot.all()) + " contradict each other about " + topic.text();
        const bool has_lasted = dispute(topic, ballot.all(), text);
        publish();
        return Unexpected<Fault>{
            Fault{has_lasted ? FaultKind::disagreement : FaultKind::lag_or_reorg, text}};
    }
    const bool is_doubtful =
        std::any_of(winner.voters.begin(), winner.voters.end(),
                    [this](std::size_t index) { return disputes_.is_suspect(index); });
    if (!settings_.is_strict && !is_doubtful) return std::move(winner.value);
    Fault few = faults.merged();
    const bool is_passing = few.kind == FaultKind::lag_or_reorg;
    few.kind = is_passing ? few.kind : FaultKind::no_endpoint;
    few.message = std::to_string(settings_.count) + " endpoints have to agree about " +
                  topic.text() + ", only " + aliases(winner.voters) + " answers";
    if (!faults.text().empty()) few.message += "; " + faults.text();
    return Unexpected<Fault>{std::move(few)};
}

bool AgreeingSource::dispute(const Topic& topic, const Voters& suspects, const std::string& text) {
    const std::size_t told = disputes_.told().size();
    const bool has_lasted = disputes_.note(topic.name, suspects, text, clock_.now());
    if (disputes_.told().size() > told) spdlog::error("{}: {}", settings_.name, text);
    return has_lasted;
}

std::string AgreeingSource::aliases(const Voters& voters) const {
    std::string out;
    for (const std::size_t index : voters) {
        if (!out.empty()) out += " and ";
        out += members_[index].alias;
    }
    return out;
}

void AgreeingSource::publish() {
    auto told = disputes_.told();
    const std::scoped_lock lock(mutex_);
    told_ = std::move(told);
}

// ---- heads

Expected<void, Fault> AgreeingSource::connect() {
    std::size_t ready = 0;
    MergedFaults faults;
    for (const std::size_t index : order()) {
        const auto connected = members_[index].source->connect();
        if (connected) {
            ++ready;
            continue;
        }
        failed(index, connected.error());
        faults.add(connected.error());
    }
    if (ready >= (settings_.is_strict ? settings_.count : 1)) return {};
    return Unexpected<Fault>{faults.merged()};
}

/// Heads of as many as have to agree, or of all. One below what is known does not count.
std::vector<AgreeingSource::Head> AgreeingSource::ask_heads(bool of_all, MergedFaults& faults) {
    std::vector<Head> heads;
    for (const std::size_t index : order()) {
        const auto fit = static_cast<std::size_t>(
            std::count_if(heads.begin(), heads.end(),
                          [this](const Head& head) { return head.block.number >= known_; }));
        if (!of_all && fit >= settings_.count && !disputes_.is_suspect(index)) continue;
        // The one we follow has nothing new, so nothing has to be agreed about.
        const bool is_known =
            fit == 1 && heads.size() == 1 && tip_ && heads.front().block.hash == tip_->hash;
        if (is_known && !of_all && !disputes_.is_open()) break;
        auto latest = members_[index].source->head();
        if (latest) {
            answered(index);
            heads.push_back({index, *latest});
            continue;
        }
        failed(index, latest.error());
        faults.add(latest.error());
    }
    return heads;
}

/// The member's block at a height that is not above its head.
std::optional<BlockRef> AgreeingSource::at_height(const Head& head, BlockNumber number) {
    if (head.block.number == number) return head.block;
    const auto found = members_[head.index].source->block_at(number);
    return found ? *found : std::nullopt;
}

Expected<BlockRef, Fault> AgreeingSource::head() {
    const Clock::Time now = clock_.now();
    const Clock::Duration patience = std::max<Clock::Duration>(3 * settings_.block_time, 10s);
    const bool of_all = tip_ && now - tip_changed_at_ > patience && now - all_asked_at_ > patience;
    if (of_all) all_asked_at_ = now;
    MergedFaults faults;
    std::vector<Head> heads = ask_heads(of_all, faults);
    if (heads.empty()) return Unexpected<Fault>{faults.merged()};
    if (heads.size() == 1 && tip_ && heads.front().block.hash == tip_->hash &&
        faults.text().empty())
        return *tip_;
    BlockNumber best = 0;
    for (const Head& head : heads) best = std::max(best, head.block.number);
    if (!settings_.is_strict) {
        for (const Head& head : heads) {
            if (head.block.number + kMostLagToVote >= best) continue;
            spdlog::warn("{}: {} is {} blocks behind", settings_.name, members_[head.index].alias,
                         best - head.block.number);
            members_[head.index].rests_until = now + kRestOfOutvoted;
        }
        std::erase_if(
            heads, [best](const Head& head) { return head.block.number + kMostLagToVote < best; });
    }
    std::vector<BlockNumber> numbers;
    numbers.reserve(heads.size());
    for (const Head& head : heads) numbers.push_back(head.block.number);
    std::sort(numbers.rbegin(), numbers.rend());
    const BlockNumber number = numbers[std::min<std::size_t>(settings_.count, numbers.size()) - 1];
    Ballot<BlockRef> ballot;
    for (const Head& head : heads) {
        if (head.block.number < number) continue;
        if (const auto block = at_height(head, number)) ballot.cast(head.index, *block, Same{});
    }
    auto elected = elect(Topic{"the head", number}, ballot, faults);
    if (!elected) return elected;
    if (!tip_ || tip_->hash != elected->hash) tip_changed_at_ = now;
    tip_ = *elected;
    known_ = std::max(known_, elected->number);
    return elected;
}

/// The lowest that enough of them call final, if they have the same there.
Expected<BlockRef, Fault> AgreeingSource::final_block(const Finality& finality,
                                                      const BlockRef& head) {
    std::vector<BlockRef> found;
    Voters voters;
    MergedFaults faults;
    for (const std::size_t index : order()) {
        if (found.size() >= settings_.count) break;
        auto block = members_[index].source->final_block(finality, head);
        if (block) {
            answered(index);
            found.push_back(*block);
            voters.insert(index);
            continue;
        }
        failed(index, block.error());
        faults.add(block.error());
    }
    if (found.empty()) return Unexpected<Fault>{faults.merged()};
    const auto lowest =
        std::min_element(found.begin(), found.end(),
                         [](const BlockRef& a, const BlockRef& b) { return a.number < b.number; });
    const bool is_same = std::all_of(found.begin(), found.end(),
                                     [&](const BlockRef& block) { return block == *lowest; });
    if (is_same && found.size() >= settings_.count) {
        disputes_.settle(kHash, voters);
        publish();
        return *lowest;
    }
    auto block = block_at(lowest->number);
    if (!block) return Unexpected<Fault>{block.error()};
    if (*block) return **block;
    return Unexpected<Fault>{Fault{FaultKind::lag_or_reorg, "the final block is gone"}};
}

// ---- the rest

Expected<std::optional<BlockRef>, Fault> AgreeingSource::block_at(BlockNumber number) {
    const auto ask = [number](Source& source) -> Expected<BlockRef, Fault> {
        auto found = source.block_at(number);
        if (!found) return Unexpected<Fault>{found.error()};
        if (*found) return **found;
        return Unexpected<Fault>{
            Fault{FaultKind::lag_or_reorg, "has no block " + std::to_string(number)}};
    };
    auto block = agreed(Topic{kHash, number}, ask);
    if (block) return std::optional(*block);
    if (block.error().kind == FaultKind::lag_or_reorg && !disputes_.is_open()) {
        return std::optional<BlockRef>();
    }
    return Unexpected<Fault>{block.error()};
}

Expected<std::vector<BlockRef>, Fault> AgreeingSource::blocks(BlockNumber first, BlockNumber last) {
    return agreed(Topic{"the hashes up to that", last},
                  [=](Source& source) { return source.blocks(first, last); });
}

Expected<std::vector<Log>, Fault> AgreeingSource::logs_of(const BlockRef& block,
                                                          const LogFilter& filter) {
    return agreed(
        Topic{"the logs", block.number},
        [&](Source& source) { return source.logs_of(block, filter); }, SameLogs{});
}

Expected<Source::RangeLogs, Fault> AgreeingSource::logs_in(BlockNumber from, BlockNumber to,
                                                           const LogFilter& filter,
                                                           bool with_time) {
    const auto ask = [&](Source& source) { return source.logs_in(from, to, filter, with_time); };
    const bool is_compared = with_time || !tip_ || to + kComparedLogs >= tip_->number;
    return is_compared ? agreed(Topic{"the logs", from}, ask, SameLogs{}) : any(ask);
}

Expected<std::vector<CallResult>, Fault> AgreeingSource::read(std::span<const Call> calls,
                                                              const BlockRef& at) {
    return agreed(
        Topic{"the state", at.number}, [&](Source& source) { return source.read(calls, at); },
        SameResults{});
}

Expected<std::vector<bool>, Fault> AgreeingSource::has_code(std::span<const Address> addresses,
                                                            const BlockRef& at) {
    return agreed(Topic{"the code", at.number},
                  [&](Source& source) { return source.has_code(addresses, at); });
}

std::vector<EndpointStatus> AgreeingSource::endpoints() const {
    std::vector<EndpointStatus> out;
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = 0; i < members_.size(); ++i) {
        for (EndpointStatus& status : members_[i].source->endpoints()) {
            for (const auto& told : told_) {
                if (!told.suspects.contains(i)) continue;
                status.state = "disagrees";
                status.up = false;
                status.last_error = told.text;
            }
            out.push_back(std::move(status));
        }
    }
    return out;
}

std::uint64_t AgreeingSource::requests() const {
    std::uint64_t sum = 0;
    for (const Member& member : members_) sum += member.source->requests();
    return sum;
}

void AgreeingSource::cancel() {
    for (Member& member : members_) member.source->cancel();
}

}  // namespace

std::unique_ptr<Source> make_agreeing_source(AgreementSettings settings,
                                             std::vector<std::unique_ptr<Source>> members,
                                             rpc::Clock& clock) {
    return std::make_unique<AgreeingSource>(std::move(settings), std::move(members), nullptr,
                                            clock);
}

std::unique_ptr<Source> make_agreeing_source(AgreementSettings settings,
                                             std::vector<std::unique_ptr<Source>> members) {
    auto own = std::make_unique<rpc::SystemClock>();
    rpc::Clock& clock = *own;
    return std::make_unique<AgreeingSource>(std::move(settings), std::move(members), std::move(own),
                                            clock);
}

}  // namespace plimsoll::chain
