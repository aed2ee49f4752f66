#include "protocols/compound_v2/records.hpp"

#include "protocols/common/record_bytes.hpp"

#include <string_view>

namespace plimsoll::protocols::compound_v2 {
namespace {

constexpr std::uint64_t kVersion = 5;
constexpr std::uint64_t kMaxMarketCount = 1024;
constexpr std::uint64_t kMaxCount = 1U << 20U;

// Keys: "structure", "market/7", "pool/1", "account/<40 hex digits>", "owed/<40 hex digits>"; of
// discovery "borrower/<40 hex digits>", "seen/<40 hex digits of the cToken>".
constexpr std::string_view kStructure = "structure";
constexpr std::string_view kMarket = "market/";
constexpr std::string_view kPool = "pool/";
constexpr std::string_view kAccount = "account/";
constexpr std::string_view kOwed = "owed/";
constexpr std::string_view kBorrower = "borrower/";
constexpr std::string_view kSeen = "seen/";

template <class Enum>
Enum enum_in(RecordReader& in, Enum last) {
    return static_cast<Enum>(in.below(static_cast<std::uint64_t>(last) + 1));
}

Actions actions_in(RecordReader& in) {
    return Actions(static_cast<unsigned>(in.below(1U << kActionCount)));
}

void put_addresses(RecordWriter& out, const std::set<Address>& addresses) {
    out.number(addresses.size());
    for (const Address& address : addresses) out.address(address);
}

void read_addresses(RecordReader& in, std::set<Address>& addresses) {
    for (std::uint64_t left = in.below(kMaxCount); left > 0 && in.is_good(); --left) {
        addresses.insert(in.address());
    }
}

// ---- structure

std::string encode_structure(const Structure& structure, const Owed& owed) {
    RecordWriter out(kVersion);
    out.address(structure.comptroller()).address(structure.oracle);
    out.address(structure.stable_controller).address(structure.stable_token);
    out.address(structure.liquidator).flag(structure.has_user_forcing);
    out.number(static_cast<std::uint64_t>(structure.rounding)).flag(structure.is_rounding_known);
    out.flag(structure.is_rounding_contradicted);
    out.number(static_cast<std::uint64_t>(structure.clock)).flag(structure.has_pools);
    out.word(structure.close_factor.raw()).word(structure.liquidation_incentive.raw());
    out.number(structure.paused.bits());
    out.number(static_cast<std::uint64_t>(structure.scale.unit)).address(structure.scale.oracle);
    out.number(structure.scale.exponent).address(structure.scale.dollar);
    out.number(structure.pace.block).number(structure.pace.time);
    out.number(structure.markets.size()).number(structure.pools.size());
    out.flag(owed.comptroller).flag(owed.everything);
    put_addresses(out, owed.markets);
    put_addresses(out, owed.tokens);
    out.number(owed.pools.size());
    for (const unsigned pool : owed.pools) out.number(pool);
    return std::move(out).take();
}

/// How many records of each kind belong to the structure's.
struct Counts {
    std::size_t markets = 0;
    std::size_t pools = 0;
};

std::string decode_structure(std::string_view bytes, Address& comptroller, Structure& structure,
                             Owed& owed, Counts& counts) {
    RecordReader in(bytes, kVersion);
    comptroller = in.address();
    structure.oracle = in.address();
    structure.stable_controller = in.address();
    structure.stable_token = in.address();
    structure.liquidator = in.address();
    structure.has_user_forcing = in.flag();
    structure.rounding = enum_in(in, Rounding::half_up);
    structure.is_rounding_known = in.flag();
    structure.is_rounding_contradicted = in.flag();
    structure.clock = enum_in(in, AccrualClock::timestamp);
    structure.has_pools = in.flag();
    structure.close_factor = Wad::from_raw(in.word());
    structure.liquidation_incentive = Wad::from_raw(in.word());
    structure.paused = actions_in(in);
    structure.scale.unit = enum_in(in, PriceUnit::native);
    structure.scale.oracle = in.address();
    structure.scale.exponent = static_cast<unsigned>(in.below(78));
    structure.scale.dollar = in.address();
    structure.pace.block = in.number();
    structure.pace.time = in.number();
    counts.markets = in.below(kMaxMarketCount + 1);
    counts.pools = in.below(kMaxCount);
    owed.comptroller = in.flag();
    owed.everything = in.flag();
    read_addresses(in, owed.markets);
    read_addresses(in, owed.tokens);
    for (std::uint64_t left = in.below(kMaxCount); left > 0 && in.is_good(); --left) {
        owed.pools.insert(static_cast<unsigned>(in.below(UINT32_MAX)));
    }
    return in.finish();
}

// ---- markets and pools

void put_factors(RecordWriter& out, const Factors& factors) {
    out.word(factors.collateral.raw()).word(factors.liquidation.raw());
    out.flag(factors.incentive.has_value());
    if (factors.incentive) out.word(factors.incentive->raw());
}

Factors factors_in(RecordReader& in) {
    Factors out;
    out.collateral = Wad::from_raw(in.word());
    out.liquidation = Wad::from_raw(in.word());
    if (in.flag()) out.incentive = Wad::from_raw(in.word());
    return out;
}

void put_cap(RecordWriter& out, const std::optional<TokenAmount>& cap) {
    out.flag(cap.has_value());
    if (cap) out.word(cap->raw());
}

std::optional<TokenAmount> cap_in(RecordReader& in) {
    if (!in.flag()) return std::nullopt;
    return TokenAmount::from_raw(in.word());
}

std::string encode_market(const MarketEntry& entry) {
    const CToken& c = entry.c_token;
    RecordWriter out(kVersion);
    out.address(c.address).address(c.underlying).text(c.symbol).number(c.decimals);
    put_factors(out, c.factors);
    out.word(c.reserve_factor.raw()).word(c.protocol_seize_share.raw());
    put_cap(out, c.borrow_cap);
    put_cap(out, c.supply_cap);
    out.flag(c.is_listed).flag(c.is_always_liquidatable).number(c.paused.bits());
    out.number(entry.read_at).flag(entry.has_timestamp_getters).text(entry.doubt);
    out.word(entry.last_index.raw()).number(entry.index_block).number(entry.missed_from);
    out.flag(entry.last_total.has_value());
    if (entry.last_total) out.word(*entry.last_total);
    out.word(entry.rounding);
    return std::move(out).take();
}

std::string decode_market_record(std::string_view bytes, unsigned id, MarketEntry& entry) {
    RecordReader in(bytes, kVersion);
    CToken& c = entry.c_token;
    c.id = id;
    c.address = in.address();
    c.underlying = in.address();
    c.symbol = in.text();
    c.decimals = static_cast<unsigned>(in.below(78));
    c.factors = factors_in(in);
    c.reserve_factor = Wad::from_raw(in.word());
    c.protocol_seize_share = Wad::from_raw(in.word());
    c.borrow_cap = cap_in(in);
    c.supply_cap = cap_in(in);
    c.is_listed = in.flag();
    c.is_always_liquidatable = in.flag();
    c.paused = actions_in(in);
    entry.read_at = in.number();
    entry.has_timestamp_getters = in.flag();
    entry.doubt = in.text();
    entry.last_index = Wad::from_raw(in.word());
    entry.index_block = in.number();
    entry.missed_from = in.number();
    if (in.flag()) entry.last_total = in.word();
    entry.rounding = in.word();
    return in.finish();
}

std::string encode_pool(const RiskPool& pool) {
    RecordWriter out(kVersion);
    out.flag(pool.is_active).flag(pool.allows_core_fallback).number(pool.markets.size());
    for (const auto& [id, factors] : pool.markets) {
        out.number(id);
        put_factors(out, factors);
    }
    return std::move(out).take();
}

std::string decode_pool_record(std::string_view bytes, RiskPool& pool) {
    RecordReader in(bytes, kVersion);
    pool.is_active = in.flag();
    pool.allows_core_fallback = in.flag();
    for (std::uint64_t left = in.below(kMaxMarketCount + 1); left > 0 && in.is_good(); --left) {
        const auto id = static_cast<unsigned>(in.below(kMaxMarketCount));
        pool.markets[id] = factors_in(in);
    }
    return in.finish();
}

// ---- accounts

std::string encode_account(const AccountView& account) {
    RecordWriter out(kVersion);
    const AccountHead& head = *account.head;
    out.number(head.read_at).number(head.pool).number(head.markets);
    out.flag(head.stable != nullptr);
    if (head.stable) {
        out.word(head.stable->minted.raw()).word(head.stable->past_interest.raw());
        out.word(head.stable->index.raw());
    }
    out.number(account.holdings.size());
    for (const HoldingState& holding : account.holdings) {
        out.number(holding.market).flag(holding.entered).flag(holding.is_exact);
        out.flag(holding.is_forced);
        out.word(to_u256(holding.c_tokens)).word(to_u256(holding.principal));
        out.word(to_u256(holding.interest_index));
    }
    return std::move(out).take();
}

std::string decode_account_record(std::string_view bytes, AccountState& state) {
    RecordReader in(bytes, kVersion);
    state.head.read_at = in.number();
    state.head.pool = static_cast<std::uint32_t>(in.below(UINT32_MAX));
    state.head.markets = static_cast<std::uint16_t>(in.below(kMaxMarketCount + 1));
    if (in.flag()) {
        StableDebt stable;
        stable.minted = TokenAmount::from_raw(in.word());
        stable.past_interest = TokenAmount::from_raw(in.word());
        stable.index = Wad::from_raw(in.word());
        state.head.stable = std::make_shared<const StableDebt>(std::move(stable));
    }
    for (std::uint64_t left = in.below(kMaxMarketCount + 1); left > 0 && in.is_good(); --left) {
        HoldingState& holding = holding_in(state, static_cast<unsigned>(in.below(kMaxMarketCount)));
        holding.entered = in.flag();
        holding.is_exact = in.flag();
        holding.is_forced = in.flag();
        holding.c_tokens = in.compact();
        holding.principal = in.compact();
        holding.interest_index = in.compact();
    }
    return in.finish();
}

/// Borrows an account was told of while it is not followed: by market id in the ledger's own
/// records, by cToken in those of discovery.
template <class Key, class Put>
std::string encode_traces(const std::map<Key, Trace>& traces, bool is_stable_minter,
                          const Put& put) {
    RecordWriter out(kVersion);
    out.flag(is_stable_minter).number(traces.size());
    for (const auto& [key, trace] : traces) {
        put(out, key);
        out.word(to_u256(trace.principal)).word(to_u256(trace.interest_index));
        out.flag(trace.is_exact);
    }
    return std::move(out).take();
}

template <class Key, class Get>
std::string decode_traces(std::string_view bytes, std::map<Key, Trace>& traces,
                          bool& is_stable_minter, const Get& get) {
    RecordReader in(bytes, kVersion);
    is_stable_minter = in.flag();
    for (std::uint64_t left = in.below(kMaxMarketCount + 1); left > 0 && in.is_good(); --left) {
        Trace& trace = traces[get(in)];
        trace.principal = in.compact();
        trace.interest_index = in.compact();
        trace.is_exact = in.flag();
    }
    return in.finish();
}

/// A ledger being put together from records.
struct Loading {
    Address comptroller;
    Structure structure;
    AccountBook accounts;
    Owed owed;
    std::map<Address, Traces> traces;
    Counts counts;
    bool has_structure = false;

