#pragma once

#include "daemon/store/convoy.hpp"
#include "daemon/store/sqlite.hpp"
#include "daemon/store/state_dir.hpp"
#include "daemon/store/store.hpp"

#include <atomic>
#include <mutex>
#include <new>
#include <optional>
#include <type_traits>

namespace plimsoll::store {

/// The store on SQLite. Every member runs `read` or `write` around one of the functions of
/// round.hpp, delivery.hpp, bundle.hpp, operator.hpp, queries.hpp and upkeep.hpp.
class SqliteStore final : public Store {
  public:
    /// Takes over a directory whose database is checked and of the present schema.
    SqliteStore(StateDir dir, Database db, StoreObserver* observer)
        : dir_(std::move(dir)), db_(std::move(db)), observer_(observer) {}

    Expected<void, StoreError> commit(const RoundCommit& round) override;

    Expected<ChainState, StoreError> chain_state(const std::string& chain) override;
    Expected<std::vector<protocols::Record>, StoreError> records(
        const std::string& protocol) override;
    Expected<std::vector<RuleStateRow>, StoreError> rule_states() override;
    Expected<std::vector<OwedRange>, StoreError> owed(const std::string& protocol) override;
    Expected<std::vector<Address>, StoreError> candidates(const std::string& protocol) override;
    Expected<std::optional<std::string>, StoreError> meta(const std::string& key) override;
    Expected<void, StoreError> set_meta(const std::string& key, const std::string& value) override;

    Expected<std::vector<StoredAlert>, StoreError> alerts_above(const std::string& chain,
                                                                BlockNumber above) override;
    Expected<std::vector<StoredAlert>, StoreError> alerts_since(std::uint64_t at,
                                                                std::size_t limit) override;
    Expected<std::vector<LiquidationRow>, StoreError> liquidations(const std::string& chain,
                                                                   std::uint64_t since_time,
                                                                   std::size_t limit) override;
    Expected<std::vector<OutboxCounts>, StoreError> outbox_counts() override;
    Expected<std::optional<StoredAlert>, StoreError> alert(const std::string& id) override;
    Expected<MessageIds, StoreError> ids_beginning_with(const std::string& text) override;
    Expected<std::vector<OutboxRow>, StoreError> outbox_rows(const OutboxQuery& query) override;
    Expected<std::vector<StoredAlert>, StoreError> open_alerts() override;
    Expected<std::vector<MuteRow>, StoreError> mutes() override;

    Expected<std::vector<DueMessage>, StoreError> due(const std::string& sink, std::int64_t now_ms,
                                                      std::size_t limit) override;
    Expected<std::optional<std::int64_t>, StoreError> next_due_ms(const std::string& sink) override;
    Expected<bool, StoreError> mark_attempt(const std::string& sink, const std::string& id,
                                            std::int64_t now_ms) override;
    Expected<std::vector<DueMessage>, StoreError> group_of(const std::string& sink,
                                                           const std::string& head,
                                                           std::size_t limit) override;
    Expected<std::optional<GroupNow>, StoreError> mark_bundle(const std::string& sink,
                                                              const Ids& ids,
                                                              const std::string& bundle,
                                                              std::int64_t now_ms) override;
    Expected<void, StoreError> dissolve(const std::string& sink, const Ids& ids) override;
    Expected<void, StoreError> mark_done(const std::string& sink, const Ids& ids,
                                         std::int64_t now_ms) override;
    Expected<bool, StoreError> mark_done_and_attempt(const std::string& sink, const Ids& done,
                                                     std::int64_t now_ms, const std::string& next,
                                                     std::int64_t noted_ms) override;
    Expected<void, StoreError> mark_retry(const std::string& sink, const Ids& ids,
                                          std::int64_t not_before_ms,
                                          const std::string& error) override;
    Expected<void, StoreError> mark_dead(const std::string& sink, const Ids& ids,
                                         std::int64_t now_ms, const std::string& reason,
                                         const std::string& error) override;
    Expected<std::vector<DeadLetters>, StoreError> dead_letters() override;
    Expected<void, StoreError> announce(const RoundCommit& round,
                                        std::span<const DeadLetters> told) override;
    Expected<std::uint64_t, StoreError> retry_messages(const OutboxQuery& query,
                                                       std::int64_t now_ms,
                                                       std::span<const Destination> sinks) override;
    Expected<std::uint64_t, StoreError> drop_messages(const OutboxQuery& query,
                                                      std::int64_t now_ms) override;
    Expected<std::vector<StoredAlert>, StoreError> standing(const std::string& sink) override;
    Expected<void, StoreError> retire_sinks(std::span<const std::string> configured,
                                            std::int64_t now_ms) override;
    Expected<std::vector<SinkState>, StoreError> sink_states() override;
    Expected<void, StoreError> set_sink_state(const SinkState& state) override;

