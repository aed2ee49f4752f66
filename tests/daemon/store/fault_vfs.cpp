#include "tests/daemon/store/fault_vfs.hpp"

#include <csignal>
#include <map>
#include <new>

namespace plimsoll::store {
namespace {

/// What happens to the calls. SQLite's callbacks know no owner, so there is one.
struct Plan {
    unsigned calls = 0;
    int countdown = 0;
    int code = SQLITE_OK;
    bool lasting = false;
    bool deadly = false;
    bool failed = false;
    std::map<unsigned, long> counts;
};

Plan& plan() {
    static Plan the_plan;
    return the_plan;
}

/// Whether this call is to fail.
bool strikes(FileCall call) {
    Plan& now = plan();
    ++now.counts[call];
    if ((now.calls & call) == 0) {
        return false;
    }
    --now.countdown;
    const bool strike = now.countdown == 0 || (now.lasting && now.countdown < 0);
    now.failed = now.failed || strike;
    return strike;
}

/// The code of a struck call, for whoever survives it.
int outcome() {
    if (plan().deadly) {
        ::raise(SIGKILL);
    }
    return plan().code;
}

struct FaultFile {
    sqlite3_file base;
    sqlite3_file* real;
};

sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<FaultFile*>(file)->real; }

int close_file(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }

int read_file(sqlite3_file* file, void* bytes, int size, sqlite3_int64 offset) {
    return strikes(kRead) ? outcome()
                          : real(file)->pMethods->xRead(real(file), bytes, size, offset);
}

int write_file(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    if (strikes(kWrite)) {
        real(file)->pMethods->xWrite(real(file), bytes, size / 2, offset);
        return outcome();
    }
    return real(file)->pMethods->xWrite(real(file), bytes, size, offset);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
    return strikes(kTruncate) ? outcome() : real(file)->pMethods->xTruncate(real(file), size);
}

int sync_file(sqlite3_file* file, int flags) {
    return strikes(kSync) ? outcome() : real(file)->pMethods->xSync(real(file), flags);
}

int size_file(sqlite3_file* file, sqlite3_int64* size) {
    return real(file)->pMethods->xFileSize(real(file), size);
}

int lock_file(sqlite3_file* file, int level) {
    return real(file)->pMethods->xLock(real(file), level);
}

int unlock_file(sqlite3_file* file, int level) {
    return real(file)->pMethods->xUnlock(real(file), level);
}

int check_lock(sqlite3_file* file, int* reserved) {
    return real(file)->pMethods->xCheckReservedLock(real(file), reserved);
}

int control_file(sqlite3_file* file, int what, void* argument) {
    return real(file)->pMethods->xFileControl(real(file), what, argument);
}

int sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }

int characteristics(sqlite3_file* file) {
    return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

/// Version 1: no shared memory and no memory maps.
const sqlite3_io_methods& methods() {
    static const sqlite3_io_methods table = [] {
        sqlite3_io_methods made{};
        made.iVersion = 1;
        made.xClose = close_file;
        made.xRead = read_file;
        made.xWrite = write_file;
        made.xTruncate = truncate_file;
        made.xSync = sync_file;
        made.xFileSize = size_file;
        made.xLock = lock_file;
        made.xUnlock = unlock_file;
        made.xCheckReservedLock = check_lock;
        made.xFileControl = control_file;
        made.xSectorSize = sector_size;
        made.xDeviceCharacteristics = characteristics;
        return made;
    }();
    return table;
}

sqlite3_vfs* real_vfs() {
    static sqlite3_vfs* const vfs = sqlite3_vfs_find("unix");
    return vfs;
}

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    auto* made = new (file) FaultFile{};
    if (strikes(kOpen)) {
        return outcome();
    }
    made->real = reinterpret_cast<sqlite3_file*>(made + 1);
    const int code = real_vfs()->xOpen(real_vfs(), name, made->real, flags, out_flags);
    made->base.pMethods = made->real->pMethods == nullptr ? nullptr : &methods();
    return code;
}

int delete_file(sqlite3_vfs*, const char* name, int sync_directory) {
    return strikes(kDelete) ? outcome() : real_vfs()->xDelete(real_vfs(), name, sync_directory);
}

}  // namespace

FaultVfs::FaultVfs() : vfs_(*real_vfs()) {
    plan() = Plan{};
    vfs_.zName = "fault";
    vfs_.szOsFile = real_vfs()->szOsFile + static_cast<int>(sizeof(FaultFile));
    vfs_.xOpen = open_file;
    vfs_.xDelete = delete_file;
    sqlite3_vfs_register(&vfs_, 1);
}

FaultVfs::~FaultVfs() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_vfs(), 1);
}

void FaultVfs::fail(unsigned calls, int nth, int code, bool lasting) {
    Plan next;
    next.calls = calls;
    next.countdown = nth;
    next.code = code;
    next.lasting = lasting;
    next.counts = plan().counts;
    plan() = next;
}

void FaultVfs::die(unsigned calls, int nth) {
    fail(calls, nth, SQLITE_IOERR, false);
    plan().deadly = true;
}

void FaultVfs::heal() { plan().calls = 0; }

bool FaultVfs::has_failed() const { return plan().failed; }

long FaultVfs::count(FileCall call) const { return plan().counts[call]; }

}  // namespace plimsoll::store
