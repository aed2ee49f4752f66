#include "protocols/aave_v3/account_book.hpp"

#include <algorithm>

namespace plimsoll::protocols::aave_v3 {
namespace {

bool any_debt(std::span<const HoldingState> holdings, std::span<const StableState> stable) {
    return std::any_of(holdings.begin(), holdings.end(),
                       [](const HoldingState& h) { return !h.variable_debt.is_zero(); }) ||
           std::any_of(stable.begin(), stable.end(),
                       [](const StableState& s) { return !s.principal.is_zero(); });
}

/// The entry of a reserve in a list ordered by reserve id, made when it is missing.
template <class Entry>
Entry& entry_of(std::vector<Entry>& entries, unsigned reserve) {
    const auto place = std::find_if(entries.begin(), entries.end(), [reserve](const Entry& entry) {
        return entry.reserve >= reserve;
    });
    if (place != entries.end() && place->reserve == reserve) return *place;
    Entry fresh;
    fresh.reserve = static_cast<std::uint8_t>(reserve);
    return *entries.insert(place, fresh);
}

}  // namespace

bool AccountState::has_debt() const { return any_debt(holdings, stable); }

const HoldingState* AccountState::find(unsigned reserve) const {
    const auto found =
        std::find_if(holdings.begin(), holdings.end(),
                     [reserve](const HoldingState& h) { return h.reserve == reserve; });
    return found == holdings.end() ? nullptr : &*found;
}

HoldingState& AccountState::holding(unsigned reserve) { return entry_of(holdings, reserve); }

StableState& AccountState::stable_debt(unsigned reserve) { return entry_of(stable, reserve); }

bool AccountView::has_debt() const { return any_debt(holdings, stable); }

AccountState AccountView::state() const {
    AccountState out;
    out.read_at = read_at;
    out.e_mode = e_mode;
    out.tracked = tracked;
    out.holdings.assign(holdings.begin(), holdings.end());
    out.stable.assign(stable.begin(), stable.end());
    return out;
}

AccountView AccountBook::Shard::view(const Row& row) const {
    return {row.address,
            row.read_at,
            row.e_mode,
            row.tracked,
            std::span(holdings).subspan(row.first_holding, row.holding_count),
            std::span(stable).subspan(row.first_stable, row.stable_count)};
}

void AccountBook::Shard::append(const AccountView& account) {
    Row row;
    row.address = account.address;
    row.e_mode = account.e_mode;
    row.holding_count = static_cast<std::uint8_t>(account.holdings.size());
    row.stable_count = static_cast<std::uint8_t>(account.stable.size());
    row.first_holding = static_cast<std::uint32_t>(holdings.size());
    row.first_stable = static_cast<std::uint32_t>(stable.size());
    row.read_at = account.read_at;
    row.tracked = account.tracked;
    rows.push_back(row);
    holdings.insert(holdings.end(), account.holdings.begin(), account.holdings.end());
    stable.insert(stable.end(), account.stable.begin(), account.stable.end());
}

AccountBook::AccountBook() : shards_(kShards) {}

std::size_t AccountBook::shard_of(const Address& account) {
    return (static_cast<std::size_t>(account.bytes[0]) << 4U) | (account.bytes[1] >> 4U);
}

std::optional<AccountView> AccountBook::find(const Address& account) const {
    const auto& shard = shards_[shard_of(account)];
    if (!shard) return std::nullopt;
    const auto row = std::lower_bound(
        shard->rows.begin(), shard->rows.end(), account,
        [](const Row& left, const Address& right) { return left.address < right; });
    if (row == shard->rows.end() || row->address != account) return std::nullopt;
    return shard->view(*row);
}

std::shared_ptr<const AccountBook::Shard> AccountBook::rebuilt(const Shard* old,
                                                               const Address& account,
                                                               const AccountView* replacement) {
    auto fresh = std::make_shared<Shard>();
    if (old != nullptr) {
        fresh->rows.reserve(old->rows.size() + 1);
        fresh->holdings.reserve(old->holdings.size() + 4);
        fresh->stable.reserve(old->stable.size());
        for (const Row& row : old->rows) {
            if (replacement != nullptr && account < row.address) {
                fresh->append(*replacement);
                replacement = nullptr;
            }
            if (row.address != account) fresh->append(old->view(row));
        }
    }
    if (replacement != nullptr) fresh->append(*replacement);
    return fresh->rows.empty() ? nullptr : fresh;
}

void AccountBook::put(const Address& account, const AccountState& state) {
    const bool is_new = !find(account).has_value();
    auto& shard = shards_[shard_of(account)];
    const AccountView replacement{account,       state.read_at,  state.e_mode,
                                  state.tracked, state.holdings, state.stable};
    shard = rebuilt(shard.get(), account, &replacement);
    if (is_new) ++size_;
}

bool AccountBook::erase(const Address& account) {
    if (!find(account)) return false;
    auto& shard = shards_[shard_of(account)];
    shard = rebuilt(shard.get(), account, nullptr);
    --size_;
    return true;
}

void AccountBook::for_each(const std::function<void(const AccountView&)>& visit) const {
    for (const auto& shard : shards_) {
        if (!shard) continue;
        for (const Row& row : shard->rows) visit(shard->view(row));
    }
}

}  // namespace plimsoll::protocols::aave_v3
