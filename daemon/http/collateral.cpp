#include "daemon/http/collateral.hpp"

#include <utility>

namespace plimsoll::http {

std::vector<FoundCollateral> find_collateral(std::span<const view::ProtocolView> views,
                                             const std::string& collateral,
                                             const std::string& protocol) {
    std::vector<FoundCollateral> out;
    const Usd8 one = Usd8::from_raw(U256(100'000'000));
    for (const auto& view : views) {
        if (!protocol.empty() && view.status.name != protocol) continue;
        auto band =
            bands::resolve_band({"", collateral, one, one}, view.groups, view.ledger->markets());
        if (!band) continue;
        const auto price = view.ledger->price(band->group.leader);
        if (!price) continue;
        out.push_back({std::make_unique<view::ProtocolCopy>(view), std::move(*band), *price});
    }
    return out;
}

Response not_listed(const std::string& collateral) {
    return error_response(404, "collateral: no protocol that is watched lists '" +
                                   collateral.substr(0, 80) +
                                   "', or its price is not known; a group such as ETH, a symbol "
                                   "or a token's address");
}

std::optional<Usd8> usd_param(Params& params, std::string_view name) {
    const auto value = params.fixed(name, 8);
    return value ? std::optional(Usd8::from_raw(*value)) : std::nullopt;
}

}  // namespace plimsoll::http
