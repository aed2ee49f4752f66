#include "protocols/common/crossing.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <vector>

namespace plimsoll::protocols {
namespace {

/// Answers from a list. `is_uniform` may be asked to be lazy: sound, but blind to wide intervals.
class Listed {
  public:
    struct Probe {
        U256 x;
        bool holds = false;
    };

    explicit Listed(std::vector<bool> answers, std::size_t sight = 1'000'000)
        : answers_(std::move(answers)), sight_(sight) {}

    Probe probe(const U256& x) const {
        ++probes;
        return {.x = x, .holds = answers_.at(static_cast<std::size_t>(x))};
    }
    bool is_uniform(const Probe& a, const Probe& b) const {
        const auto low = static_cast<std::size_t>(std::min(a.x, b.x));
        const auto high = static_cast<std::size_t>(std::max(a.x, b.x));
        if (high - low > sight_) return false;
        for (std::size_t i = low; i <= high; ++i) {
            if (answers_[i] != answers_[low]) return false;
        }
        return true;
    }
    std::optional<U256> guess(const Probe& near, const Probe& /*far*/) const {
        if (!guesses_badly) return std::nullopt;
        return near.x + 1U;
    }

    mutable int probes = 0;
    bool guesses_badly = false;

  private:
    std::vector<bool> answers_;
    std::size_t sight_;
};

CrossingSearch search(const Listed& question, unsigned from, unsigned to, unsigned budget = 1000) {
    return first_change(question, question.probe(from), question.probe(to), budget);
}

std::optional<U256> walk(const std::vector<bool>& answers, unsigned from, unsigned to) {
    for (unsigned at = from; at != to;) {
        at = from < to ? at + 1 : at - 1;
        if (answers[at] != answers[from]) return U256(at);
    }
    return std::nullopt;
}

TEST(FirstChange, of_no_way_is_none) {
    EXPECT_EQ(search(Listed({true, false}), 0, 0).x, std::nullopt);
    EXPECT_EQ(search(Listed({true, false}), 1, 1).x, std::nullopt);
}

TEST(FirstChange, of_one_step) {
    EXPECT_EQ(search(Listed({true, false}), 0, 1).x, U256(1U));
    EXPECT_EQ(search(Listed({true, false}), 1, 0).x, U256(0U));
    EXPECT_EQ(search(Listed({true, true}), 0, 1).x, std::nullopt);
}

TEST(FirstChange, equals_walking_there) {
    std::mt19937_64 dice(7);
    for (int round = 0; round < 2000; ++round) {
        const std::size_t size = 2 + dice() % 60;
        const auto rarity = 1 + dice() % 20;
        std::vector<bool> answers(size);
        for (std::size_t i = 1; i < size; ++i) {
            answers[i] = dice() % rarity == 0 ? !answers[i - 1] : answers[i - 1];
        }
        const auto from = static_cast<unsigned>(dice() % size);
        const auto to = static_cast<unsigned>(dice() % size);
        Listed question(answers, 1 + dice() % 10);
        question.guesses_badly = round % 2 == 0;
        const CrossingSearch found = search(question, from, to);
        EXPECT_TRUE(found.is_complete);
        EXPECT_EQ(found.x, walk(answers, from, to));
    }
}

TEST(FirstChange, bad_guesses_cost_little) {
    std::vector<bool> answers(100'000);
    std::fill(answers.begin() + 70'000, answers.end(), true);
    Listed question(answers);
    question.guesses_badly = true;
    EXPECT_EQ(search(question, 0, 99'999).x, U256(70'000U));
    EXPECT_LT(question.probes, 80);
}

TEST(FirstChange, out_of_probes_answers_some_change_and_says_so) {
    std::vector<bool> answers(1000);
    for (std::size_t i = 300; i < 1000; ++i) answers[i] = i % 7 != 0;
    const Listed blind(answers, 0);
    const CrossingSearch found = search(blind, 0, 999, 50);
    EXPECT_FALSE(found.is_complete);
    ASSERT_TRUE(found.x);
    const auto at = static_cast<std::size_t>(*found.x);
    EXPECT_TRUE(answers[at]);
    EXPECT_FALSE(answers[at - 1]);
}

TEST(FirstChange, out_of_probes_without_a_change_in_sight_answers_none) {
    const Listed blind(std::vector<bool>(1000), 0);
    const CrossingSearch found = search(blind, 0, 999, 50);
    EXPECT_FALSE(found.is_complete);
    EXPECT_EQ(found.x, std::nullopt);
}

}  // namespace
}  // namespace plimsoll::protocols
