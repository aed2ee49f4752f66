#include "tests/support/fake_protocol.hpp"

namespace plimsoll::test {

using protocols::AssetGroup;
using protocols::MarketReport;
using protocols::PositionHealth;
using protocols::PositionKey;

namespace {

constexpr unsigned kUsd = 100'000'000;

U256 power_of_ten(unsigned exponent) {
    U256 result = 1;
    for (unsigned i = 0; i < exponent; ++i) result *= 10;
    return result;
}

}  // namespace

std::vector<PositionHealth> FakeProtocol::healths() const {
    std::vector<PositionHealth> out;
    for (const auto& [account, position] : positions) out.push_back(health({account, {}}));
    return out;
}

const FakeProtocol::Token& FakeProtocol::token(const Address& address) const {
    for (const Token& token : tokens) {
        if (token.address == address) return token;
    }
    return tokens.front();
}

FakeProtocol::Prices FakeProtocol::present_prices() const {
    Prices prices;
    for (const Token& token : tokens) prices[token.address] = token.price;
    return prices;
}

U256 FakeProtocol::value(const std::map<Address, U256>& amounts, const Prices& prices) const {
    U256 sum = 0;
    for (const auto& [token, amount] : amounts) sum += amount * prices.at(token);
    return sum;
}

U256 FakeProtocol::weighted(const std::map<Address, U256>& amounts, const Prices& prices) const {
    U256 sum = 0;
    for (const auto& [address, amount] : amounts) {
        sum += amount * prices.at(address) * token(address).threshold_pct;
    }
    return sum / 100;
}

bool FakeProtocol::is_liquidatable(const Position& position, const Prices& prices) const {
    return weighted(position.collateral, prices) < value(position.debt, prices);
}

PositionHealth FakeProtocol::health(const PositionKey& key) const {
    const Position& position = positions.at(key.account);
    PositionHealth out;
    out.key = key;
    out.computable = position.computable;
    if (!position.computable) return out;
    const Prices prices = present_prices();
    const U256 unit = power_of_ten(decimals + oracle_decimals);
    const U256 debt = value(position.debt, prices);
    out.collateral = Usd8::from_raw(value(position.collateral, prices) * kUsd / unit);
    out.debt = Usd8::from_raw(debt * kUsd / unit);
    if (debt == 0) return out;
    out.health_factor =
        Wad::from_raw(weighted(position.collateral, prices) * wad_one().raw() / debt);
    out.liquidatable = is_liquidatable(position, prices);
    return out;
}

std::optional<bool> FakeProtocol::liquidatable_at(const PositionKey& key, const AssetGroup& group,
                                                  const OraclePrice& leader_price) const {
    const Position& position = positions.at(key.account);
    Prices prices = present_prices();
    const U256 leader = prices.at(group.leader);
    if (!position.computable || leader == 0) return std::nullopt;
    for (const Address& member : group.members) {
        prices[member] = prices.at(member) * leader_price.raw() / leader;
    }
    return is_liquidatable(position, prices);
}

protocols::Protocol::GroupExposure FakeProtocol::exposure(const PositionKey& key,
                                                          const AssetGroup& group) const {
    GroupExposure out;
    const U256 leader = token(group.leader).price;
    U256 sum = 0;
    for (const auto& [address, amount] : positions.at(key.account).collateral) {
        if (group.contains(address)) sum += amount * token(address).price;
    }
    if (leader != 0) out.amount = sum / leader;
    out.usd = Usd8::from_raw(sum * kUsd / power_of_ten(decimals + oracle_decimals));
    return out;
}

std::optional<OraclePrice> FakeProtocol::price(const Address& address) const {
    const U256& price = token(address).price;
    return price == 0 ? std::nullopt : std::optional(OraclePrice::from_raw(price));
}

std::vector<MarketReport> FakeProtocol::markets() const {
    std::vector<MarketReport> out;
    for (const Token& token : tokens) {
        MarketReport market;
        market.asset = token.symbol;
        market.token = token.address;
        market.decimals = decimals;
        market.price_decimals = oracle_decimals;
        market.price = price(token.address);
        out.push_back(std::move(market));
    }
    return out;
}

void FakeProtocol::for_each_position(const std::function<void(const PositionKey&)>& visit) const {
    for (const auto& [account, position] : positions) visit({account, {}});
}

Address address(std::uint64_t number) {
    Address out;
    for (std::size_t i = 0; i < 8; ++i) {
        out.bytes.at(19 - i) = static_cast<std::uint8_t>(number >> (8 * i));
    }
    return out;
}

Bytes32 block_hash(std::uint64_t number, char branch) {
    Bytes32 out;
    out.bytes.front() = static_cast<std::uint8_t>(branch);
    for (std::size_t i = 0; i < 8; ++i) {
        out.bytes.at(31 - i) = static_cast<std::uint8_t>(number >> (8 * i));
    }
    return out;
}

}  // namespace plimsoll::test
