#include "config/groups.hpp"

namespace plimsoll::config {

const std::vector<GroupSettings>& shipped_groups() {
    // Symbols as the tokens themselves tell them. Claims on staked ETH and wrapped BTC whose price
    // follows the leader's; not included: pool shares and tokens with a maturity.
    static const std::vector<GroupSettings> groups{
        {.name = "ETH",
         .leader = "WETH",
         .members = {"WETH",    "WETH.e", "ETH",   "stETH",  "wstETH",  "rETH",   "cbETH",
                     "weETH",   "eETH",   "ezETH", "osETH",  "rsETH",   "wrsETH", "ETHx",
                     "tETH",    "mETH",   "cmETH", "frxETH", "sfrxETH", "pufETH", "swETH",
                     "ankrETH", "wBETH",  "BETH",  "ETHB"},
         .shipped = true},
        {.name = "BTC",
         .leader = "WBTC",
         .members = {"WBTC", "WBTC.e", "BTC", "BTC.b", "BTCB", "cbBTC", "tBTC", "LBTC", "eBTC",
                     "FBTC", "SolvBTC"},
         .shipped = true},
        {.name = "TRX", .leader = "TRX", .members = {"TRX", "sTRX", "WTRX"}, .shipped = true}};
    return groups;
}

}  // namespace plimsoll::config
