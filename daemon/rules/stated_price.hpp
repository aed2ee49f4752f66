#pragma once

#include "daemon/alerts/alert.hpp"
#include "protocols/common/price.hpp"

#include <nlohmann/json.hpp>

namespace plimsoll::rules {

/// Adds the members `price` and, where that is not in US dollars, `price_quote` and `price_usd`.
inline void add_price(nlohmann::json& out, const protocols::AssetPrice& price) {
    out["price"] = alerts::amount(price.price.raw(), price.decimals);
    if (price.quote.is_usd()) return;
    out["price_quote"] = price.quote.name;
    const auto usd = protocols::usd_price(price);
    if (usd) out["price_usd"] = alerts::amount(usd->raw(), 8);
}

}  // namespace plimsoll::rules
