#pragma once

#include "daemon/chain/source.hpp"

#include <optional>
#include <vector>

namespace plimsoll::chain {

// Whether two nodes say the same: the answer that both gave, or none.

/// For most kinds of answers.
struct Same {
    template <class T>
    std::optional<T> operator()(const T& a, const T& b) const {
        return a == b ? std::optional(a) : std::nullopt;
    }
};

struct SameResults {
    std::optional<std::vector<protocols::CallResult>> operator()(
        const std::vector<protocols::CallResult>& a,
        const std::vector<protocols::CallResult>& b) const;
};

/// Some nodes do not tell a log's time.
bool is_same_log(const protocols::Log& a, const protocols::Log& b);

struct SameLogs {
    std::optional<std::vector<protocols::Log>> operator()(
        const std::vector<protocols::Log>& a, const std::vector<protocols::Log>& b) const;
    /// As far as both have read.
    std::optional<Source::RangeLogs> operator()(const Source::RangeLogs& a,
                                                const Source::RangeLogs& b) const;
};

}  // namespace plimsoll::chain
