#pragma once

#include "daemon/chain/source.hpp"

#include <optional>
#include <string>

namespace plimsoll::chain {

/// The node's own trouble, and not what it answered.
bool is_own_failure(FaultKind kind);

/// Faults of several endpoints as one: what the caller can do something about goes first.
class MergedFaults {
  public:
    void add(const Fault& fault);
    const std::string& text() const { return text_; }
    Fault merged() const { return {kind_.value_or(FaultKind::no_endpoint), text_}; }

  private:
    std::optional<FaultKind> kind_;
    std::string text_;
};

}  // namespace plimsoll::chain