    Expected<std::vector<SilenceRow>, StoreError> silences() override;
    Expected<void, StoreError> put_silence(const SilenceRow& silence) override;

    Expected<bool, StoreError> purge(std::int64_t older_than_ms) override;
    Expected<void, StoreError> backup(const std::filesystem::path& to) override;
    bool healthy() const override { return healthy_; }

  private:
    template <class Work>
    using Outcome = Expected<std::invoke_result_t<Work, Database&>, StoreError>;

    /// The one place where a `Failure` becomes a value.
    template <class Work>
    Outcome<Work> read(Work&& work) {
        const std::lock_guard lock(mutex_);
        try {
            try {
                return Outcome<Work>(tl::in_place, work(connection()));
            } catch (const Failure& failure) {
                return Unexpected<StoreError>(settle(failure));
            }
        } catch (const std::bad_alloc&) {
            db_.reset();  // it may have been telling of a lost connection
            return Unexpected<StoreError>(out_of_memory());
        }
    }

    /// `work` in a transaction that is durable on success.
    template <class Work>
    Outcome<Work> write(Work&& work) {
        using Result = std::invoke_result_t<Work, Database&>;
        const auto in_transaction = [&work](Database& db) {
            Transaction transaction(db);
            if constexpr (std::is_void_v<Result>) {
                work(db);
                transaction.commit();
                return true;
            } else {
                Result result = work(db);
                transaction.commit();
                return result;
            }
        };
        auto outcome = read(in_transaction);
        note_health(outcome ? nullptr : &outcome.error());
        if constexpr (std::is_void_v<Result>) {
            return std::move(outcome).map([](bool) {});
        } else {
            return outcome;
        }
    }

    /// As `write`, in one transaction with what other threads change at the same time.
    template <class Work>
    Outcome<Work> write_in_company(Work&& work) {
        using Result = std::invoke_result_t<Work, Database&>;
        using Held = std::conditional_t<std::is_void_v<Result>, bool, Result>;
        struct Mine final : Convoy::Change {
            explicit Mine(Work& what) : change(what) {}
            void apply(Database& db) override {
                if constexpr (std::is_void_v<Result>) {
                    change(db);
                } else {
                    result.emplace(change(db));
                }
            }
            Work& change;
            std::optional<Held> result;
        };
        Mine mine(work);
        convoy_.carry(mine, [this](Convoy::Change& first) {
            return write([&first](Database& db) { Convoy::apply_all(db, first); });
        });
        if (mine.error) return Unexpected<StoreError>(std::move(*mine.error));
        if constexpr (std::is_void_v<Result>) {
            return {};
        } else {
            return std::move(*mine.result);
        }
    }

    /// The connection, opened again when the last one was given up. On a full disk the log is
    /// folded in first: appended to, it would take up what was freed.
    Database& connection();
    /// Closes the connection when it can no longer be trusted.
    StoreError settle(const Failure& failure);
    /// Gives back what the log takes up. False when the disk is too full even for that.
    bool make_room();
    void note_health(const StoreError* error);

    StateDir dir_;
    Convoy convoy_;
    std::mutex mutex_;            ///< guards `db_`
    std::optional<Database> db_;  ///< none: to be opened again before the next use
    bool is_full_ = false;        ///< the disk was, and the log is not folded in since
    std::atomic<bool> healthy_ = true;
    StoreObserver* observer_;
};

}  // namespace plimsoll::store
