#include "daemon/app/make_source.hpp"

#include "daemon/chain/agreeing_source.hpp"
#include "daemon/chain/evm_source.hpp"
#include "daemon/chain/tron_source.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace plimsoll::app {
namespace {

using namespace std::chrono_literals;

/// What the settings of all kinds have alike.
template <class Settings>
Settings settings_of(const config::ChainSettings& chain, const SourceOptions& options) {
    Settings out;
    out.name = chain.name;
    out.chain_id = chain.chain_id;
    out.endpoints = chain.endpoints;
    out.poll_every = chain.poll_every;
    out.stale_after = chain.stale_after;
    out.observer = options.observer;
    out.timeout = options.timeout.value_or(out.timeout);
    out.deadline = options.deadline.value_or(out.deadline);
    return out;
}

/// A source of its own for every endpoint: they are to be compared. Where one is not needed nobody
/// waits long for it.
std::unique_ptr<chain::Source> make_agreeing(const config::ChainSettings& chain,
                                             chain::EvmSourceSettings settings) {
    settings.deadline = 10s;
    settings.timeout = 8s;
    settings.logs_deadline = 35s;
    std::vector<std::unique_ptr<chain::Source>> members;
    for (rpc::EndpointSettings& endpoint : std::exchange(settings.endpoints, {})) {
        chain::EvmSourceSettings one = settings;
        one.endpoints.push_back(std::move(endpoint));
        members.push_back(chain::make_evm_source(std::move(one)));
    }
    chain::AgreementSettings agreement;
    agreement.name = chain.name;
    agreement.count = chain.agree.value_or(2);
    agreement.is_strict = chain.agree.has_value();
    agreement.block_time = chain.poll_every;
    return chain::make_agreeing_source(std::move(agreement), std::move(members));
}

/// Arbitrum's contracts see the number of an Ethereum block, while nodes count its own.
bool counts_other_blocks(std::uint64_t chain_id) {
    constexpr std::array<std::uint64_t, 3> kArbitrum{42'161, 42'170,
                                                     421'614};  // One, Nova, Sepolia
    return std::ranges::find(kArbitrum, chain_id) != kArbitrum.end();
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
    if (counts_other_blocks(chain.chain_id)) evm.proof = chain::SnapshotProof::arbitrum;
    if (chain.multicall) evm.multicall = *chain.multicall;
    if (chain.agree.value_or(2) == 1 || evm.endpoints.size() == 1) {
        return chain::make_evm_source(std::move(evm));
    }
    return make_agreeing(chain, std::move(evm));
}

}  // namespace plimsoll::app
