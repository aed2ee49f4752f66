#pragma once

#include "daemon/app/stages.hpp"

#include <memory>
#include <mutex>
#include <utility>

namespace plimsoll::app {

/// The stages in use, for those who look; a reload puts others here. Whoever looks at some keeps
/// them until he is done, which is why they are shared. Safe from any thread.
class Current final : public view::Live {
  public:
    std::shared_ptr<Stages> get() const {
        const std::scoped_lock lock(mutex_);
        return stages_;
    }
    /// What was there before, to be let go by the caller.
    std::shared_ptr<Stages> set(std::shared_ptr<Stages> stages) {
        const std::scoped_lock lock(mutex_);
        std::swap(stages_, stages);
        return stages;
    }
    void set(view::ConfigStatus config) {
        const std::scoped_lock lock(mutex_);
        config_ = std::move(config);
    }

    std::vector<view::ChainStatus> chains() const override { return get()->chains(); }
    std::vector<view::ProtocolStatus> protocols() const override { return get()->protocols(); }
    void read(const Use& use) const override { get()->read(use); }
    view::ConfigStatus config() const override {
        const std::scoped_lock lock(mutex_);
        return config_;
    }

  private:
    mutable std::mutex mutex_;  // guards the two below, not what they point to
    std::shared_ptr<Stages> stages_;
    view::ConfigStatus config_;
};

}  // namespace plimsoll::app
