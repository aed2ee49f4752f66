// The rule engine against a model written from the words of the specification: no state machine,
// only the list of what was seen since the episode before. Every random history has to say the same
// lines.
#include "tests/daemon/rules/scenario.hpp"
#include "tests/support/effort.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::rules {
namespace {

using Lines = std::vector<std::string>;

enum class Seen { holds, grey, clear, gone };

/// One subject of `health_factor < 1`, clear from 1.01 on, at known blocks of one branch.
class Model {
  public:
    struct Times {
        std::uint64_t hold_for = 0;
        std::uint64_t keep = 0;
        std::uint64_t repeat = 0;
    };
    explicit Model(Times times) : times_(times) {}

    /// Another rule of the same name: what is open ends at the next round, read or not.
    void change_rule(Times times) {
        times_ = times;
        is_changed_ = true;
    }

    Lines unknown(const BlockRef& block) {
        said_.clear();
        end_changed(block);
        return said_;
    }

    Lines see(Seen seen, const BlockRef& block, std::uint64_t now) {
        said_.clear();
        now_ = now;
        end_changed(block);
        const bool is_first = !std::exchange(has_looked_, true);
        samples_.push_back({seen, block, is_first});
        if (!opened_) {
            look_for_opening();
        } else if (seen == Seen::clear || seen == Seen::gone) {
            look_for_end(seen == Seen::gone);
        } else {
            look_on();
        }
        return said_;
    }

  private:
    struct Sample {
        Seen seen;
        BlockRef block;
        bool is_first;
    };

    static bool is_over(Seen seen) { return seen == Seen::clear || seen == Seen::gone; }
    const BlockRef& here() const { return samples_.back().block; }

    /// Index of the oldest sample from which on all satisfy the condition; the last one does.
    template <class Condition>
    std::size_t run(const Condition& condition) const {
        std::size_t first = samples_.size();
        while (first > 0 && condition(samples_[first - 1])) --first;
        return first;
    }

    void say(const std::string& word, std::string reason, bool below_one, std::uint64_t now) {
        if (reason.empty() && is_flapping_ && word != "resolved") reason = "flapping";
        said_.push_back(word + " " + std::to_string(episode_) + "/" + std::to_string(++seq_) +
                        " @" + std::to_string(at_.number) + (reason.empty() ? "" : " " + reason));
        told_below_one_ = below_one;
        last_told_ = now;
    }

    std::size_t turns_at(std::uint64_t time) const {
        return static_cast<std::size_t>(
            std::count_if(turns_.begin(), turns_.end(),
                          [time](std::uint64_t turn) { return time - turn < 3600; }));
    }

    void look_for_opening() {
        if (samples_.back().seen != Seen::holds) return;
        const std::size_t first = run([](const Sample& one) { return one.seen == Seen::holds; });
        const BlockRef& began = samples_[first].block;
        if (here().time - began.time < times_.hold_for) return;
        const bool is_initial =
            std::any_of(samples_.begin() + static_cast<std::ptrdiff_t>(first), samples_.end(),
                        [](const Sample& one) { return one.is_first; });
        opened_ = samples_.size() - 1;
        episode_ = began.number;
        seq_ = 0;
        turns_.push_back(here().time);
        is_flapping_ = turns_at(here().time) > 6;
        at_ = here();
        say("firing", is_initial ? "initial" : "", true, now_);
    }

    void look_for_end(bool is_gone) {
        const std::size_t first = run([](const Sample& one) { return is_over(one.seen); });
        const std::uint64_t lasted = here().time - samples_[first].block.time;
        at_ = here();
        if (is_gone) return resolve("closed");
        if (lasted < times_.keep || (is_flapping_ && lasted < 1800)) return;
        if (!is_flapping_ && turns_at(here().time) + 1 > 6) {
            is_flapping_ = true;
            say("updated", "flapping", false, now_);
            return;
        }
        resolve("");
    }

    void resolve(const std::string& reason) {
        say("resolved", reason, false, now_);
        turns_.push_back(at_.time);
        opened_.reset();
        is_flapping_ = false;
        samples_.clear();
    }

    /// It is not over.
    void look_on() {
        const std::size_t first =
            std::max(*opened_, run([](const Sample& one) { return !is_over(one.seen); }));
        if (is_flapping_ && here().time - samples_[first].block.time >= 1800) is_flapping_ = false;
        const bool is_below_one = samples_.back().seen == Seen::holds;
        at_ = here();
        if (is_below_one && !told_below_one_) {
            say("updated", "", true, now_);
        } else if (times_.repeat != 0 && now_ - last_told_ >= times_.repeat) {
            say("repeated", "", is_below_one, now_);
        }
    }

