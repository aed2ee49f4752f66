#include "daemon/bands/shock.hpp"

#include "protocols/common/reverted.hpp"

#include <algorithm>
#include <array>

namespace plimsoll::bands {
namespace {

using protocols::PositionHealth;

bool by_debt(const BandPosition& a, const BandPosition& b) {
    return a.debt_usd != b.debt_usd ? a.debt_usd > b.debt_usd : a.key < b.key;
}

/// False when the sums leave 256 bits, with nothing changed.
bool add(Shock& shock, const BandPosition& position) {
    const auto sums = protocols::as_contract([&] {
        return std::array<U256, 2>{shock.collateral_usd.raw() + position.collateral_usd.raw(),
                                   shock.debt_usd.raw() + position.debt_usd.raw()};
    });
    if (!sums) return false;
    shock.collateral_usd = Usd8::from_raw((*sums)[0]);
    shock.debt_usd = Usd8::from_raw((*sums)[1]);
    shock.endangered.push_back(position);
    return true;
}

}  // namespace

Shock evaluate_shock(const protocols::Protocol& protocol, const protocols::AssetGroup& group,
                     const OraclePrice& price, const OraclePrice& shocked,
                     std::span<const PositionHealth> healths) {
    Shock out;
    out.price = price;
    out.shocked = shocked;
    for (const PositionHealth& health : healths) {
        if (health.computable && !health.health_factor) continue;
        const auto then =
            health.computable ? protocol.liquidatable_at(health.key, group, shocked) : std::nullopt;
        if (!then) {
            ++out.not_computable;
        } else if (health.liquidatable) {
            ++(*then ? out.already : out.relieved);
        } else if (*then) {
            const auto exposure = protocol.exposure(health.key, group);
            const BandPosition position{health.key, exposure.amount, exposure.usd, health.debt};
            out.not_computable += add(out, position) ? 0U : 1U;
        }
    }
    std::sort(out.endangered.begin(), out.endangered.end(), by_debt);
    return out;
}

}  // namespace plimsoll::bands
