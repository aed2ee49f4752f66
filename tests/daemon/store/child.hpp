#pragma once

#include <functional>
#include <sys/types.h>
#include <vector>

namespace plimsoll::store {

/// Tells the parent that a change is durable. Made by `Child`, used in the child.
class Acknowledge {
  public:
    explicit Acknowledge(int pipe) : pipe_(pipe) {}
    void operator()() const;

  private:
    int pipe_;
};

/// A forked process that lives until it is killed or `life` ends.
class Child {
  public:
    explicit Child(const std::function<void(const Acknowledge&)>& life);
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    /// SIGKILL.
    void kill();
    /// Waits for the first acknowledgement; false when the child ended without any.
    bool wait_for_one();
    /// Waits for the end; whether SIGKILL was it.
    bool was_killed();
    /// Acknowledgements in all; after the end.
    int acknowledged();

  private:
    pid_t pid_ = -1;
    int pipe_ = -1;
    int acknowledged_ = 0;
    bool ended_ = false;
    bool killed_ = false;
};

}  // namespace plimsoll::store
