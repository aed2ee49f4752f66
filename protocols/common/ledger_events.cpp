#include "protocols/common/market.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace plimsoll::protocols {
namespace {

template <class T>
void append_to(std::vector<T>& list, std::vector<T> more) {
    std::move(more.begin(), more.end(), std::back_inserter(list));
}

/// A transfer between two watched accounts is told for both of them, by one log.
Address whose(const AccountEvent& event) { return event.account; }
template <class T>
Address whose(const T&) {
    return {};
}

template <class T>
void sort_once(std::vector<T>& list) {
    const auto place = [](const T& event) {
        return std::tuple(event.block.number, event.log_index, whose(event));
    };
    std::stable_sort(list.begin(), list.end(),
                     [&](const T& a, const T& b) { return place(a) < place(b); });
    list.erase(std::unique(list.begin(), list.end(),
                           [&](const T& a, const T& b) { return place(a) == place(b); }),
               list.end());
}

template <class Unwanted>
void drop_if(LedgerEvents& events, const Unwanted& is_unwanted) {
    std::erase_if(events.liquidations, is_unwanted);
    std::erase_if(events.parameters, is_unwanted);
    std::erase_if(events.activity, is_unwanted);
}

}  // namespace

std::string_view to_string(AccountAction action) {
    switch (action) {
        case AccountAction::deposit:
            return "deposit";
        case AccountAction::withdraw:
            return "withdraw";
        case AccountAction::borrow:
            return "borrow";
        case AccountAction::repay:
            return "repay";
        case AccountAction::receive:
            return "receive";
        case AccountAction::send:
            break;
    }
    return "send";
}

void LedgerEvents::append(LedgerEvents other) {
    append_to(liquidations, std::move(other.liquidations));
    append_to(parameters, std::move(other.parameters));
    append_to(activity, std::move(other.activity));
}

void LedgerEvents::drop_up_to(BlockNumber number) {
    drop_if(*this, [number](const auto& event) { return event.block.number <= number; });
}

void LedgerEvents::drop_above(BlockNumber number) {
    drop_if(*this, [number](const auto& event) { return event.block.number > number; });
}

void LedgerEvents::put_in_order() {
    sort_once(liquidations);
    sort_once(parameters);
    sort_once(activity);
}

void forget_before(ParameterChange& change) {
    for (ParameterValue& value : change.values) value.from.clear();
    if (change.before != nullptr) change.before = std::make_shared<BeforeChange>();
}

}  // namespace plimsoll::protocols
