#include "protocols/compound_v2/structure.hpp"

#include <algorithm>

namespace plimsoll::protocols::compound_v2 {

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
    const unsigned whole =
        scale.unit == PriceUnit::native ? scale.exponent + settings->native_decimals : 36U;
    return whole > market.decimals ? whole - market.decimals : 0U;
}

}  // namespace plimsoll::protocols::compound_v2
