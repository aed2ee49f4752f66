#pragma once

#include "abi/address.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace plimsoll::protocols {

/// The followed accounts of a ledger, in order of their addresses: what there is of each once
/// (`Head`) and per market (`Holding`).
///
/// A value: copies are independent. Accounts lie in 4,096 shards by the first bits of the address;
/// a shard is never changed once it is in the book but replaced, so copies share what they have in
/// common and a copy costs one pointer a shard, however many accounts there are.
template <class Head, class Holding>
class AccountShards {
  public:
    /// One account, apart from the book: to be changed and put back.
    struct State {
        Head head;
        std::vector<Holding> holdings;

        friend bool operator==(const State&, const State&) = default;
    };
    /// One account inside the book. Lives until the book changes.
    struct View {
        Address address;
        const Head* head = nullptr;
        std::span<const Holding> holdings;

        State state() const { return {*head, {holdings.begin(), holdings.end()}}; }
    };

    AccountShards() : shards_(kShards) {}

    std::size_t size() const { return size_; }

    std::optional<View> find(const Address& account) const {
        const auto& shard = shards_[shard_of(account)];
        if (!shard) return std::nullopt;
        const auto row = std::ranges::lower_bound(shard->rows, account, {}, &Row::address);
        if (row == shard->rows.end() || row->address != account) return std::nullopt;
        return shard->view(*row);
    }

    void put(const Address& account, const State& state) {
        if (!find(account)) ++size_;
        auto& shard = shards_[shard_of(account)];
        shard = rebuilt(shard.get(), account, &state);
    }

    /// False: it was not there.
    bool erase(const Address& account) {
        if (!find(account)) return false;
        auto& shard = shards_[shard_of(account)];
        shard = rebuilt(shard.get(), account, nullptr);
        --size_;
        return true;
    }

    template <class Visit>
    void for_each(const Visit& visit) const {
        for (const auto& shard : shards_) {
            if (!shard) continue;
            for (const Row& row : shard->rows) visit(shard->view(row));
        }
    }

  private:
    struct Row {
        Address address;
        Head head;
        std::uint32_t first = 0;
        std::uint32_t count = 0;
    };
    /// Rows by address, their holdings one after the other.
    struct Shard {
        std::vector<Row> rows;
        std::vector<Holding> holdings;

        View view(const Row& row) const {
            return {row.address, &row.head, std::span(holdings).subspan(row.first, row.count)};
        }
        void append(const Address& account, const Head& head, std::span<const Holding> list) {
            rows.push_back({account, head, static_cast<std::uint32_t>(holdings.size()),
                            static_cast<std::uint32_t>(list.size())});
            holdings.insert(holdings.end(), list.begin(), list.end());
        }
    };
    static constexpr std::size_t kShards = 4096;

    static std::size_t shard_of(const Address& account) {
        return (static_cast<std::size_t>(account.bytes[0]) << 4U) | (account.bytes[1] >> 4U);
    }

    /// The shard without `account`, and with `state` in its place when there is one.
    static std::shared_ptr<const Shard> rebuilt(const Shard* old, const Address& account,
                                                const State* state) {
        auto fresh = std::make_shared<Shard>();
        const auto append_new = [&] {
            if (state != nullptr) fresh->append(account, state->head, state->holdings);
            state = nullptr;
        };
        if (old != nullptr) {
            fresh->rows.reserve(old->rows.size() + 1);
            fresh->holdings.reserve(old->holdings.size() + 4);
            for (const Row& row : old->rows) {
                if (account < row.address) append_new();
                if (row.address == account) continue;
                const View view = old->view(row);
                fresh->append(view.address, *view.head, view.holdings);
            }
        }
        append_new();
        return fresh->rows.empty() ? nullptr : fresh;
    }

    /// Shared between copies of the book; immutable.
    std::vector<std::shared_ptr<const Shard>> shards_;
    std::size_t size_ = 0;
};

}  // namespace plimsoll::protocols
