#include "protocols/aave_v3/records.hpp"

#include "protocols/aave_v3/reads.hpp"
#include "protocols/common/record_bytes.hpp"

#include <string_view>

namespace plimsoll::protocols::aave_v3 {
namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kMaxCount = 1U << 20U;

// Keys: "market", "reserve/7", "category/1", "account/<40 hex digits>", "owed/<40 hex digits>".
constexpr std::string_view kMarket = "market";
constexpr std::string_view kReserve = "reserve/";
constexpr std::string_view kCategory = "category/";
constexpr std::string_view kAccount = "account/";
constexpr std::string_view kOwed = "owed/";

std::string encode_market(const Structure& structure, const Owed& owed) {
    RecordWriter out(kVersion);
    const Contracts& contracts = structure.contracts;
    out.address(structure.provider).address(contracts.pool).address(contracts.configurator);
    out.address(contracts.oracle).address(contracts.sentinel);
    out.optional(structure.pool_revision).flag(structure.pool_upgraded);
    out.flag(structure.base_unit_known).word(structure.base_unit);
    out.number(structure.retired.size());
    for (const unsigned id : structure.retired) out.number(id);
    out.number(structure.reserves.size()).number(structure.e_modes.size());
    out.flag(owed.contracts).flag(owed.pool).flag(owed.everything);
    for (const auto* assets : {&owed.reserves, &owed.tokens}) {
        out.number(assets->size());
        for (const Address& asset : *assets) out.address(asset);
    }
    out.number(owed.categories.size());
    for (const unsigned id : owed.categories) out.number(id);
    return std::move(out).take();
}

/// How many records of each kind belong to the market's.
struct Counts {
    std::size_t reserves = 0;
    std::size_t categories = 0;
};

std::string decode_market(std::string_view bytes, Structure& structure, Owed& owed,
                          Counts& counts) {
    RecordReader in(bytes, kVersion);
    structure.provider = in.address();
    structure.contracts.pool = in.address();
    structure.contracts.configurator = in.address();
    structure.contracts.oracle = in.address();
    structure.contracts.sentinel = in.address();
    structure.pool_revision = in.optional();
    structure.pool_upgraded = in.flag();
    const auto rules =
        structure.pool_revision ? rule_set_of_pool(*structure.pool_revision) : std::nullopt;
    structure.rules_known = rules.has_value();
    structure.rules = rules.value_or(RuleSet::v3_7);
    structure.base_unit_known = in.flag();
    structure.base_unit = in.word();
    if (structure.base_unit == 0) in.fail("the base unit is zero");
    for (std::uint64_t left = in.below(kMaxReserves + 1); left > 0; --left) {
        structure.retired.insert(static_cast<unsigned>(in.below(kMaxReserves)));
    }
    counts.reserves = in.below(kMaxReserves + 1);
    counts.categories = in.below(256);
    owed.contracts = in.flag();
    owed.pool = in.flag();
    owed.everything = in.flag();
    for (auto* assets : {&owed.reserves, &owed.tokens}) {
        for (std::uint64_t left = in.below(kMaxCount); left > 0 && in.is_good(); --left) {
            assets->insert(in.address());
        }
    }
    for (std::uint64_t left = in.below(256); left > 0; --left) {
        owed.categories.insert(static_cast<unsigned>(in.below(256)));
    }
    return in.finish();
}

std::string encode_reserve(const ReserveState& state) {
    const Reserve& r = state.stored;
    RecordWriter out(kVersion);
    out.address(r.asset).text(r.symbol).word(r.config.word());
    out.word(r.liquidity_index.raw()).word(r.liquidity_rate.raw());
    out.word(r.variable_borrow_index.raw()).word(r.variable_borrow_rate.raw());
    out.number(r.last_update).address(r.a_token).address(r.stable_debt_token);
    out.address(r.variable_debt_token).number(r.liquidation_grace_until).number(state.read_at);
    out.address(state.price_source).address(state.treasury);
    out.optional(state.a_token_revision).optional(state.debt_token_revision);
    out.flag(state.a_token_upgraded).flag(state.debt_token_upgraded);
    return std::move(out).take();
}

std::string decode_reserve(std::string_view bytes, unsigned id, ReserveState& state) {
    RecordReader in(bytes, kVersion);
    Reserve& r = state.stored;
    r.id = id;
    r.asset = in.address();
    r.symbol = in.text();
    r.config = ReserveConfig(in.word());
    r.liquidity_index = Ray::from_raw(in.word());
    r.liquidity_rate = Ray::from_raw(in.word());
    r.variable_borrow_index = Ray::from_raw(in.word());
    r.variable_borrow_rate = Ray::from_raw(in.word());
    r.last_update = in.number();
    r.a_token = in.address();
    r.stable_debt_token = in.address();
    r.variable_debt_token = in.address();
    r.liquidation_grace_until = in.number();
    state.read_at = in.number();
    state.price_source = in.address();
    state.treasury = in.address();
    state.a_token_revision = in.optional();
    state.debt_token_revision = in.optional();
    state.a_token_upgraded = in.flag();
    state.debt_token_upgraded = in.flag();
    r.a_token_rules = token_rules_or_newest(state.a_token_revision);
    r.debt_token_rules = token_rules_or_newest(state.debt_token_revision);
    return in.finish();
}

std::string encode_category(const EMode& mode) {
    RecordWriter out(kVersion);
    out.word(mode.ltv.raw()).word(mode.liquidation_threshold.raw());
    out.word(mode.liquidation_bonus.raw()).address(mode.price_source);
    out.word(mode.collateral_bitmap).word(mode.ltvzero_bitmap).flag(mode.isolated);
    return std::move(out).take();
}

std::string decode_category(std::string_view bytes, unsigned id, EMode& mode) {
    RecordReader in(bytes, kVersion);
    mode.id = id;
    mode.ltv = Bps::from_raw(in.word());
    mode.liquidation_threshold = Bps::from_raw(in.word());
    mode.liquidation_bonus = Bps::from_raw(in.word());
    mode.price_source = in.address();
    mode.collateral_bitmap = in.word();
    mode.ltvzero_bitmap = in.word();
    mode.isolated = in.flag();
    return in.finish();
}

U256 to_word(const ReserveSet& set) {
    static const ReserveSet kLow(UINT64_MAX);
    return to_u256(Compact128{(set >> 64U).to_ullong(), (set & kLow).to_ullong()});
}

ReserveSet to_reserve_set(const Compact128& bits) {
    return (ReserveSet(bits.high) << 64U) | ReserveSet(bits.low);
}

std::string encode_account(const AccountView& account) {
    RecordWriter out(kVersion);
    out.number(account.read_at).number(account.e_mode).word(to_word(account.tracked));
    out.number(account.holdings.size());
    for (const HoldingState& holding : account.holdings) {
        out.number(holding.reserve).flag(holding.collateral);
        out.word(to_u256(holding.supplied)).word(to_u256(holding.variable_debt));
    }
    out.number(account.stable.size());
    for (const StableState& stable : account.stable) {
        out.number(stable.reserve).word(to_u256(stable.principal)).word(to_u256(stable.rate));
        out.number(stable.last_update);
    }
    return std::move(out).take();
}

std::string decode_account(std::string_view bytes, AccountState& state) {
    RecordReader in(bytes, kVersion);
    state.read_at = in.number();
    state.e_mode = static_cast<std::uint8_t>(in.below(256));
    state.tracked = to_reserve_set(in.compact());
    for (std::uint64_t left = in.below(kMaxReserves + 1); left > 0; --left) {
        HoldingState& holding = state.holding(static_cast<unsigned>(in.below(kMaxReserves)));
        holding.collateral = in.flag();
        holding.supplied = in.compact();
        holding.variable_debt = in.compact();
    }
    for (std::uint64_t left = in.below(kMaxReserves + 1); left > 0; --left) {
        StableState& stable = state.stable_debt(static_cast<unsigned>(in.below(kMaxReserves)));
        stable.principal = in.compact();
        stable.rate = in.compact();
        stable.last_update = in.number();
    }
    return in.finish();
}

/// A ledger being put together from records.
struct Loading {
    Structure structure;
    AccountBook accounts;
    Owed owed;
    Counts counts;
    bool has_market = false;

