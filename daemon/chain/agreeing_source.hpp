#pragma once

#include "daemon/chain/source.hpp"
#include "daemon/rpc/clock.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace plimsoll::chain {

struct AgreementSettings {
    std::string name;    ///< of the chain, for logs
    unsigned count = 2;  ///< how many endpoints have to say the same
    /// Fewer are not enough. Otherwise those that answer are, as long as nobody contradicts them.
    bool is_strict = true;
    /// A contradiction that stands so long is told, and a head that stands so long is compared with
    /// everybody's.
    std::chrono::milliseconds block_time{12'000};
};

/// A source whose answers count only when several endpoints give the same: `members` are sources
/// of one endpoint each, in order of preference.
///
/// The head is the newest block that enough of them name. Blocks, logs and results of calls are
/// asked of as many; logs far below the head of one alone unless their times are wanted, for they
/// serve to find accounts, and what is missing there shows in the coverage. One that contradicts
/// enough others is outvoted; without enough the answer is a `lag_or_reorg` at the first look and a
/// `disagreement` from then on. One that fails is left alone for ten seconds and then longer, as
/// long as it can be done without. `clock` outlives the source.
std::unique_ptr<Source> make_agreeing_source(AgreementSettings settings,
                                             std::vector<std::unique_ptr<Source>> members,
                                             rpc::Clock& clock);
/// The same with the system's clock.
std::unique_ptr<Source> make_agreeing_source(AgreementSettings settings,
                                             std::vector<std::unique_ptr<Source>> members);

}  // namespace plimsoll::chain
