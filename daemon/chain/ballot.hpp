#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::chain {

/// Endpoints by their place in the configuration.
using Voters = std::set<std::size_t>;

/// What endpoints answered to one question. Pure.
template <class T>
class Ballot {
  public:
    struct Group {
        T value;
        Voters voters;
    };

    /// `merge(const T& a, const T& b)` is what both say, or none when they contradict each other.
    template <class Merge>
    void cast(std::size_t voter, T value, const Merge& merge) {
        for (Group& group : groups_) {
            if (auto both = merge(group.value, value)) {
                group.value = std::move(*both);
                group.voters.insert(voter);
                return;
            }
        }
        groups_.push_back({std::move(value), {voter}});
    }

    bool is_empty() const { return groups_.empty(); }
    bool is_unanimous() const { return groups_.size() == 1; }
    /// The group of most voters, of equal ones the first. The ballot must not be empty.
    Group& largest() {
        return *std::max_element(
            groups_.begin(), groups_.end(),
            [](const Group& a, const Group& b) { return a.voters.size() < b.voters.size(); });
    }
    std::size_t most() { return is_empty() ? 0 : largest().voters.size(); }
    Voters all() const {
        Voters out;
        for (const Group& group : groups_) out.insert(group.voters.begin(), group.voters.end());
        return out;
    }
    /// Those who say something else than the largest group.
    Voters minority() {
        Voters out = all();
        for (const std::size_t voter : largest().voters) out.erase(voter);
        return out;
    }

  private:
    std::vector<Group> groups_;
};

/// What endpoints contradict each other about. A contradiction that is gone at the next look, as
/// while a block travels between nodes, is forgotten; one that stands for `patience` is told. Pure:
/// time is handed in.
class Disputes {
  public:
    using Time = std::chrono::steady_clock::time_point;
    using Duration = std::chrono::steady_clock::duration;

    explicit Disputes(Duration patience) : patience_(patience) {}

    /// `suspects`: some of them are wrong. True once the dispute has lasted.
    bool note(const std::string& topic, const Voters& suspects, const std::string& text, Time now);
    /// These said the same about it, and enough of them.
    void settle(const std::string& topic, const Voters& voters);
    bool is_suspect(std::size_t voter) const;
    bool is_open() const { return !by_topic_.empty(); }

    struct Told {
        Voters suspects;
        std::string text;
    };
    /// Those that have lasted.
    std::vector<Told> told() const;

  private:
    struct Dispute {
        Told told;
        Time since{};
        bool has_lasted = false;
    };

    Duration patience_;
    std::map<std::string, Dispute> by_topic_;
};

}  // namespace plimsoll::chain
