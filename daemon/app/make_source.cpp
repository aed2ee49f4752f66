#include "daemon/app/make_source.hpp"

#include "daemon/chain/evm_source.hpp"
#include "daemon/chain/tron_source.hpp"

#include <utility>

namespace plimsoll::app {
namespace {

/// What the settings of all kinds have alike.
template <class Settings>
Settings settings_of(const config::ChainSettings& chain, const SourceOptions& options) {
    Settings out;
    out.name = chain.name;
    out.chain_id = chain.chain_id;
    out.endpoints = chain.endpoints;
    out.stale_after = chain.stale_after;
    out.observer = options.observer;
    out.timeout = options.timeout.value_or(out.timeout);
    out.deadline = options.deadline.value_or(out.deadline);
    return out;
}

}  // namespace

std::unique_ptr<chain::Source> make_source(const config::ChainSettings& chain,
                                           const SourceOptions& options) {
    if (chain.kind == "tron") {
        auto tron = settings_of<chain::TronSourceSettings>(chain, options);
        if (chain.multicall) tron.multicalls = {*chain.multicall};
        return chain::make_tron_source(std::move(tron));
    }
    // The configuration was checked: there is no other kind.
    auto evm = settings_of<chain::EvmSourceSettings>(chain, options);
    evm.block_time = chain.poll_every;
    if (chain.multicall) evm.multicall = *chain.multicall;
    return chain::make_evm_source(std::move(evm));
}

}  // namespace plimsoll::app
