#include "daemon/app/protocols.hpp"

#include "protocols/aave_v3/aave_v3.hpp"

namespace plimsoll::app {

std::function<std::unique_ptr<protocols::Protocol>()> ledger_maker(
    const config::ProtocolSettings& settings) {
    // The configuration was checked: "aave-v3" is the only kind it lets through.
    const protocols::aave_v3::AaveV3Settings aave{settings.address};
    return [aave] { return protocols::aave_v3::make_aave_v3(aave); };
}

}  // namespace plimsoll::app
