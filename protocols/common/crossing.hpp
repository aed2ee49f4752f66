#pragma once

#include "abi/word.hpp"

#include <concepts>
#include <optional>
#include <utility>
#include <vector>

namespace plimsoll::protocols {

/// A yes/no question about an integer that is asked at single points and can rule out whole
/// intervals. A probe is the question's answer at one point: it has the members `x` and `holds`.
template <class Q>
concept CrossingQuestion = requires(const Q& question, const U256& x, const typename Q::Probe& a,
                                    const typename Q::Probe& b) {
    { question.probe(x) } -> std::same_as<typename Q::Probe>;
    { a.x } -> std::convertible_to<U256>;
    { a.holds } -> std::convertible_to<bool>;
    /// True only when the answer is the same at every integer between the two, both included.
    { question.is_uniform(a, b) } -> std::convertible_to<bool>;
    /// A point between the two where splitting saves probes; decides nothing.
    { question.guess(a, b) } -> std::same_as<std::optional<U256>>;
};

/// What `first_change` found.
struct CrossingSearch {
    /// The integer nearest to the start whose answer differs from the start's.
    std::optional<U256> x;
    /// False: the probes ran out. Then `x` is still a place where the answer changes (the integer
    /// before it has the start's answer), but a nearer one may have been missed.
    bool is_complete = true;
};

/// Walks from `near` to `far` (either direction) and finds the first integer whose answer differs
/// from `near`'s. Exact whatever the shape of the answers: an interval is skipped only when the
/// question rules it out, and split otherwise. Takes a handful of probes where the question rules
/// out well, at most `max_probes` (and a bisection's, when they run out).
template <CrossingQuestion Q>
CrossingSearch first_change(const Q& question, typename Q::Probe near, typename Q::Probe far,
                            unsigned max_probes);

// ---- implementation ---------------------------------------------------------------------------

namespace crossing {

inline U256 distance(const U256& a, const U256& b) { return a < b ? b - a : a - b; }

inline U256 middle(const U256& a, const U256& b) {
    return a < b ? a + (b - a) / 2U : b + (a - b) / 2U;
}

inline bool is_strictly_between(const U256& x, const U256& a, const U256& b) {
    return a < b ? a < x && x < b : b < x && x < a;
}

/// Splits at guesses, and in the middle each time after some guesses: a guess may be bad for ever.
template <class Q>
class Splitter {
  public:
    explicit Splitter(const Q& question) : question_(&question) {}

    typename Q::Probe split(const typename Q::Probe& near, const typename Q::Probe& far) {
        if (guesses_ < kMaxGuesses) {
            const std::optional<U256> guess = question_->guess(near, far);
            if (guess && is_strictly_between(*guess, near.x, far.x)) {
                ++guesses_;
                return question_->probe(*guess);
            }
        }
        guesses_ = 0;
        return question_->probe(middle(near.x, far.x));
    }

  private:
    static constexpr int kMaxGuesses = 3;
    const Q* question_;
    int guesses_ = 0;
};

/// Some change between two probes that differ.
template <class Q>
U256 bisect(const Q& question, typename Q::Probe near, typename Q::Probe far) {
    while (distance(near.x, far.x) > 1U) {
        typename Q::Probe at = question.probe(middle(near.x, far.x));
        (at.holds == near.holds ? near : far) = std::move(at);
    }
    return far.x;
}

}  // namespace crossing

template <CrossingQuestion Q>
CrossingSearch first_change(const Q& question, typename Q::Probe near, typename Q::Probe far,
                            unsigned max_probes) {
    // Far ends of the intervals still to be walked, the nearest last. `near` never differs.
    std::vector<typename Q::Probe> ends;
    ends.push_back(std::move(far));
    crossing::Splitter<Q> splitter(question);
    for (unsigned probes = 0; !ends.empty();) {
        const auto& end = ends.back();
        const bool is_one_step = crossing::distance(near.x, end.x) <= 1U;
        if (is_one_step && end.holds != near.holds && end.x != near.x) return {.x = end.x};
        if (is_one_step || question.is_uniform(near, end)) {
            near = std::move(ends.back());
            ends.pop_back();
            continue;
        }
        if (++probes > max_probes) break;
        auto at = splitter.split(near, end);
        ends.push_back(std::move(at));
    }
    if (ends.empty()) return {};
    for (; !ends.empty(); ends.pop_back()) {
        if (ends.back().holds != near.holds) {
            return {.x = crossing::bisect(question, std::move(near), std::move(ends.back())),
                    .is_complete = false};
        }
        near = std::move(ends.back());
    }
    return {.x = std::nullopt, .is_complete = false};
}

}  // namespace plimsoll::protocols
