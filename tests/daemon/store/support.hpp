#pragma once

#include "daemon/store/sqlite.hpp"
#include "daemon/store/store.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::store {

inline constexpr std::int64_t kNow = 1'768'478'411'000;  ///< 2026-01-15T12:00:11Z

/// A directory of its own, in memory where there is such a place, gone at the end.
class TempDir {
  public:
    TempDir();
    ~TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

/// The value, or a failure of the test and a value-initialised one.
template <class T>
T value(Expected<T, StoreError> outcome) {
    EXPECT_TRUE(outcome.has_value()) << outcome.error().message;
    return outcome ? *std::move(outcome) : T{};
}

template <class T>
void ok(const Expected<T, StoreError>& outcome) {
    EXPECT_TRUE(outcome.has_value()) << outcome.error().message;
}

template <class T>
void fails(const Expected<T, StoreError>& outcome, StoreFault kind) {
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().kind, kind) << outcome.error().message;
}

/// A store in a directory of its own.
class StoreTest : public testing::Test {
  protected:
    void SetUp() override { reopen(); }
    void reopen();
    /// Closes the store, which then can be looked at with `Database`.
    Database closed();
    std::filesystem::path dir() const { return temp_.path() / "state"; }
    Store& store() { return *store_; }

    /// Commits these alerts at `now_ms`.
    void queue(std::vector<NewAlert> alerts, std::int64_t now_ms = kNow);
    /// The ids that are due, in order.
    std::vector<std::string> due(const std::string& sink, std::int64_t now_ms = kNow,
                                 std::size_t limit = 100);
    /// Attempts and finishes a message.
    void deliver(const std::string& sink, const std::string& id, std::int64_t now_ms = kNow);
    OutboxCounts counts(const std::string& sink);

  private:
    TempDir temp_;
    std::unique_ptr<Store> store_;
};

Bytes32 hash_of(std::uint64_t seed);
Address account_of(std::uint64_t seed);
BlockRef block_of(std::uint64_t number);
LiquidationRow liquidation_of(std::uint64_t seed, BlockNumber block);

/// A firing alert of the key's episode 7 for the sink "hook".
NewAlert alert_of(const std::string& id, const std::string& key,
                  const std::string& type = "position.at_risk.firing");

/// Everything a store tells, as text, to compare two states.
std::string describe(Store& store);

}  // namespace plimsoll::store
