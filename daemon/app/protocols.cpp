#include "daemon/app/protocols.hpp"

#include "config/deployments.hpp"
#include "protocols/aave_v3/aave_v3.hpp"
#include "protocols/compound_v2/compound_v2.hpp"

#include <set>
#include <string_view>
#include <utility>

namespace plimsoll::app {
namespace {

using protocols::compound_v2::CompoundV2Settings;

struct NativeCoin {
    std::string_view symbol;
    unsigned decimals = 18;
};

/// The coin that pays for gas: what a cToken without an underlying holds.
NativeCoin native_coin(const config::ChainSettings& chain) {
    if (chain.kind == "tron") return {"TRX", 6};
    switch (chain.chain_id) {
        case 56:
        case 204:
            return {"BNB", 18};
        case 137:
            return {"POL", 18};
        case 43114:
            return {"AVAX", 18};
        case 100:
            return {"xDAI", 18};
        default:
            return {"ETH", 18};
    }
}

CompoundV2Settings compound_v2_settings(const config::ProtocolSettings& settings,
                                        const config::ChainSettings& chain) {
    CompoundV2Settings out;
    out.comptroller = settings.address;
    const NativeCoin coin = native_coin(chain);
    out.native_symbol = coin.symbol;
    out.native_decimals = coin.decimals;
    out.addresses = chain.address_style();
    const config::Deployment* known = config::find_deployment(settings.deployment);
    if (known == nullptr || known->address != settings.address) return out;
    out.native_market = known->native_market;
    for (const config::DeploymentMarket& market : known->markets) {
        out.expected[market.c_token] = {market.underlying, market.symbol, market.decimals};
    }
    return out;
}

}  // namespace

std::function<std::unique_ptr<protocols::Protocol>()> ledger_maker(
    const config::ProtocolSettings& settings, const config::ChainSettings& chain,
    const std::vector<config::WatchSettings>& watches) {
    std::set<Address> watched;
    for (const config::WatchSettings& watch : watches) {
        watched.insert(watch.accounts.begin(), watch.accounts.end());
    }
    // The configuration was checked: these are the kinds it lets through.
    if (settings.kind == "compound-v2") {
        CompoundV2Settings compound = compound_v2_settings(settings, chain);
        compound.watched = std::move(watched);
        return [compound] { return protocols::compound_v2::make_compound_v2(compound); };
    }
    const protocols::aave_v3::AaveV3Settings aave{settings.address, std::move(watched)};
    return [aave] { return protocols::aave_v3::make_aave_v3(aave); };
}

}  // namespace plimsoll::app