    std::string take(std::string_view key, std::string_view value);
};

std::string Loading::take(std::string_view key, std::string_view value) {
    if (key == kMarket) {
        has_market = true;
        return decode_market(value, structure, owed, counts);
    }
    if (key.starts_with(kReserve)) {
        const auto id = id_in_key(key.substr(kReserve.size()), kMaxReserves);
        return id ? decode_reserve(value, *id, structure.reserves[*id]) : "its key is no id";
    }
    if (key.starts_with(kCategory)) {
        const auto id = id_in_key(key.substr(kCategory.size()), 256);
        return id ? decode_category(value, *id, structure.e_modes[*id]) : "its key is no id";
    }
    const std::string_view kind = key.starts_with(kOwed) ? kOwed : kAccount;
    if (!key.starts_with(kind)) return "of no known kind";
    const auto address = address_in_key(key.substr(kind.size()));
    if (!address) return "its key is no address";
    if (kind == kOwed) {
        owed.accounts.insert(*address);
        return RecordReader(value, kVersion).finish();
    }
    AccountState state;
    std::string fault = decode_account(value, state);
    if (fault.empty()) accounts.put(*address, state);
    return fault;
}

}  // namespace

std::vector<Record> encode_records(const Ledger& ledger, const Changed& changed) {
    const Structure& structure = ledger.structure();
    std::vector<Record> out;
    if (changed.market) {
        out.push_back({std::string(kMarket), encode_market(structure, ledger.owed())});
    }
    for (const unsigned id : changed.reserves) {
        const auto found = structure.reserves.find(id);
        out.push_back(
            {record_key(kReserve, id), found == structure.reserves.end()
                                           ? std::nullopt
                                           : std::optional(encode_reserve(found->second))});
    }
    for (const unsigned id : changed.categories) {
        const auto found = structure.e_modes.find(id);
        out.push_back(
            {record_key(kCategory, id), found == structure.e_modes.end()
                                            ? std::nullopt
                                            : std::optional(encode_category(found->second))});
    }
    for (const Address& account : changed.accounts) {
        const auto view = ledger.accounts().find(account);
        out.push_back({record_key(kAccount, account),
                       view ? std::optional(encode_account(*view)) : std::nullopt});
    }
    for (const Address& account : changed.owed_accounts) {
        const bool owed = ledger.owed().accounts.contains(account);
        out.push_back({record_key(kOwed, account),
                       owed ? std::optional(RecordWriter(kVersion).take()) : std::nullopt});
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
    if (!loading.has_market) return parse_error("the market's record is missing");
    if (loading.structure.provider != ledger.structure().provider) {
        return parse_error("the records are of another PoolAddressesProvider");
    }
    if (loading.counts.reserves != loading.structure.reserves.size() ||
        loading.counts.categories != loading.structure.e_modes.size()) {
        return parse_error("records of reserves or e-mode categories are missing");
    }
    ledger.restore(std::move(loading.structure), std::move(loading.accounts),
                   std::move(loading.owed));
    return {};
}

}  // namespace plimsoll::protocols::aave_v3
