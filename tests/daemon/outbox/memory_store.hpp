#pragma once

#include "daemon/store/store.hpp"

#include <algorithm>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace plimsoll::testing {

/// The delivery side of a store in memory, which can be made to fail.
class MemoryStore final : public store::Store {
  public:
    struct Row {
        std::string sink;
        store::DueMessage message;
        std::string state = "pending";
        std::int64_t not_before_ms = 0;
        std::string reason;
        std::string error;
    };
    template <class T>
    using Result = Expected<T, store::StoreError>;

    void add(const std::string& sink, const std::string& id, const std::string& key,
             int severity = 0, std::int64_t expires_ms = 0, std::int64_t not_before_ms = 0,
             const std::string& group = {}) {
        const std::lock_guard lock(mutex_);
        Row row;
        row.sink = sink;
        row.message.alert.id = id;
        row.message.alert.alert_key = key;
        row.message.alert.severity = severity;
        row.message.alert.at = 1'768'478'411;
        row.message.alert.body = R"({"id":")" + id + R"("})";
        row.message.expires_ms = expires_ms;
        row.message.group = group;
        row.not_before_ms = not_before_ms;
        rows_.push_back(row);
    }
    void supersede(const std::string& id) {
        const std::lock_guard lock(mutex_);
        for (Row& row : rows_) {
            if (row.message.alert.id == id) row.state = "superseded";
        }
    }
    void end_wait(const std::string& id) {
        const std::lock_guard lock(mutex_);
        for (Row& row : rows_) {
            if (row.message.alert.id == id) row.not_before_ms = 0;
        }
    }
    /// The next `count` calls fail; of `call` only, or of all of them.
    void fail(int count, std::string call = {}) {
        const std::lock_guard lock(mutex_);
        failures_ = count;
        failing_call_ = std::move(call);
    }
    Row row(const std::string& id) const {
        const std::lock_guard lock(mutex_);
        return *std::find_if(rows_.begin(), rows_.end(),
                             [&](const Row& r) { return r.message.alert.id == id; });
    }
    std::string state(const std::string& id) const { return row(id).state; }
    std::size_t count(const std::string& state) const {
        const std::lock_guard lock(mutex_);
        return static_cast<std::size_t>(std::count_if(
            rows_.begin(), rows_.end(), [&](const Row& r) { return r.state == state; }));
    }

