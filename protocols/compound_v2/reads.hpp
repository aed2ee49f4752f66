#pragma once

#include "protocols/common/log.hpp"
#include "protocols/common/replies.hpp"
#include "protocols/compound_v2/account_book.hpp"
#include "protocols/compound_v2/structure.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::protocols::compound_v2 {

/// Calls and what their results say. Every decoder takes exactly the results of the calls its
/// neighbour makes; a result that reverted or does not decode is a `ReadFault` naming the call,
/// except where it is said to be optional.

/// The Comptroller's own state. What a generation does not have is missing.
struct ComptrollerReply {
    Address oracle;
    std::vector<Address> c_tokens;
    Wad close_factor;
    std::optional<Wad> liquidation_incentive;
    Actions paused;             ///< in every market
    Address stable_controller;  ///< zero: none
    Address stable_token;       ///< of the controller known before; zero: not known
    Address liquidator;         ///< the only one who may liquidate; zero: anybody may
    bool has_user_forcing = false;
};
std::vector<Call> comptroller_calls(const Structure& structure);
Reply<ComptrollerReply> decode_comptroller(Results results);

/// One market, but for its underlying's symbol and decimals.
struct MarketReply {
    CToken c_token;  ///< the native coin's symbol and decimals are set
    bool has_pools = false;
    bool has_timestamp_getters = false;
    AccrualClock clock = AccrualClock::block;
    Wad borrow_index;
};
std::vector<Call> market_calls(const Structure& structure, const Address& c_token);
Reply<MarketReply> decode_market(const Structure& structure, const Address& c_token,
                                 Results results, const BlockRef& at);

/// The underlying of a market that is not the native coin's.
struct TokenReply {
    std::string symbol;                ///< clean; empty where it has none
    std::optional<unsigned> decimals;  ///< none: no such function
};
std::vector<Call> token_calls(const Address& underlying);
Reply<TokenReply> decode_token(Results results);

/// One pool of risk: its switches and the factors of the markets it lists.
std::vector<Call> pool_calls(const Structure& structure, unsigned pool);
Reply<RiskPool> decode_pool(const Structure& structure, Results results);

/// The indexes that balances read at the same block are tied to.
struct Indexes {
    std::map<unsigned, Wad> markets;  ///< `borrowIndex()` by market id
    Wad stable;                       ///< `vaiMintIndex()`
};
std::vector<Call> index_calls(const Structure& structure);
Reply<Indexes> decode_indexes(const Structure& structure, Results results);

/// One account: the markets it entered, and `getAccountSnapshot` in every market. A holding's
/// `principal` is the borrow balance as answered, its index the market's at the block.
std::vector<Call> account_calls(const Structure& structure, const Address& account);
Reply<AccountState> decode_account(const Structure& structure, const Indexes& indexes,
                                   Results results);

/// The three words of `getAccountLiquidity`; none where it reverts.
struct LiquidityReply {
    U256 error;
    U256 liquidity;
    U256 shortfall;

    friend bool operator==(const LiquidityReply&, const LiquidityReply&) = default;
};
Call liquidity_call(const Structure& structure, const Address& account);
/// `getHypotheticalAccountLiquidity`, had the account redeemed 1e18 of the cToken's units: what one
/// of them counts for, times 1e18, is added to its borrows.
Call hypothetical_call(const Structure& structure, const Address& account, const Address& c_token);
Reply<std::optional<LiquidityReply>> decode_liquidity(const CallResult& result);

}  // namespace plimsoll::protocols::compound_v2
