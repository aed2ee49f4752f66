#include "daemon/chain/same_answers.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::chain {
namespace {

using protocols::CallResult;
using protocols::Log;

std::vector<Log> up_to(const Source::RangeLogs& read, BlockNumber last) {
    std::vector<Log> out = read.logs;
    std::erase_if(out, [last](const Log& log) { return log.block > last; });
    return out;
}

}  // namespace

std::optional<std::vector<CallResult>> SameResults::operator()(
    const std::vector<CallResult>& a, const std::vector<CallResult>& b) const {
    const auto is_same = [](const CallResult& x, const CallResult& y) {
        return x.success == y.success && x.data == y.data;
    };
    if (!std::equal(a.begin(), a.end(), b.begin(), b.end(), is_same)) return std::nullopt;
    return a;
}

bool is_same_log(const Log& a, const Log& b) {
    const bool may_be_same_time =
        a.block_time == b.block_time || a.block_time == 0 || b.block_time == 0;
    return may_be_same_time && a.address == b.address && a.topics == b.topics && a.data == b.data &&
           a.block == b.block && a.block_hash == b.block_hash && a.tx == b.tx && a.index == b.index;
}

std::optional<std::vector<Log>> SameLogs::operator()(const std::vector<Log>& a,
                                                     const std::vector<Log>& b) const {
    if (!std::equal(a.begin(), a.end(), b.begin(), b.end(), is_same_log)) return std::nullopt;
    return a;
}

std::optional<Source::RangeLogs> SameLogs::operator()(const Source::RangeLogs& a,
                                                      const Source::RangeLogs& b) const {
    const BlockNumber last = std::min(a.last, b.last);
    auto both = (*this)(up_to(a, last), up_to(b, last));
    if (!both) return std::nullopt;
    return Source::RangeLogs{std::move(*both), last};
}

}  // namespace plimsoll::chain