    Result<std::vector<store::DueMessage>> due(const std::string& sink, std::int64_t now_ms,
                                               std::size_t limit) override {
        const std::lock_guard lock(mutex_);
        if (auto failed = failure("due")) return *failed;
        std::vector<store::DueMessage> out;
        for (const Row* row : heads(sink)) {
            if (row->not_before_ms <= now_ms) out.push_back(row->message);
        }
        std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
            return a.alert.severity > b.alert.severity;
        });
        if (out.size() > limit) out.resize(limit);
        return out;
    }
    Result<std::optional<std::int64_t>> next_due_ms(const std::string& sink) override {
        const std::lock_guard lock(mutex_);
        if (auto failed = failure("next_due_ms")) return *failed;
        std::optional<std::int64_t> out;
        for (const Row* row : heads(sink)) {
            out = std::min(out.value_or(row->not_before_ms), row->not_before_ms);
        }
        return out;
    }
    Result<bool> mark_attempt(const std::string& sink, const std::string& id,
                              std::int64_t now_ms) override {
        const auto marked = change("mark_attempt", sink, {id}, [&](Row& row) {
            ++row.message.attempts;
            if (row.message.first_try_ms == 0) row.message.first_try_ms = now_ms;
        });
        if (marked) return true;
        if (marked.error().kind == store::StoreFault::misuse) return false;
        return Unexpected<store::StoreError>{marked.error()};
    }
    Result<std::vector<store::DueMessage>> group_of(const std::string& sink,
                                                    const std::string& head,
                                                    std::size_t limit) override {
        const std::lock_guard lock(mutex_);
        if (auto failed = failure("group_of")) return *failed;
        const Row* first = nullptr;
        for (const Row* row : heads(sink)) {
            if (row->message.alert.id == head) first = row;
        }
        std::vector<store::DueMessage> out;
        for (const Row& row : rows_) {
            if (first == nullptr || row.sink != sink || row.state != "pending") continue;
            const bool is_same = row.message.group == first->message.group &&
                                 row.message.bundle == first->message.bundle;
            if (is_same && out.size() < limit) out.push_back(row.message);
        }
        return out;
    }
    Result<std::optional<store::GroupNow>> mark_bundle(const std::string& sink,
                                                       const store::Ids& ids,
                                                       const std::string& bundle,
                                                       std::int64_t now_ms) override {
        const auto marked = change("mark_bundle", sink, ids, [&](Row& row) {
            ++row.message.attempts;
            row.message.bundle = bundle;
            if (row.message.first_try_ms == 0) row.message.first_try_ms = now_ms;
        });
        if (marked) return store::GroupNow{ids.size(), "lead"};
        if (marked.error().kind == store::StoreFault::misuse) {
            return std::optional<store::GroupNow>{};
        }
        return Unexpected<store::StoreError>{marked.error()};
    }
    Result<void> dissolve(const std::string& sink, const store::Ids& ids) override {
        return change("dissolve", sink, ids, [](Row& row) {
            row.message.group.clear();
            row.message.bundle.clear();
        });
    }
    Result<void> mark_done(const std::string& sink, const store::Ids& ids, std::int64_t) override {
        return change("mark_done", sink, ids, [](Row& row) { row.state = "done"; });
    }
    Result<bool> mark_done_and_attempt(const std::string& sink, const store::Ids& done,
                                       std::int64_t now_ms, const std::string& next,
                                       std::int64_t noted_ms) override {
        if (const auto marked = mark_done(sink, done, now_ms); !marked) {
            return Unexpected<store::StoreError>{marked.error()};
        }
        return mark_attempt(sink, next, noted_ms);
    }
    Result<void> mark_retry(const std::string& sink, const store::Ids& ids,
                            std::int64_t not_before_ms, const std::string& error) override {
        return change("mark_retry", sink, ids, [&](Row& row) {
            row.not_before_ms = not_before_ms;
            row.error = error;
        });
    }
    Result<void> mark_dead(const std::string& sink, const store::Ids& ids, std::int64_t,
                           const std::string& reason, const std::string& error) override {
        std::vector<std::string> bundles;
        auto marked = change("mark_dead", sink, ids, [&](Row& row) {
            row.state = "dead";
            row.reason = reason;
            row.error = error;
            bundles.push_back(row.message.bundle);
        });
        const std::lock_guard lock(mutex_);
        for (Row& row : rows_) {
            const auto is_same = [&](const std::string& one) { return one == row.message.bundle; };
            const bool is_left = row.sink == sink && row.state == "pending" &&
                                 std::any_of(bundles.begin(), bundles.end(), is_same);
            if (is_left) row.message.bundle.clear();
        }
        return marked;
    }
    Result<std::vector<store::OutboxCounts>> outbox_counts() override {
        const std::lock_guard lock(mutex_);
        if (auto failed = failure("outbox_counts")) return *failed;
        std::vector<store::OutboxCounts> out;
        for (const Row& row : rows_) {
            auto found = std::find_if(out.begin(), out.end(),
                                      [&](const auto& c) { return c.sink == row.sink; });
            if (found == out.end()) {
                out.push_back({row.sink, 0, 0, 0, 0, 0});
                found = out.end() - 1;
            }
            if (row.state != "pending") continue;
            ++found->pending;
            found->oldest_pending_ms = 1'768'478'400'000;
        }
        return out;
    }

    Result<std::vector<store::StoredAlert>> standing(const std::string& sink) override {
        const std::lock_guard lock(mutex_);
        if (auto failed = failure("standing")) return *failed;
        std::vector<store::StoredAlert> out;
        for (const Row& row : rows_) {
            if (row.sink == sink && row.state == "done") out.push_back(row.message.alert);
        }
        return out;
    }

    // What delivery never asks.
    Result<void> commit(const store::RoundCommit&) override { return {}; }
    Result<store::ChainState> chain_state(const std::string&) override {
        return store::ChainState{};
    }
    Result<std::vector<protocols::Record>> records(const std::string&) override {
        return std::vector<protocols::Record>{};
    }
    Result<std::vector<store::RuleStateRow>> rule_states() override {
        return std::vector<store::RuleStateRow>{};
    }
    Result<std::vector<store::OwedRange>> owed(const std::string&) override {
        return std::vector<store::OwedRange>{};
    }
    Result<std::vector<Address>> candidates(const std::string&) override {
        return std::vector<Address>{};
    }
    Result<std::optional<std::string>> meta(const std::string&) override {
        return std::optional<std::string>{};
    }
    Result<void> set_meta(const std::string&, const std::string&) override { return {}; }
    Result<std::vector<store::StoredAlert>> alerts_above(const std::string&, BlockNumber) override {
        return std::vector<store::StoredAlert>{};
    }
    Result<std::vector<store::StoredAlert>> alerts_since(std::uint64_t, std::size_t) override {
        return std::vector<store::StoredAlert>{};
    }
    Result<std::vector<store::LiquidationRow>> liquidations(const std::string&, std::uint64_t,
                                                            std::size_t) override {
        return std::vector<store::LiquidationRow>{};
    }
    Result<std::optional<store::StoredAlert>> alert(const std::string&) override {
        return std::optional<store::StoredAlert>{};
    }
    Result<store::MessageIds> ids_beginning_with(const std::string&) override {
        return store::MessageIds{};
    }
    Result<std::vector<store::OutboxRow>> outbox_rows(const store::OutboxQuery&) override {
        return std::vector<store::OutboxRow>{};
    }
    Result<std::vector<store::StoredAlert>> open_alerts() override {
        return std::vector<store::StoredAlert>{};
    }
    Result<std::vector<store::MuteRow>> mutes() override { return std::vector<store::MuteRow>{}; }
    Result<std::vector<store::DeadLetters>> dead_letters() override {
        return std::vector<store::DeadLetters>{};
    }
    Result<void> announce(const store::RoundCommit&, std::span<const store::DeadLetters>) override {
        return {};
    }
    Result<std::uint64_t> retry_messages(const store::OutboxQuery&, std::int64_t,
                                         std::span<const store::Destination>) override {
        return std::uint64_t{0};
    }
    Result<std::uint64_t> drop_messages(const store::OutboxQuery&, std::int64_t) override {
        return std::uint64_t{0};
    }
    Result<std::vector<store::SilenceRow>> silences() override {
        return std::vector<store::SilenceRow>{};
    }
    Result<void> put_silence(const store::SilenceRow&) override { return {}; }
    Result<void> retire_sinks(std::span<const std::string>, std::int64_t) override { return {}; }
    Result<std::vector<store::SinkState>> sink_states() override {
        return std::vector<store::SinkState>{};
    }
    Result<void> set_sink_state(const store::SinkState&) override { return {}; }
    Result<bool> purge(std::int64_t) override { return false; }
    Result<void> backup(const std::filesystem::path&) override { return {}; }
    bool healthy() const override { return true; }

  private:
    std::optional<Unexpected<store::StoreError>> failure(const std::string& call) {
        if (failures_ == 0 || (!failing_call_.empty() && failing_call_ != call)) return {};
        --failures_;
        return Unexpected<store::StoreError>{{store::StoreFault::full, "disk full"}};
    }

    std::vector<const Row*> heads(const std::string& sink) const {
        std::vector<const Row*> out;
        std::vector<std::string> keys;
        for (const Row& row : rows_) {
            if (row.sink != sink || row.state != "pending") continue;
            const std::string& key = row.message.alert.alert_key;
            if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
            keys.push_back(key);
            out.push_back(&row);
        }
        return out;
    }

    /// All of them, or none.
    Result<void> change(const std::string& call, const std::string& sink, const store::Ids& ids,
                        const std::function<void(Row&)>& change) {
        const std::lock_guard lock(mutex_);
        if (auto failed = failure(call)) return *failed;
        std::vector<Row*> found;
        for (Row& row : rows_) {
            const bool is_one =
                std::find(ids.begin(), ids.end(), row.message.alert.id) != ids.end();
            if (row.sink == sink && is_one && row.state == "pending") found.push_back(&row);
        }
        if (found.size() != ids.size()) {
            return Unexpected<store::StoreError>{{store::StoreFault::misuse, "no such message"}};
        }
        for (Row* row : found) change(*row);
        return {};
    }

    mutable std::mutex mutex_;  // guards the members below
    std::vector<Row> rows_;
    int failures_ = 0;
    std::string failing_call_;
};

}  // namespace plimsoll::testing
