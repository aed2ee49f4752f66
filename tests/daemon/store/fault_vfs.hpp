#pragma once

#include <sqlite3.h>

#include <memory>

namespace plimsoll::store {

/// What SQLite asks of the file system.
enum FileCall : unsigned {
    kRead = 1,
    kWrite = 2,
    kSync = 4,
    kTruncate = 8,
    kDelete = 16,
    kOpen = 32,
    kChanging = kWrite | kSync | kTruncate | kDelete,
};

/// While it lives, SQLite's file system: the real one, until told to fail or to die. One at a time.
/// Its files have no shared memory, so a store that needs some does not work on it.
class FaultVfs {
  public:
    FaultVfs();
    ~FaultVfs();
    FaultVfs(const FaultVfs&) = delete;
    FaultVfs& operator=(const FaultVfs&) = delete;

    /// The `nth` of these calls from now on, and all after it when `lasting`, returns `code`. A
    /// failing write writes half of its bytes first.
    void fail(unsigned calls, int nth, int code, bool lasting);
    /// The process gets SIGKILL at the `nth` of these calls, after half of a write.
    void die(unsigned calls, int nth);
    /// The disk is well again.
    void heal();
    /// Whether a call failed since the last `fail`.
    bool has_failed() const;
    /// How often these calls were made since construction.
    long count(FileCall call) const;

  private:
    sqlite3_vfs vfs_;
};

}  // namespace plimsoll::store
