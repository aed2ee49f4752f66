#include "tests/daemon/sinks/disk.hpp"

#include <cerrno>
#include <sys/syscall.h>

namespace plimsoll::testing {

Disk& disk() {
    static Disk instance;
    return instance;
}

}  // namespace plimsoll::testing

namespace {

int synced(long call, int fd) {
    if (plimsoll::testing::disk().fails.load()) {
        errno = EIO;
        return -1;
    }
    return static_cast<int>(syscall(call, fd));
}

}  // namespace

extern "C" int fdatasync(int fd) {
    ++plimsoll::testing::disk().fdatasyncs;
    return synced(SYS_fdatasync, fd);
}

extern "C" int fsync(int fd) {
    ++plimsoll::testing::disk().fsyncs;
    return synced(SYS_fsync, fd);
}
