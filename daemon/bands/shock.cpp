#include "daemon/bands/shock.hpp"

#include "protocols/common/reverted.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace plimsoll::bands {
namespace {

using protocols::PositionHealth;

bool by_debt(const BandPosition& a, const BandPosition& b) {
    return a.debt_usd != b.debt_usd ? a.debt_usd > b.debt_usd : a.key < b.key;
}

/// The healths by position, as they would be with what is supposed.
std::map<protocols::PositionKey, PositionHealth> healths_with(
    const protocols::Protocol& protocol, std::shared_ptr<const protocols::BeforeChange> supposed) {
    protocols::ParameterChange change;
    change.before = std::move(supposed);
    std::map<protocols::PositionKey, PositionHealth> out;
    for (PositionHealth& health : protocol.healths_without(change)) {
        const protocols::PositionKey key = health.key;
        out.insert_or_assign(key, std::move(health));
    }
    return out;
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

/// `then` tells of a position whether it is liquidatable then; none: not computable.
template <class Then>
void weigh(Shock& out, const protocols::Protocol& protocol, const protocols::AssetGroup& group,
           std::span<const PositionHealth> healths, const Then& then) {
    for (const PositionHealth& health : healths) {
        if (health.computable && !health.health_factor) continue;
        const std::optional<bool> will = health.computable ? then(health.key) : std::nullopt;
        if (!will) {
            ++out.not_computable;
        } else if (health.liquidatable) {
            ++(*will ? out.already : out.relieved);
        } else if (*will) {
            const auto exposure = protocol.exposure(health.key, group);
            const BandPosition position{health.key, exposure.amount, exposure.usd, health.debt};
            out.not_computable += add(out, position) ? 0U : 1U;
        }
    }
    std::sort(out.endangered.begin(), out.endangered.end(), by_debt);
}

}  // namespace

Shock evaluate_shock(const protocols::Protocol& protocol, const protocols::AssetGroup& group,
                     const OraclePrice& price, const OraclePrice& shocked,
                     std::span<const PositionHealth> healths) {
    Shock out;
    out.price = price;
    out.shocked = shocked;
    weigh(out, protocol, group, healths, [&](const protocols::PositionKey& key) {
        return protocol.liquidatable_at(key, group, shocked);
    });
    return out;
}

Shock evaluate_threshold(const protocols::Protocol& protocol, const protocols::AssetGroup& group,
                         std::shared_ptr<const protocols::BeforeChange> supposed,
                         std::span<const PositionHealth> healths) {
    const auto with = healths_with(protocol, std::move(supposed));
    Shock out;
    weigh(out, protocol, group, healths,
          [&](const protocols::PositionKey& key) -> std::optional<bool> {
              const auto found = with.find(key);
              if (found == with.end() || !found->second.computable) return std::nullopt;
              return found->second.liquidatable;
          });
    return out;
}

}  // namespace plimsoll::bands
