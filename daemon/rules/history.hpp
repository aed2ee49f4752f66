#pragma once

#include "abi/word.hpp"
#include "config/settings.hpp"
#include "daemon/store/store.hpp"
#include "protocols/common/block.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::rules {

/// A value and the block at which it was first seen.
struct Sighting {
    U256 value = 0;
    BlockNumber number = 0;
    BlockTime time = 0;

    friend bool operator==(const Sighting&, const Sighting&) = default;
};

/// The least and the greatest value of a stretch of time.
struct Span {
    Sighting low;
    Sighting high;

    void take(const Sighting& seen);
    friend bool operator==(const Span&, const Span&) = default;
};

/// The past values of some numbers of one protocol, as far back as one rule looks: what it needs to
/// tell a drop, a jump or a standstill.
///
/// Blocks that may leave the chain are kept one by one. What is final is kept in steps of a 64th of
/// the window, each with its least and greatest values, so a history has a bound however long the
/// window. Nothing older than the window is ever compared with; the oldest step counts only as far
/// as its extremes lie within.
///
/// A value: copies share what they have in common.
class History {
  public:
    using Values = std::map<std::string, U256>;  ///< by the number's name

    History() = default;
    explicit History(std::string fingerprint) : fingerprint_(std::move(fingerprint)) {}
    /// Of the rule that keeps it.
    const std::string& fingerprint() const { return fingerprint_; }
    /// How far it reaches back. Not stored: the rule says it.
    void set_window(config::Window window) { window_ = window; }

    /// What was seen at a block; at the same block again it replaces what was seen before.
    void add(const BlockRef& block, Values values);
    /// The blocks above left the chain.
    void cut_above(BlockNumber ancestor);
    /// Blocks up to `final_block` stay; what lies before the window that ends at `tip` is
    /// forgotten.
    void settle(BlockNumber final_block, const BlockRef& tip);

    /// Least and greatest within the window that ends at `tip`; none: nothing is known there.
    std::optional<Span> span(const std::string& name, const BlockRef& tip) const;
    /// As above from a time on.
    std::optional<Span> span_since(const std::string& name, BlockTime from) const;
    /// When the number was first seen to have the value it has had ever since; none: it has another
    /// one, or none.
    std::optional<Sighting> unchanged_since(const std::string& name, const U256& value) const;

  private:
    friend class HistoryRows;
    struct Sample {
        BlockTime time = 0;
        Values values;
    };
    using Samples = std::map<BlockNumber, std::shared_ptr<const Sample>>;
    using Spans = std::map<std::string, Span>;

    /// Seconds, or blocks.
    std::uint64_t length() const;
    std::uint64_t place(BlockNumber number, BlockTime time) const {
        return window_.blocks != 0 ? number : time;
    }
    std::uint64_t step() const;
    void fold(Samples::const_iterator end);
    std::optional<Span> span_from(const std::string& name, bool by_time, std::uint64_t from) const;

    config::Window window_;
    std::string fingerprint_;
    // Shared between copies; immutable.
    Samples samples_;
    std::map<std::uint64_t, std::shared_ptr<const Spans>> steps_;  ///< by place / step()
};

/// Whose history it is.
struct HistoryKey {
    std::string rule;
    std::string protocol;

    friend auto operator<=>(const HistoryKey&, const HistoryKey&) = default;
};

/// Histories as rows of the store.
class HistoryRows {
  public:
    /// The rows that make `now` of what `before` left in the store.
    static std::vector<store::RuleStateRow> difference(const std::string& chain,
                                                       const HistoryKey& key, const History& before,
                                                       const History& now);
    /// False: not a row of a history of this chain. One that does not read is a row of nothing.
    static bool load(const store::RuleStateRow& row, const std::string& chain,
                     std::map<HistoryKey, History>& histories);
};

/// The state of a row that holds a part of a history.
inline constexpr std::string_view kHistoryState = "history";

}  // namespace plimsoll::rules