    std::string take(std::string_view key, std::string_view value);
    std::string take_account(std::string_view key, std::string_view value);
};

std::string Loading::take(std::string_view key, std::string_view value) {
    if (key == kStructure) {
        has_structure = true;
        return decode_structure(value, comptroller, structure, owed, counts);
    }
    if (key.starts_with(kMarket)) {
        const auto id = id_in_key(key.substr(kMarket.size()), kMaxMarketCount);
        return id ? decode_market_record(value, *id, structure.markets[*id]) : "its key is no id";
    }
    if (key.starts_with(kPool)) {
        const auto id = id_in_key(key.substr(kPool.size()), UINT32_MAX);
        return id ? decode_pool_record(value, structure.pools[*id]) : "its key is no id";
    }
    return take_account(key, value);
}

std::string Loading::take_account(std::string_view key, std::string_view value) {
    const std::string_view kind = key.starts_with(kOwed) ? kOwed : kAccount;
    if (!key.starts_with(kind)) return "of no known kind";
    const auto address = address_in_key(key.substr(kind.size()));
    if (!address) return "its key is no address";
    if (kind == kOwed) {
        owed.accounts.insert(*address);
        Traces told;
        bool is_stable_minter = false;
        std::string fault = decode_traces(value, told, is_stable_minter, [](RecordReader& in) {
            return static_cast<unsigned>(in.below(kMaxMarketCount));
        });
        if (!told.empty()) traces[*address] = std::move(told);
        return fault;
    }
    AccountState state;
    std::string fault = decode_account_record(value, state);
    if (fault.empty()) accounts.put(*address, state);
    return fault;
}

}  // namespace

std::vector<Record> encode_records(const Ledger& ledger, const Changed& changed) {
    const Structure& structure = ledger.structure();
    std::vector<Record> out;
    if (changed.structure) {
        out.push_back({std::string(kStructure), encode_structure(structure, ledger.owed())});
    }
    for (const unsigned id : changed.markets) {
        out.push_back({record_key(kMarket, id), encode_market(structure.markets.at(id))});
    }
    for (const unsigned id : changed.pools) {
        out.push_back({record_key(kPool, id), encode_pool(structure.pools.at(id))});
    }
    for (const Address& account : changed.accounts) {
        const auto view = ledger.accounts().find(account);
        out.push_back({record_key(kAccount, account),
                       view ? std::optional(encode_account(*view)) : std::nullopt});
    }
    for (const Address& account : changed.owed_accounts) {
        Record record{record_key(kOwed, account), std::nullopt};
        if (ledger.owed().accounts.contains(account)) {
            const auto told = ledger.traces().find(account);
            record.value =
                encode_traces(told == ledger.traces().end() ? Traces{} : told->second, false,
                              [](RecordWriter& to, unsigned market) { to.number(market); });
        }
        out.push_back(std::move(record));
    }
    return out;
}

Expected<void, ParseError> load_records(Ledger& ledger, std::span<const Record> records) {
    Loading loading;
    for (const Record& record : records) {
        if (!record.value) continue;
        const std::string fault = loading.take(record.key, *record.value);
        if (!fault.empty()) return parse_error("record " + record.key + ": " + fault);
    }
    if (!loading.has_structure) return parse_error("the structure's record is missing");
    if (loading.comptroller != ledger.structure().comptroller()) {
        return parse_error("the records are of another Comptroller");
    }
    if (loading.counts.markets != loading.structure.markets.size() ||
        loading.counts.pools != loading.structure.pools.size()) {
        return parse_error("records of markets or pools are missing");
    }
    ledger.restore(std::move(loading.structure), std::move(loading.accounts),
                   std::move(loading.owed), std::move(loading.traces));
    return {};
}

// ---- discovery

std::vector<Record> encode_discovered(Ledger& ledger) {
    const auto [accounts, markets] = ledger.take_discovered();
    const Structure& structure = ledger.structure();
    std::vector<Record> out;
    for (const Address& account : accounts) {
        std::map<Address, Trace> told;
        const auto traces = ledger.traces().find(account);
        if (traces != ledger.traces().end()) {
            for (const auto& [id, trace] : traces->second) {
                told[structure.markets.at(id).c_token.address] = trace;
            }
        }
        const bool is_minter = ledger.is_stable_minter(account);
        Record record{record_key(kBorrower, account), std::nullopt};
        if (!told.empty() || is_minter) {
            record.value = encode_traces(
                told, is_minter,
                [](RecordWriter& to, const Address& c_token) { to.address(c_token); });
        }
        out.push_back(std::move(record));
    }
    for (const unsigned id : markets) {
        const MarketEntry& market = structure.markets.at(id);
        RecordWriter value(kVersion);
        value.word(market.rounding).word(market.scan_index.raw());
        out.push_back({record_key(kSeen, market.c_token.address), std::move(value).take()});
    }
    return out;
}

Expected<void, ParseError> load_discovered(Ledger& ledger, std::span<const Record> records) {
    Ledger::Discovered out;
    for (const Record& record : records) {
        if (!record.value) continue;
        const std::string_view key = record.key;
        const bool is_borrower = key.starts_with(kBorrower);
        if (!is_borrower && !key.starts_with(kSeen)) {
            return parse_error("record " + record.key + ": of no known kind");
        }
        const auto address =
            address_in_key(key.substr(is_borrower ? kBorrower.size() : kSeen.size()));
        if (!address) return parse_error("record " + record.key + ": its key is no address");
        std::string fault;
        if (is_borrower) {
            bool is_minter = false;
            fault = decode_traces(*record.value, out.traces[*address], is_minter,
                                  [](RecordReader& in) { return in.address(); });
            if (is_minter) out.stable_minters.insert(*address);
        } else {
            RecordReader in(*record.value, kVersion);
            out.markets[*address].rounding = in.word();
            out.markets[*address].scan_index = Wad::from_raw(in.word());
            fault = in.finish();
        }
        if (!fault.empty()) return parse_error("record " + record.key + ": " + fault);
    }
    ledger.resume(out);
    return {};
}

}  // namespace plimsoll::protocols::compound_v2
