#include "config/deployments.hpp"

#include <algorithm>

namespace plimsoll::config {
namespace {

struct Row {
    std::string_view name;
    std::string_view family;
    std::uint64_t chain_id;
    std::string_view provider;
    std::optional<std::uint64_t> start_block;
};
constexpr Row kRows[] = {
#include "aave_deployments.inc"
};

struct CompoundRow {
    std::string_view name;
    std::uint64_t chain_id;
    std::string_view comptroller;
    std::uint64_t start_block;
    std::string_view native_market;
};
constexpr CompoundRow kCompoundRows[] = {
#include "compound_deployments.inc"
};

struct CompoundMarketRow {
    std::string_view deployment;
    std::string_view c_token;
    std::string_view underlying;  ///< empty: the native coin
    std::string_view symbol;
    unsigned decimals;
};
#define PLIMSOLL_COMPOUND_MARKETS
constexpr CompoundMarketRow kCompoundMarkets[] = {
#include "compound_deployments.inc"
};
#undef PLIMSOLL_COMPOUND_MARKETS

/// `ethereum_prime_lido` of family v3 is `aave-v3-ethereum-prime-lido`, `spark_ethereum` keeps its
/// own name, `v2_polygon` is `aave-v2-polygon`.
std::string name_of(const Row& row) {
    constexpr std::string_view kV2 = "v2_";
    std::string_view market = row.name;
    if (market.starts_with(kV2)) market.remove_prefix(kV2.size());
    std::string out(market);
    std::replace(out.begin(), out.end(), '_', '-');
    return market.starts_with("spark_") ? out : "aave-" + std::string(row.family) + '-' + out;
}

/// The names people use where they differ from the rule; the first is the one that is shown.
std::vector<std::string> names_of(const Row& row) {
    const std::string name = name_of(row);
    if (name == "aave-v3-ethereum-core") return {"aave-v3-ethereum", name, "aave-v3-mainnet"};
    if (name == "aave-v3-ethereum-prime-lido") {
        return {"aave-v3-ethereum-prime", "aave-v3-ethereum-lido", name};
    }
    if (name == "spark-ethereum") return {name, "spark"};
    if (name == "aave-v3-bnb") return {name, "aave-v3-bsc"};
    return {name};
}

/// The only Aave market of its family on its chain, or the oldest and largest.
bool is_main(const Deployment& deployment) {
    const auto hyphens = std::count(deployment.name.begin(), deployment.name.end(), '-');
    return deployment.name.starts_with("aave-") && hyphens == 2;
}

/// The names people use besides.
std::vector<std::string> compound_aliases(std::string_view name) {
    if (name == "justlend") return {"justlend-dao"};
    if (name == "compound-v2-ethereum") return {"compound-v2"};
    if (name == "venus-core-bnb") return {"venus", "venus-core"};
    return {};
}

/// A test reads every address.
Deployment compound_deployment(const CompoundRow& row) {
    Deployment out;
    out.name = row.name;
    out.aliases = compound_aliases(row.name);
    out.kind = "compound-v2";
    out.chain_id = row.chain_id;
    out.address = parse_address(row.comptroller).value();
    out.start_block = row.start_block;
    out.is_main = true;
    out.native_market = parse_address(row.native_market).value();
    for (const CompoundMarketRow& market : kCompoundMarkets) {
        if (market.deployment != row.name) continue;
        out.markets.push_back(
            {parse_address(market.c_token).value(),
             market.underlying.empty() ? Address{} : parse_address(market.underlying).value(),
             std::string(market.symbol), market.decimals});
    }
    return out;
}

std::vector<Deployment> all() {
    std::vector<Deployment> out;
    for (const CompoundRow& row : kCompoundRows) out.push_back(compound_deployment(row));
    for (const Row& row : kRows) {
        Deployment deployment;
        deployment.aliases = names_of(row);
        deployment.name = deployment.aliases.front();
        deployment.aliases.erase(deployment.aliases.begin());
        deployment.kind = "aave-" + std::string(row.family);
        deployment.chain_id = row.chain_id;
        deployment.address = parse_address(row.provider).value();  // a test reads every one
        deployment.start_block = row.start_block;
        deployment.is_main = is_main(deployment);
        out.push_back(std::move(deployment));
    }
    std::sort(out.begin(), out.end(),
              [](const Deployment& a, const Deployment& b) { return a.name < b.name; });
    return out;
}

template <class Predicate>
const Deployment* first_where(Predicate predicate) {
    const auto list = deployments();
    const auto found = std::find_if(list.begin(), list.end(), predicate);
    return found == list.end() ? nullptr : &*found;
}

}  // namespace

std::span<const Deployment> deployments() {
    static const std::vector<Deployment> list = all();
    return list;
}

const Deployment* find_deployment(std::string_view name) {
    return first_where([&](const Deployment& d) {
        return d.name == name ||
               std::find(d.aliases.begin(), d.aliases.end(), name) != d.aliases.end();
    });
}

const Deployment* find_deployment(std::uint64_t chain_id, const Address& address) {
    return first_where(
        [&](const Deployment& d) { return d.chain_id == chain_id && d.address == address; });
}

const Deployment* main_deployment(std::string_view kind, std::uint64_t chain_id) {
    return first_where(
        [&](const Deployment& d) { return d.is_main && d.kind == kind && d.chain_id == chain_id; });
}

std::vector<std::string_view> deployment_names() {
    std::vector<std::string_view> out;
    for (const Deployment& deployment : deployments()) out.push_back(deployment.name);
    return out;
}

}  // namespace plimsoll::config
