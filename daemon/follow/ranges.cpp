#include "daemon/follow/ranges.hpp"

#include "daemon/follow/fault.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace plimsoll::follow {
namespace {

using chain::Fault;
using chain::FaultKind;
using protocols::Log;

template <class T>
void add_new(std::vector<T>& to, const std::vector<T>& more) {
    to.insert(to.end(), more.begin(), more.end());
    std::sort(to.begin(), to.end());
    to.erase(std::unique(to.begin(), to.end()), to.end());
}

}  // namespace

Expected<chain::Source::RangeLogs, Fault> read_range(chain::Source& source, BlockNumber from,
                                                     BlockNumber to,
                                                     const protocols::LogFilter& filter,
                                                     const KnownBlock& known) {
    const bool is_known = known(from) && known(to);
    auto step = source.logs_in(from, to, filter, !is_known);
    if (!step) return step;
    if (step->last < from || step->last > to) {
        return fault(FaultKind::malformed, "other blocks than asked were read");
    }
    for (Log& log : step->logs) {
        if (log.block < from || log.block > step->last) {
            return fault(FaultKind::malformed, "a log lies outside of the range asked");
        }
        const auto block = known(log.block);
        if (!block) continue;
        if (log.block_hash != block->hash) {
            return fault(FaultKind::lag_or_reorg, "a log lies in a block of another fork");
        }
        log.block_time = block->time;
    }
    return step;
}

Expected<std::vector<Log>, Fault> read_whole_range(chain::Source& source, BlockNumber from,
                                                   BlockNumber to,
                                                   const protocols::LogFilter& filter,
                                                   const KnownBlock& known) {
    std::vector<Log> out;
    for (BlockNumber next = from; next <= to;) {
        auto step = read_range(source, next, to, filter, known);
        if (!step) return Unexpected<Fault>{step.error()};
        std::move(step->logs.begin(), step->logs.end(), std::back_inserter(out));
        next = step->last + 1;
    }
    return out;
}

protocols::LogFilter merged(protocols::LogFilter a, const protocols::LogFilter& b) {
    add_new(a.addresses, b.addresses);
    add_new(a.topics, b.topics);
    return a;
}

}  // namespace plimsoll::follow
