#include "daemon/rules/history.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace plimsoll::rules {

namespace {

constexpr std::uint64_t kSteps = 64;
/// So many final blocks are put into steps at once, so that the row of a step is not written anew
/// at every block.
constexpr std::ptrdiff_t kAtOnce = 16;

}  // namespace

void Span::take(const Sighting& seen) {
    const auto is_earlier = [&](const Sighting& other) { return seen.number < other.number; };
    if (seen.value < low.value || (seen.value == low.value && is_earlier(low))) low = seen;
    if (seen.value > high.value || (seen.value == high.value && is_earlier(high))) high = seen;
}

std::uint64_t History::length() const {
    if (window_.blocks != 0) return window_.blocks;
    const auto milliseconds =
        static_cast<std::uint64_t>(std::max<std::int64_t>(window_.time.count(), 0));
    return (milliseconds + 999) / 1000;
}

std::uint64_t History::step() const { return std::max<std::uint64_t>(length() / kSteps, 1); }

void History::add(const BlockRef& block, Values values) {
    samples_[block.number] = std::make_shared<const Sample>(Sample{block.time, std::move(values)});
}

void History::cut_above(BlockNumber ancestor) {
    samples_.erase(samples_.upper_bound(ancestor), samples_.end());
    // Deeper than what was final: only what is known to lie below is kept.
    for (auto it = steps_.begin(); it != steps_.end();) {
        Spans kept;
        for (const auto& [name, span] : *it->second) {
            const bool has_low = span.low.number <= ancestor;
            const bool has_high = span.high.number <= ancestor;
            if (!has_low && !has_high) continue;
            kept[name] = {has_low ? span.low : span.high, has_high ? span.high : span.low};
        }
        if (kept != *it->second) it->second = std::make_shared<const Spans>(std::move(kept));
        it = it->second->empty() ? steps_.erase(it) : std::next(it);
    }
}

void History::settle(BlockNumber final_block, const BlockRef& tip) {
    const BlockNumber last =
        std::min(final_block, tip.number - std::min<BlockNumber>(tip.number, 1));
    const auto end = samples_.upper_bound(last);
    if (std::distance(samples_.begin(), end) >= kAtOnce) {
        fold(end);
        samples_.erase(samples_.begin(), end);
    }
    const std::uint64_t now = place(tip.number, tip.time);
    const std::uint64_t from = now - std::min(now, length());
    std::erase_if(steps_, [&](const auto& one) { return (one.first + 1) * step() <= from; });
}

/// Puts the samples before `end` into steps.
void History::fold(Samples::const_iterator end) {
    std::map<std::uint64_t, Spans> changed;
    for (auto it = samples_.cbegin(); it != end; ++it) {
        const auto& [number, sample] = *it;
        const std::uint64_t index = place(number, sample->time) / step();
        auto spans = changed.find(index);
        if (spans == changed.end()) {
            const auto known = steps_.find(index);
            spans = changed.emplace(index, known == steps_.end() ? Spans{} : *known->second).first;
        }
        for (const auto& [name, value] : sample->values) {
            const Sighting seen{value, number, sample->time};
            const auto [span, is_new] = spans->second.try_emplace(name, Span{seen, seen});
            if (!is_new) span->second.take(seen);
        }
    }
    for (auto& [index, spans] : changed) {
        steps_[index] = std::make_shared<const Spans>(std::move(spans));
    }
}

std::optional<Span> History::span(const std::string& name, const BlockRef& tip) const {
    const std::uint64_t now = place(tip.number, tip.time);
    return span_from(name, window_.blocks == 0, now - std::min(now, length()));
}

std::optional<Span> History::span_since(const std::string& name, BlockTime from) const {
    return span_from(name, true, from);
}

std::optional<Span> History::span_from(const std::string& name, bool by_time,
                                       std::uint64_t from) const {
    std::optional<Span> out;
    const auto take = [&](const Sighting& seen) {
        if ((by_time ? seen.time : seen.number) < from) return;
        if (out) {
            out->take(seen);
        } else {
            out = Span{seen, seen};
        }
    };
    for (const auto& [index, spans] : steps_) {
        const auto found = spans->find(name);
        if (found == spans->end()) continue;
        take(found->second.low);
        take(found->second.high);
    }
    for (const auto& [number, sample] : samples_) {
        const auto found = sample->values.find(name);
        if (found != sample->values.end()) take({found->second, number, sample->time});
    }
    return out;
}

std::optional<Sighting> History::unchanged_since(const std::string& name, const U256& value) const {
    std::optional<Sighting> out;
    for (auto it = samples_.rbegin(); it != samples_.rend(); ++it) {
        const auto found = it->second->values.find(name);
        if (found == it->second->values.end()) continue;
        if (found->second != value) return out;
        out = Sighting{value, it->first, it->second->time};
    }
    for (auto it = steps_.rbegin(); it != steps_.rend(); ++it) {
        const auto found = it->second->find(name);
        if (found == it->second->end()) continue;
        const Span& span = found->second;
        if (span.low.value != value || span.high.value != value) return out;
        out = span.low;
    }
    return out;
}

}  // namespace plimsoll::rules
