#include "daemon/store/sqlite.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <limits>

namespace plimsoll::store {
namespace {

StoreFault fault_of(int code) {
    switch (code & 0xff) {
        case SQLITE_FULL:
            return StoreFault::full;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return StoreFault::corrupt;
        case SQLITE_READONLY:
        case SQLITE_PERM:
            return StoreFault::read_only;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return StoreFault::locked;
        case SQLITE_CONSTRAINT:
        case SQLITE_MISMATCH:
        case SQLITE_MISUSE:
        case SQLITE_RANGE:
        case SQLITE_TOOBIG:
        case SQLITE_ERROR:
            return StoreFault::misuse;
        default:
            return StoreFault::io;
    }
}

/// A full disk and a wrong statement leave the connection sound; a disk that failed does not: after
/// a failed sync the kernel calls pages clean that were never written.
bool loses_connection(StoreFault fault) {
    return fault == StoreFault::io || fault == StoreFault::corrupt ||
           fault == StoreFault::read_only;
}

[[noreturn]] void fail(sqlite3* db, int code) {
    const StoreFault fault = fault_of(code);
    const char* file = db == nullptr ? nullptr : sqlite3_db_filename(db, "main");
    std::string message = file == nullptr ? std::string("state.db") : std::string(file);
    message += ": ";
    message += db == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(db);
    message += " (code " + std::to_string(code) + ")";
    throw Failure(StoreError{fault, std::move(message)},
                  loses_connection(fault) && (code & 0xff) != SQLITE_NOMEM);
}

}  // namespace

// ---- statement

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);  // repeats the code of the last step, which was told there
}

Statement::Statement(sqlite3* db, std::string_view sql) : db_(db) {
    sqlite3_stmt* statement = nullptr;
    const int code =
        sqlite3_prepare_v2(db, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
    statement_.reset(statement);
    if (code != SQLITE_OK) {
        fail(db, code);
    }
}

void Statement::rewind() {
    sqlite3_reset(statement_.get());  // repeats the code of the last step, which was told there
}

bool Statement::next() {
    const int code = sqlite3_step(statement_.get());
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        fail(db_, code);
    }
    return code == SQLITE_ROW;
}

void Statement::check_bound(int code) {
    if (code != SQLITE_OK) {
        fail(db_, code);
    }
}

void Statement::bind(int index, std::int64_t value) {
    check_bound(sqlite3_bind_int64(statement_.get(), index, value));
}

void Statement::bind(int index, std::uint64_t value) {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        throw Failure(StoreError{StoreFault::misuse, "state.db: " + std::to_string(value) +
                                                         " does not fit into 63 bits"});
    }
    bind(index, static_cast<std::int64_t>(value));
}

void Statement::bind(int index, std::string_view text) {
    check_bound(sqlite3_bind_text64(statement_.get(), index, text.empty() ? "" : text.data(),
                                    text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::bind(int index, Blob blob) {
    const void* bytes = blob.bytes.empty() ? "" : blob.bytes.data();
    check_bound(
        sqlite3_bind_blob64(statement_.get(), index, bytes, blob.bytes.size(), SQLITE_TRANSIENT));
}

void Statement::bind(int index, const Bytes32& value) {
    check_bound(sqlite3_bind_blob64(statement_.get(), index, value.bytes.data(), value.bytes.size(),
                                    SQLITE_TRANSIENT));
}

void Statement::bind(int index, const Address& value) {
    check_bound(sqlite3_bind_blob64(statement_.get(), index, value.bytes.data(), value.bytes.size(),
                                    SQLITE_TRANSIENT));
}

std::int64_t Statement::i64(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::uint64_t Statement::u64(int column) const {
    const std::int64_t value = i64(column);
    if (value < 0) {
        fail_corrupt(column, "a number that is not negative");
    }
    return static_cast<std::uint64_t>(value);
}

unsigned Statement::u32(int column) const {
    const std::uint64_t value = u64(column);
    if (value > std::numeric_limits<unsigned>::max()) {
        fail_corrupt(column, "a number of 32 bits");
    }
    return static_cast<unsigned>(value);
}

std::string_view Statement::view(int column) const {
    const void* bytes = sqlite3_column_blob(statement_.get(), column);
    const int size = sqlite3_column_bytes(statement_.get(), column);
    if (bytes == nullptr) {
        if (sqlite3_errcode(db_) == SQLITE_NOMEM) {
            fail(db_, SQLITE_NOMEM);
        }
        return {};
    }
    return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

std::string Statement::text(int column) const { return std::string(view(column)); }

Bytes32 Statement::bytes32(int column) const {
    const std::string_view stored = view(column);
    Bytes32 value;
    if (stored.size() != value.bytes.size()) {
        fail_corrupt(column, "32 bytes");
    }
    std::copy(stored.begin(), stored.end(), value.bytes.begin());
    return value;
}

Address Statement::address(int column) const {
    const std::string_view stored = view(column);
    Address value;
    if (stored.size() != value.bytes.size()) {
        fail_corrupt(column, "20 bytes");
    }
    std::copy(stored.begin(), stored.end(), value.bytes.begin());
    return value;
}

void Statement::fail_corrupt(int column, std::string_view expected) const {
    const char* name = sqlite3_column_name(statement_.get(), column);
    throw Failure(StoreError{StoreFault::corrupt, std::string(sqlite3_db_filename(db_, "main")) +
                                                      ": column " + (name == nullptr ? "?" : name) +
                                                      " should hold " + std::string(expected)},
                  true);
}

// ---- database

void Database::Close::operator()(sqlite3* db) const {
    sqlite3_close(db);  // cannot be busy: no statement outlives its database
}

Database::Database(const std::filesystem::path& file) {
    sqlite3* db = nullptr;
    const int code = sqlite3_open_v2(
        file.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
        nullptr);
    db_.reset(db);
    if (code != SQLITE_OK) {
        fail(db, code);
    }
    // A file that cannot be written is silently opened for reading.
    if (sqlite3_db_readonly(db, "main") != 0) {
        throw Failure(StoreError{StoreFault::read_only, file.string() + ": not writable"}, true);
    }
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
}

void Database::script(std::string_view sql) {
    const int code = sqlite3_exec(db_.get(), std::string(sql).c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        fail(db_.get(), code);
    }
}

std::string Database::scalar(std::string_view sql) {
    Statement statement = prepare(sql);
    return statement.start().next() ? statement.text(0) : std::string();
}

std::uint64_t Database::changes() const {
    return static_cast<std::uint64_t>(sqlite3_changes64(db_.get()));
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(db_.get()) == 0; }

void Database::roll_back() noexcept {
    if (in_transaction()) {  // SQLite has often rolled back by itself
        sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
}

void Database::set_checkpoint_on_close(bool fold) {
    sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, fold ? 0 : 1, nullptr);
}

}  // namespace plimsoll::store
