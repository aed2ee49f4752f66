#pragma once

#include "protocols/compound_v2/compound_v2.hpp"
#include "protocols/compound_v2/model.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::protocols::compound_v2 {

/// The stablecoin that a deployment of Venus mints against collateral. One counts one dollar.
inline constexpr std::string_view kStableSymbol = "VAI";
inline constexpr unsigned kStableDecimals = 18;

/// A market and what following it needs besides the arithmetic.
struct MarketEntry {
    CToken c_token;           ///< without `stored`: every round reads that
    BlockNumber read_at = 0;  ///< 0: not read yet
    /// `accrualBlockTimestamp` and `borrowRatePerTimestamp` instead of the block's.
    bool has_timestamp_getters = false;
    std::string doubt;  ///< what could not be read of the underlying
    /// The index as the last accrual told it (or as it was read), and the block it was told in.
    Wad last_index;
    BlockNumber index_block = 0;
    /// Total borrows as the last log told them, or as they were read at the end of a round. None:
    /// not known yet.
    std::optional<U256> last_total;
    /// From this block on logs are missing, see `Ledger::note_missed`; 0: none are.
    BlockNumber missed_from = 0;
    /// `last_index` and `index_block` of the logs before the ledger's first block.
    Wad scan_index;
    BlockNumber scan_block = 0;
    /// Units by which the total and the sum of the balances can be apart by what was rounded since
    /// the deployment: see `note_accrual`.
    U256 rounding = 0;

    /// Counts an accrual that told this total and index, `before` being the index before it. It
    /// rounds the interest down to a unit, and the index, which is worth one unit for each 1e18
    /// that were owed: those of then, for what was rounded stays in the total when they are repaid.
    /// What was apart before bears interest too.
    void note_accrual(const U256& total, const Wad& index, const Wad& before);
    /// Counts a borrow or a repayment, which rounds one balance.
    void note_borrow_change();
};

/// How the prices are stated, as found out.
struct PriceScale {
    PriceUnit unit = PriceUnit::unknown;
    Address oracle;         ///< whose prices it was found in
    unsigned exponent = 0;  ///< `native`: the coin's own price is 10^exponent
    /// `native`: the cToken whose underlying counts as one dollar, chosen once; zero: none yet.
    Address dollar;

    friend bool operator==(const PriceScale&, const PriceScale&) = default;
};

/// A block seen long ago, to tell how fast blocks come.
struct Pace {
    BlockNumber block = 0;
    BlockTime time = 0;
};

/// A deployment without its accounts and prices: everything that is read at the start and again
/// when an event says it changed.
struct Structure {
    std::shared_ptr<const CompoundV2Settings> settings;  ///< immutable
    Address oracle;                                      ///< zero until the Comptroller is read
    BlockNumber oracle_since = 0;  ///< the block of the log that told of it; 0: before all logs
    Address stable_controller;
    Address stable_token;           ///< zero: not known
    Address liquidator;             ///< the only one who may liquidate; zero: anybody may
    bool has_user_forcing = false;  ///< liquidation can be forced for single users
    Rounding rounding = Rounding::truncate;
    /// False: no answer of the Comptroller told the two roundings apart yet.
    bool is_rounding_known = false;
    /// A sampled answer was neither's, or they contradicted each other.
    bool is_rounding_contradicted = false;
    AccrualClock clock = AccrualClock::block;
    bool has_pools = false;
    Wad close_factor;
    Wad liquidation_incentive;
    Actions paused;  ///< in every market, besides what is paused in it
    PriceScale scale;
    Pace pace;
    std::map<unsigned, MarketEntry> markets;  ///< by our id; never erased
    std::map<unsigned, RiskPool> pools;       ///< by pool id; those that accounts are in

    const Address& comptroller() const { return settings->comptroller; }
    bool is_known() const { return !oracle.is_zero(); }
    const MarketEntry* find(const Address& c_token) const;
    MarketEntry* find(const Address& c_token);
    const MarketEntry* native_market() const;
    /// An address as people of the chain write it.
    std::string written(const Address& address) const {
        return to_text(address, settings->addresses);
    }
    /// Symbol of the underlying, or the address where no market has it.
    std::string name_of(const Address& c_token) const;
    /// Decimals of the price of a token without any.
    unsigned whole_decimals() const {
        return scale.unit == PriceUnit::native ? scale.exponent + settings->native_decimals : 36U;
    }
    /// Decimals by which an oracle price of the market's underlying is a number of its unit.
    unsigned price_decimals(const CToken& market) const;
    /// Whether there are that many: an oracle's unit may be too coarse for a token's decimals.
    bool can_tell_price(const CToken& market) const { return market.decimals <= whole_decimals(); }
};

}  // namespace plimsoll::protocols::compound_v2
