#include "daemon/app/protocols.hpp"

#include "protocols/aave_v3/aave_v3.hpp"

#include <set>
#include <utility>

namespace plimsoll::app {

std::function<std::unique_ptr<protocols::Protocol>()> ledger_maker(
    const config::ProtocolSettings& settings, const std::vector<config::WatchSettings>& watches) {
    std::set<Address> watched;
    for (const config::WatchSettings& watch : watches) {
        watched.insert(watch.accounts.begin(), watch.accounts.end());
    }
    // The configuration was checked: "aave-v3" is the only kind it lets through.
    const protocols::aave_v3::AaveV3Settings aave{settings.address, std::move(watched)};
    return [aave] { return protocols::aave_v3::make_aave_v3(aave); };
}

}  // namespace plimsoll::app
