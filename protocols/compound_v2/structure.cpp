#include "protocols/compound_v2/structure.hpp"

#include "protocols/compound_v2/exponential.hpp"

#include <algorithm>

namespace plimsoll::protocols::compound_v2 {
namespace {

U256 capped(const U512& value) {
    return value > U512(u256_max()) ? u256_max() : static_cast<U256>(value);
}

}  // namespace

void MarketEntry::note_accrual(const U256& total, const Wad& index, const Wad& before) {
    U512 sum = rounding;
    if (before.raw() != 0 && index.raw() > before.raw()) {
        sum = (sum * U512(index.raw()) + U512(before.raw()) - 1U) / U512(before.raw());
    }
    rounding = capped(sum + U512(total / kExpScale) + 2U);
}

void MarketEntry::note_borrow_change() { rounding = capped(U512(rounding) + 1U); }

const MarketEntry* Structure::find(const Address& c_token) const {
    const auto found = std::ranges::find_if(
        markets, [&](const auto& entry) { return entry.second.c_token.address == c_token; });
    return found == markets.end() ? nullptr : &found->second;
}

MarketEntry* Structure::find(const Address& c_token) {
    const auto found = std::ranges::find_if(
        markets, [&](const auto& entry) { return entry.second.c_token.address == c_token; });
    return found == markets.end() ? nullptr : &found->second;
}

const MarketEntry* Structure::native_market() const {
    const auto found = std::ranges::find_if(markets, [](const auto& entry) {
        return entry.second.read_at != 0 && entry.second.c_token.is_native();
    });
    return found == markets.end() ? nullptr : &found->second;
}

std::string Structure::name_of(const Address& c_token) const {
    const MarketEntry* market = find(c_token);
    return market == nullptr || market->c_token.symbol.empty() ? written(c_token)
                                                               : market->c_token.symbol;
}

unsigned Structure::price_decimals(const CToken& market) const {
    return can_tell_price(market) ? whole_decimals() - market.decimals : 0U;
}

}  // namespace plimsoll::protocols::compound_v2
