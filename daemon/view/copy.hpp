#pragma once

#include "daemon/view/view.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace plimsoll::view {

/// A protocol copied out of the running daemon, so that rows can be made of it while rounds go on.
/// The ledger's copy is cheap: it shares everything until the original changes.
class ProtocolCopy {
  public:
    /// With these positions only, which are of `from`.
    ProtocolCopy(const ProtocolView& from, std::vector<protocols::PositionHealth> healths)
        : ledger_(from.ledger->clone()),
          healths_(std::move(healths)),
          groups_(from.groups.begin(), from.groups.end()),
          bands_(from.bands.begin(), from.bands.end()),
          view_(from) {
        if (from.watch_labels != nullptr) labels_ = *from.watch_labels;
        view_.ledger = ledger_.get();
        view_.healths = healths_;
        view_.groups = groups_;
        view_.bands = bands_;
        view_.watch_labels = &labels_;
    }
    /// With all of them.
    explicit ProtocolCopy(const ProtocolView& from)
        : ProtocolCopy(from, {from.healths.begin(), from.healths.end()}) {}
    ProtocolCopy(const ProtocolCopy&) = delete;
    ProtocolCopy& operator=(const ProtocolCopy&) = delete;

    const ProtocolView& view() const { return view_; }

  private:
    std::unique_ptr<protocols::Protocol> ledger_;
    std::vector<protocols::PositionHealth> healths_;
    std::vector<protocols::AssetGroup> groups_;
    std::vector<bands::BandReport> bands_;
    std::map<Address, std::string> labels_;
    ProtocolView view_;
};

}  // namespace plimsoll::view
