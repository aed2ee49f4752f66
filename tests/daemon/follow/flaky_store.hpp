#pragma once

#include "daemon/store/store.hpp"
#include "tests/daemon/rules/scenario.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::follow {

/// A store whose changes fail on demand, before or after they are made.
class FlakyStore final : public store::Store {
  public:
    template <class T>
    using Answer = Expected<T, store::StoreError>;

    explicit FlakyStore(store::Store& inner) : inner_(&inner) {}
    void use(store::Store& inner) { inner_ = &inner; }

    /// Commits that fail from now on: those before the change, then those after it, though it is
    /// made.
    unsigned failures = 0;
    unsigned failures_after = 0;
    bool reads_fail = false;
    /// Every alert that is stored, in the order of telling.
    std::vector<store::StoredAlert> told;

    Answer<void> commit(const store::RoundCommit& round) override {
        if (failures > 0) {
            --failures;
            return broken();
        }
        auto done = inner_->commit(round);
        for (const store::NewAlert& alert : round.alerts) {
            const bool is_known = std::any_of(told.begin(), told.end(),
                                              [&](const auto& one) { return one.id == alert.id; });
            if (done && !is_known) told.push_back(rules::as_stored(alert));
        }
        if (done && failures_after > 0) {
            --failures_after;
            return broken();
        }
        return done;
    }
    Answer<store::ChainState> chain_state(const std::string& chain) override {
        if (reads_fail) return broken();
        return inner_->chain_state(chain);
    }
    Answer<std::vector<protocols::Record>> records(const std::string& protocol) override {
        if (reads_fail) return broken();
        return inner_->records(protocol);
    }
    Answer<std::vector<store::RuleStateRow>> rule_states() override {
        return inner_->rule_states();
    }
    Answer<std::vector<store::OwedRange>> owed(const std::string& protocol) override {
        if (reads_fail) return broken();
        return inner_->owed(protocol);
    }
    Answer<std::vector<Address>> candidates(const std::string& protocol) override {
        if (reads_fail) return broken();
        return inner_->candidates(protocol);
    }
    Answer<std::optional<std::string>> meta(const std::string& key) override {
        if (reads_fail) return broken();
        return inner_->meta(key);
    }
    Answer<void> set_meta(const std::string& key, const std::string& value) override {
        return inner_->set_meta(key, value);
    }
    Answer<std::vector<store::StoredAlert>> alerts_above(const std::string& chain,
                                                         BlockNumber above) override {
        if (reads_fail) return broken();
        return inner_->alerts_above(chain, above);
    }
    Answer<std::vector<store::StoredAlert>> alerts_since(std::uint64_t at,
                                                         std::size_t limit) override {
        return inner_->alerts_since(at, limit);
    }
    Answer<std::vector<store::LiquidationRow>> liquidations(const std::string& chain,
                                                            std::uint64_t since,
                                                            std::size_t limit) override {
        return inner_->liquidations(chain, since, limit);
    }
    Answer<std::vector<store::OutboxCounts>> outbox_counts() override {
        return inner_->outbox_counts();
    }
    Answer<std::vector<store::DueMessage>> due(const std::string& sink, std::int64_t now_ms,
                                               std::size_t limit) override {
        return inner_->due(sink, now_ms, limit);
    }
    Answer<std::optional<std::int64_t>> next_due_ms(const std::string& sink) override {
        return inner_->next_due_ms(sink);
    }
    Answer<bool> mark_attempt(const std::string& sink, const std::string& id,
                              std::int64_t now_ms) override {
        return inner_->mark_attempt(sink, id, now_ms);
    }
    Answer<std::vector<store::DueMessage>> group_of(const std::string& sink,
                                                    const std::string& head,
                                                    std::size_t limit) override {
        return inner_->group_of(sink, head, limit);
    }
    Answer<std::optional<store::GroupNow>> mark_bundle(const std::string& sink,
                                                       const store::Ids& ids,
                                                       const std::string& bundle,
                                                       std::int64_t now_ms) override {
        return inner_->mark_bundle(sink, ids, bundle, now_ms);
    }
    Answer<void> dissolve(const std::string& sink, const store::Ids& ids) override {
        return inner_->dissolve(sink, ids);
    }
    Answer<bool> mark_done_and_attempt(const std::string& sink, const store::Ids& done,
                                       std::int64_t now_ms, const std::string& next,
                                       std::int64_t noted_ms) override {
        return inner_->mark_done_and_attempt(sink, done, now_ms, next, noted_ms);
    }
    Answer<void> mark_done(const std::string& sink, const store::Ids& ids,
                           std::int64_t now_ms) override {
        return inner_->mark_done(sink, ids, now_ms);
    }
    Answer<void> mark_retry(const std::string& sink, const store::Ids& ids,
                            std::int64_t not_before_ms, const std::string& error) override {
        return inner_->mark_retry(sink, ids, not_before_ms, error);
    }
    Answer<void> mark_dead(const std::string& sink, const store::Ids& ids, std::int64_t now_ms,
                           const std::string& reason, const std::string& error) override {
        return inner_->mark_dead(sink, ids, now_ms, reason, error);
    }
    Answer<std::vector<store::DeadLetters>> dead_letters() override {
        return inner_->dead_letters();
    }
    Answer<void> announce(const store::RoundCommit& round,
                          std::span<const store::DeadLetters> told_of) override {
        return inner_->announce(round, told_of);
    }
    Answer<std::uint64_t> retry_messages(const store::OutboxQuery& query, std::int64_t now_ms,
                                         std::span<const store::Destination> sinks) override {
        return inner_->retry_messages(query, now_ms, sinks);
    }
    Answer<std::uint64_t> drop_messages(const store::OutboxQuery& query,
                                        std::int64_t now_ms) override {
        return inner_->drop_messages(query, now_ms);
    }
    Answer<std::optional<store::StoredAlert>> alert(const std::string& id) override {
        return inner_->alert(id);
    }
    Answer<store::MessageIds> ids_beginning_with(const std::string& text) override {
        return inner_->ids_beginning_with(text);
    }
    Answer<std::vector<store::OutboxRow>> outbox_rows(const store::OutboxQuery& query) override {
        return inner_->outbox_rows(query);
    }
    Answer<std::vector<store::StoredAlert>> open_alerts() override { return inner_->open_alerts(); }
    Answer<std::vector<store::MuteRow>> mutes() override { return inner_->mutes(); }
    Answer<std::vector<store::SilenceRow>> silences() override { return inner_->silences(); }
    Answer<void> put_silence(const store::SilenceRow& silence) override {
        return inner_->put_silence(silence);
    }
    Answer<std::vector<store::StoredAlert>> standing(const std::string& sink) override {
        return inner_->standing(sink);
    }
    Answer<void> retire_sinks(std::span<const std::string> configured,
                              std::int64_t now_ms) override {
        return inner_->retire_sinks(configured, now_ms);
    }
    Answer<std::vector<store::SinkState>> sink_states() override { return inner_->sink_states(); }
    Answer<void> set_sink_state(const store::SinkState& state) override {
        return inner_->set_sink_state(state);
    }
    Answer<bool> purge(std::int64_t older_than_ms) override { return inner_->purge(older_than_ms); }
    Answer<void> backup(const std::filesystem::path& to) override { return inner_->backup(to); }
    bool healthy() const override { return inner_->healthy(); }

  private:
    static Unexpected<store::StoreError> broken() {
        return Unexpected<store::StoreError>{
            store::StoreError{store::StoreFault::io, "state.db: injected"}};
    }

    store::Store* inner_;
};

}  // namespace plimsoll::follow
