#include "tests/protocols/compound_v2/recorded_chain.hpp"

#include "abi/codec.hpp"
#include "protocols/compound_v2/account_data.hpp"
#include "tests/protocols/compound_v2/vector_files.hpp"

#include <algorithm>
#include <stdexcept>

namespace plimsoll::protocols::compound_v2 {
namespace {

using json = nlohmann::ordered_json;

Address address_in(const json& text) {
    std::string digits = text.get<std::string>();
    std::ranges::transform(digits, digits.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return parse_address(digits).value();
}

Address marked(std::uint8_t mark) {
    Address out;
    out.bytes.fill(mark);
    return out;
}

const Address kOracle = marked(0xaa);
const Address kUnderlying = marked(0xbb);

const std::map<std::string, std::string>& market_views() {
    static const std::map<std::string, std::string> views{
        {"getCash()", "cash"},
        {"totalBorrows()", "totalBorrows"},
        {"totalReserves()", "totalReserves"},
        {"totalSupply()", "totalSupply"},
        {"borrowIndex()", "borrowIndex"},
        {"accrualBlockNumber()", "accrualBlockNumber"},
        {"borrowRatePerBlock()", "borrowRatePerBlock"},
        {"exchangeRateStored()", "exchangeRateStored"}};
    return views;
}

/// Every function the ledger may call, by selector.
std::string function_of(const Bytes& data) {
    static const std::map<abi::Selector, std::string> names = [] {
        std::map<abi::Selector, std::string> out;
        for (const char* name :
             {"oracle()", "getAllMarkets()", "closeFactorMantissa()",
              "liquidationIncentiveMantissa()", "markets(address)", "getAssetsIn(address)",
              "getAccountLiquidity(address)", "comptroller()", "underlying()",
              "reserveFactorMantissa()", "getAccountSnapshot(address)", "symbol()", "decimals()",
              "getUnderlyingPrice(address)"}) {
            out[abi::selector(name)] = name;
        }
        for (const auto& [name, field] : market_views()) out[abi::selector(name)] = name;
        return out;
    }();
    abi::Selector selector{};
    std::copy_n(data.begin(), 4, selector.begin());
    const auto found = names.find(selector);
    return found == names.end() ? std::string() : found->second;
}

Address argument(const Bytes& data) {
    return abi::Reader(std::span(data).subspan(4)).address(0).value();
}

Bytes addresses_reply(const std::vector<Address>& list) {
    Bytes out = bytes_of_words({U256(32), U256(list.size())});
    for (const Address& one : list) {
        const Bytes word = bytes_of_words({word_of(one)});
        out.insert(out.end(), word.begin(), word.end());
    }
    return out;
}

}  // namespace

Bytes bytes_of_words(std::initializer_list<U256> words) {
    Bytes out;
    for (const U256& word : words) {
        const Bytes32 bytes = to_bytes32(word);
        out.insert(out.end(), bytes.bytes.begin(), bytes.bytes.end());
    }
    return out;
}

U256 word_of(const Address& address) { return to_u256(to_bytes32(address)); }

RecordedChain::RecordedChain(const std::string& family) {
    const json vectors = read_vectors();
    const json& recorded = vectors["lifecycle"]["families"][family];
    config_ = recorded["config"];
    steps_ = recorded["steps"];
    is_priced_in_coin_ = config_["nativeMarket"]["price"] == "1000000000000000000";
}

CompoundV2Settings RecordedChain::settings() const {
    CompoundV2Settings out;
    out.comptroller = address_in(config_["comptroller"]);
    return out;
}

BlockRef RecordedChain::at() const {
    BlockRef out;
    out.number = steps_.at(step_)["blockNumber"].get<BlockNumber>() + waited_;
    out.hash = to_bytes32(U256(out.number));
    out.time = 1'700'000'000 + 3 * out.number;
    return out;
}

Address RecordedChain::user(const std::string& name) const {
    return address_in(config_["users"][name]);
}
Address RecordedChain::native() const { return address_in(config_["nativeMarket"]["address"]); }
Address RecordedChain::token() const { return address_in(config_["tokenMarket"]["address"]); }

Address RecordedChain::oracle() const { return kOracle; }

void RecordedChain::set_price(const Address& market, const U256& price) {
    abi::Calldata data("getUnderlyingPrice(address)");
    data.add(market);
    answer_instead(kOracle, std::move(data).take(), bytes_of_words({price}));
}

Bytes RecordedChain::liquidity(const std::string& user, Rounding rounding,
                               const std::optional<Address>& redeemed) const {
    U256 redemption = 0;
    const json& own = expected()["users"][user];
    std::vector<EnteredAsset> assets;
    for (const json& entered : own["assetsIn"]) {
        const std::string name = entered.get<std::string>();
        const json& config = config_[name + "Market"];
        U256 price = number(config["price"]);
        if (name == "native" && has_fallen()) price = price * 60U / 100U;
        EnteredAsset asset;
        asset.c_tokens = CTokens::from_raw(number(own[name]["cTokens"]));
        asset.borrow = TokenAmount::from_raw(number(own[name]["borrowStored"]));
        asset.exchange_rate =
            Wad::from_raw(number(expected()["markets"][name]["exchangeRateStored"]));
        asset.factor = Wad::from_raw(number(config["collateralFactor"]));
        asset.price = OraclePrice::from_raw(price);
        assets.push_back(asset);
        if (redeemed != (name == "native" ? native() : token())) continue;
        redemption = tokens_to_denom(rounding, asset.factor, asset.exchange_rate, asset.price);
    }
    AccountData data = sum_assets(rounding, assets);
    data.borrow += redemption;
    return bytes_of_words({U256(0), data.liquidity(), data.shortfall()});
}

std::vector<Log> RecordedChain::logs(std::size_t index) const {
    const json& step = steps_.at(index);
    std::vector<Log> out;
    for (const json& event : step["events"]) {
        Log log;
        const std::string contract = event["contract"].get<std::string>();
        log.address = contract == "comptroller" ? address_in(config_["comptroller"])
                                                : (contract == "native" ? native() : token());
        log.block = step["blockNumber"].get<BlockNumber>();
        log.tx = to_bytes32(U256(log.block));
        log.index = static_cast<std::uint32_t>(out.size());
        const std::string topic = event["topic0"].get<std::string>();
        Bytes32 topic0;
        for (std::size_t i = 0; i < 32; ++i) {
            topic0.bytes[i] =
                static_cast<std::uint8_t>(std::stoul(topic.substr(2 + 2 * i, 2), nullptr, 16));
        }
        log.topics.push_back(topic0);
        const bool is_transfer = event["event"] == "Transfer";
        for (const auto& [name, value] : event["args"].items()) {
            const std::string text = value.get<std::string>();
            const U256 word = text.starts_with("0x") ? word_of(address_in(value)) : number(value);
            if (is_transfer && log.topics.size() < 3) {
                log.topics.push_back(to_bytes32(word));
                continue;
            }
            const Bytes bytes = bytes_of_words({word});
            log.data.insert(log.data.end(), bytes.begin(), bytes.end());
        }
        out.push_back(std::move(log));
    }
    return out;
}

std::vector<Log> RecordedChain::logs(const OwedLogs& wanted) const {
    const auto has = [](const auto& list, const auto& one) {
        return std::ranges::find(list, one) != list.end();
    };
    std::vector<Log> out;
    if (has_lost_logs_) return out;
    for (std::size_t step = 0; step <= step_; ++step) {
        for (Log& log : logs(step)) {
            if (log.block < wanted.from || !has(wanted.filter.addresses, log.address)) continue;
            if (has(wanted.filter.topics, log.topics.front())) out.push_back(std::move(log));
        }
    }
    return out;
}

std::vector<CallResult> RecordedChain::answer(std::span<const Call> calls) const {
    std::vector<CallResult> out;
    for (const Call& call : calls) {
        const auto overridden = overrides.find({call.to, call.data});
        const auto bytes = overridden == overrides.end() ? reply(call) : overridden->second;
        out.push_back({bytes.has_value(), bytes.value_or(Bytes{})});
    }
    return out;
}

bool RecordedChain::has_fallen() const {
    for (std::size_t i = 0; i <= step_; ++i) {
        if (steps_.at(i)["step"].get<std::string>().starts_with("liquidation")) return true;
    }
    return false;
}

std::string RecordedChain::user_in(const Bytes& data) const {
    const Address wanted = argument(data);
    for (const auto& [name, text] : config_["users"].items()) {
        if (address_in(text) == wanted) return name;
    }
    throw std::runtime_error("no such user");
}

std::optional<Bytes> RecordedChain::reply(const Call& call) const {
    const std::string name = function_of(call.data);
    if (name.empty()) return std::nullopt;
    if (call.to == address_in(config_["comptroller"])) {
        return reply_of_comptroller(name, call.data);
    }
    if (call.to == kOracle) {
        const bool is_native = argument(call.data) == native();
        U256 price = number(config_[is_native ? "nativeMarket" : "tokenMarket"]["price"]);
        if (is_native && has_fallen()) price = price * 60U / 100U;
        return bytes_of_words({price});
    }
    if (call.to == kUnderlying && name == "decimals()") {
        return bytes_of_words({U256(config_["tokenMarket"]["underlyingDecimals"].get<int>())});
    }
    if (call.to == kUnderlying && name == "symbol()") {
        Bytes32 symbol;
        std::copy_n("USDT", 4, symbol.bytes.begin());
        return bytes_of_words({to_u256(symbol)});
    }
    if (call.to == native()) return reply_of_market("native", name, call.data);
    if (call.to == token()) return reply_of_market("token", name, call.data);
    return std::nullopt;
}

std::optional<Bytes> RecordedChain::reply_of_comptroller(const std::string& name,
                                                         const Bytes& data) const {
    if (name == "oracle()") return bytes_of_words({word_of(kOracle)});
    if (name == "getAllMarkets()") return addresses_reply({native(), token()});
    if (name == "closeFactorMantissa()")
        return bytes_of_words({number(config_["closeFactorMantissa"])});
    if (name == "liquidationIncentiveMantissa()") {
        return bytes_of_words({number(config_["liquidationIncentiveMantissa"])});
    }
    if (name == "markets(address)") {
        const bool is_native = argument(data) == native();
        const json& market = config_[is_native ? "nativeMarket" : "tokenMarket"];
        return bytes_of_words({U256(1), number(market["collateralFactor"]), U256(0)});
    }
    const json& user = expected()["users"][user_in(data)];
    if (name == "getAssetsIn(address)") {
        std::vector<Address> list;
        for (const json& market : user["assetsIn"]) {
            list.push_back(market == "native" ? native() : token());
        }
        return addresses_reply(list);
    }
    if (name == "getAccountLiquidity(address)") {
        return bytes_of_words({U256(0), number(user["liquidity"]), number(user["shortfall"])});
    }
    return std::nullopt;
}

std::optional<Bytes> RecordedChain::reply_of_market(const std::string& market,
                                                    const std::string& name,
                                                    const Bytes& data) const {
    const json& state = expected()["markets"][market];
    const auto view = market_views().find(name);
    if (view != market_views().end()) return bytes_of_words({number(state[view->second])});
    if (name == "comptroller()") return bytes_of_words({word_of(settings().comptroller)});
    if (name == "underlying()") {
        if (market == "native") return std::nullopt;
        return bytes_of_words({word_of(kUnderlying)});
    }
    if (name == "reserveFactorMantissa()") {
        return bytes_of_words({number(config_[market + "Market"]["reserveFactor"])});
    }
    if (name == "getAccountSnapshot(address)") {
        const json& own = expected()["users"][user_in(data)][market];
        return bytes_of_words({U256(0), number(own["cTokens"]), number(own["borrowStored"]),
                               number(state["exchangeRateStored"])});
    }
    return std::nullopt;
}

void finish_round(Protocol& ledger, const RecordedChain& chain) {
    const auto settle = [&] {
        if (const auto owed = ledger.owed_logs()) ledger.accept_owed_logs(chain.logs(*owed));
        for (auto calls = ledger.reads(4000); !calls.empty(); calls = ledger.reads(4000)) {
            const auto accepted = ledger.accept_reads(chain.answer(calls), chain.at());
            if (!accepted) throw std::runtime_error(accepted.error().message);
        }
    };
    settle();
    const auto accepted = ledger.accept_prices(chain.answer(ledger.price_reads()), chain.at());
    if (!accepted) throw std::runtime_error(accepted.error().message);
    settle();
}

std::unique_ptr<Protocol> scanned(const RecordedChain& chain, std::size_t step) {
    auto ledger = make_compound_v2(chain.settings());
    for (auto calls = ledger->reads(4000); !calls.empty(); calls = ledger->reads(4000)) {
        (void)ledger->accept_reads(chain.answer(calls), chain.at());
    }
    std::vector<Address> candidates;
    for (std::size_t i = 0; i <= step; ++i) {
        for (const Log& log : chain.logs(i)) {
            for (const Address& account : ledger->discover(log)) candidates.push_back(account);
        }
    }
    ledger->follow(candidates);
    finish_round(*ledger, chain);
    return ledger;
}

}  // namespace plimsoll::protocols::compound_v2
