#pragma once

#include "abi/address.hpp"
#include "daemon/store/store.hpp"

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace plimsoll::store {

/// A call that did not succeed. It travels inside this folder only: `SqliteStore` makes the
/// `StoreError` of the interface out of it, so that a transaction of many statements reads as one.
class Failure : public std::exception {
  public:
    explicit Failure(StoreError error, bool connection_lost = false)
        : error_(std::move(error)), connection_lost_(connection_lost) {}

    const StoreError& error() const { return error_; }
    /// What the connection believes about the files can no longer be trusted: close it.
    bool connection_lost() const { return connection_lost_; }
    const char* what() const noexcept override { return error_.message.c_str(); }

  private:
    StoreError error_;
    bool connection_lost_;
};

/// Made without an allocation.
inline StoreError out_of_memory() { return StoreError{StoreFault::io, "out of memory"}; }

/// Bytes to be stored as BLOB.
struct Blob {
    std::string_view bytes;
};

/// A limit as LIMIT takes it.
inline std::int64_t row_limit(std::size_t rows) {
    constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
    return static_cast<std::int64_t>(std::min<std::uint64_t>(rows, kMost));
}

/// A prepared statement; lives shorter than its Database. Parameters are ?1, ?2 ... in the order of
/// the arguments and are copied. Columns count from 0.
class Statement {
  public:
    Statement(sqlite3* db, std::string_view sql);

    /// Starts the statement with these parameters; then `next` until it is false.
    template <class... Args>
    Statement& start(const Args&... args) {
        rewind();
        int index = 0;
        (bind(++index, args), ...);
        return *this;
    }
    /// True when there is a row to be read.
    bool next();
    /// A statement without rows, run to its end.
    template <class... Args>
    void execute(const Args&... args) {
        start(args...);
        while (next()) {
        }
        rewind();
    }

    std::int64_t i64(int column) const;
    /// `corrupt` when the stored number is negative.
    std::uint64_t u64(int column) const;
    /// `corrupt` when the stored number does not fit.
    unsigned u32(int column) const;
    std::string text(int column) const;  ///< TEXT or BLOB; NULL is empty
    Bytes32 bytes32(int column) const;   ///< `corrupt` when it is not 32 bytes
    Address address(int column) const;   ///< `corrupt` when it is not 20 bytes

  private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };

    void rewind();
    void bind(int index, std::int64_t value);
    void bind(int index, std::uint64_t value);  ///< `misuse` above 2^63 - 1
    void bind(int index, std::string_view text);
    void bind(int index, Blob blob);
    void bind(int index, const Bytes32& value);
    void bind(int index, const Address& value);
    template <std::integral Small>
    requires(sizeof(Small) < sizeof(std::int64_t)) void bind(int index, Small value) {
        bind(index, static_cast<std::int64_t>(value));
    }
    void check_bound(int code);
    std::string_view view(int column) const;
    [[noreturn]] void fail_corrupt(int column, std::string_view expected) const;

    sqlite3* db_;
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// One connection to an existing file, for one thread at a time.
class Database {
  public:
    /// Opens for reading and writing; never makes the file.
    explicit Database(const std::filesystem::path& file);

    Statement prepare(std::string_view sql) { return Statement(db_.get(), sql); }
    /// Any number of statements without parameters; rows are dropped.
    void script(std::string_view sql);
    template <class... Args>
    void execute(std::string_view sql, const Args&... args) {
        prepare(sql).execute(args...);
    }
    /// The first column of the first row as text; empty without a row.
    std::string scalar(std::string_view sql);
    /// Rows changed by the last INSERT, UPDATE or DELETE.
    std::uint64_t changes() const;
    bool in_transaction() const;
    void roll_back() noexcept;
    /// Whether closing folds the write-ahead log into the file, as it does by default.
    void set_checkpoint_on_close(bool fold);

  private:
    struct Close {
        void operator()(sqlite3* db) const;
    };
    std::unique_ptr<sqlite3, Close> db_;
};

/// BEGIN IMMEDIATE, and ROLLBACK unless `commit` succeeded.
class Transaction {
  public:
    explicit Transaction(Database& db) : db_(db) { db_.script("BEGIN IMMEDIATE"); }
    ~Transaction() {
        if (!committed_) {
            db_.roll_back();
        }
    }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    void commit() {
        db_.script("COMMIT");
        committed_ = true;
    }

  private:
    Database& db_;
    bool committed_ = false;
};

}  // namespace plimsoll::store