    void end_changed(const BlockRef& block) {
        if (!std::exchange(is_changed_, false)) return;
        if (opened_) {
            at_ = block;
            is_flapping_ = false;
            say("resolved", "rule_changed", false, now_);
            opened_.reset();
        }
        samples_.clear();
        has_looked_ = false;
        is_flapping_ = false;
    }

    Times times_;
    bool is_changed_ = false;
    bool has_looked_ = false;
    std::vector<Sample> samples_;  ///< since the last episode
    std::optional<std::size_t> opened_;
    BlockNumber episode_ = 0;
    std::uint64_t seq_ = 0;
    bool is_flapping_ = false;
    bool told_below_one_ = false;
    std::vector<std::uint64_t> turns_;
    std::uint64_t last_told_ = 0;
    std::uint64_t now_ = 0;
    BlockRef at_;
    Lines said_;
};

constexpr std::array<Seen, 4> kAll{Seen::holds, Seen::grey, Seen::clear, Seen::gone};

void show(Scenario& scenario, Seen seen) {
    scenario.healths.clear();
    if (seen == Seen::gone) return;
    const char* factor = seen == Seen::holds ? "0.9" : seen == Seen::grey ? "1.004" : "2";
    scenario.healths.push_back(position(1, factor));
}

class Models : public testing::TestWithParam<unsigned> {};

/// Blocks come singly, in bursts and after long silences, so that every timer of the rule and the
/// half hours and hours of the flap guard end in the middle of something. Every round is done by an
/// engine that lives on and by one made of the stored rows.
TEST_P(Models, say_what_the_engine_says) {
    std::mt19937 random(GetParam());  // NOLINT(cert-msc51-cpp): the same history every time
    const auto below = [&](unsigned limit) { return static_cast<unsigned>(random()) % limit; };
    const auto any_times = [&] {
        constexpr std::array<std::uint64_t, 4> kTimes{0, 24, 60, 300};
        return Model::Times{kTimes.at(below(4)), kTimes.at(below(4)), below(2) == 0 ? 0U : 600U};
    };
    const auto rule_of = [](const Model::Times& times) {
        auto out = rule("health_factor < 1");
        const auto of = [](std::uint64_t seconds) {
            return config::Milliseconds{static_cast<std::int64_t>(seconds) * 1000};
        };
        out.hold_for = of(times.hold_for);
        out.keep = of(times.keep);
        out.repeat = of(times.repeat);
        return out;
    };
    Model::Times times = any_times();
    Model model(times);
    Scenario scenario({rule_of(times)});
    BlockNumber number = 100;
    Seen seen = Seen::clear;
    unsigned restless = 2;
    std::size_t lines = 0;
    std::set<std::string> words;
    for (int step = 0; step < 400; ++step) {
        number += below(12) == 0 ? 1 + below(200) : 1 + below(3);
        if (below(40) == 0) restless = 1 + below(8);
        if (below(restless) == 0) seen = kAll.at(below(16) == 0 ? 3 : below(3));
        scenario.protocol.read = below(9) != 0;
        const Model::Times next = any_times();
        const bool is_another = next.hold_for != times.hold_for || next.keep != times.keep;
        if (is_another && below(60) == 0) {
            times = next;
            model.change_rule(times);
            scenario.restart({rule_of(times)});
            scenario.protocol.read = true;
        } else if (below(10) == 0) {
            scenario.restart();
        }
        if (below(15) == 0) scenario.facts.now += below(2000);
        show(scenario, seen);
        const BlockRef at = block(number);
        const std::uint64_t now = std::max(scenario.facts.now, at.time);
        const Lines expected =
            scenario.protocol.read ? model.see(seen, at, now) : model.unknown(at);
        ASSERT_EQ(scenario.round(number), expected)
            << "seed " << GetParam() << ", step " << step << ", for " << times.hold_for << ", keep "
            << times.keep << ", repeat " << times.repeat;
        lines += expected.size();
        for (const std::string& line : expected) words.insert(line.substr(0, line.find(' ')));
    }
    EXPECT_GT(lines, 3U) << "a history in which nothing happens tests nothing";
    EXPECT_TRUE(words.contains("firing") && words.contains("resolved"));
}

INSTANTIATE_TEST_SUITE_P(Seeds, Models, testing::Range(0U, test::effort(16)));

}  // namespace
}  // namespace plimsoll::rules
