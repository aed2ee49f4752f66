#pragma once

#include "abi/word.hpp"
#include "protocols/common/units.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace plimsoll::alerts {

/// `raw` with `decimals`, cut (never rounded up) to `places`: 0.9999 is not 1.
std::string decimal(const U256& raw, unsigned decimals, unsigned places);
/// As above rounded up: enough is at least this much.
std::string decimal_up(const U256& raw, unsigned decimals, unsigned places);
/// An amount of a token for people: 4 places from one whole on, 8 below, no trailing zeros.
std::string amount_text(const U256& raw, unsigned decimals, bool up = false);
/// The digits before the point in groups of three: "1,250,000.00".
std::string grouped(std::string_view number);
/// "1250000.00 USD".
std::string usd_text(const Usd8& usd);
/// A share with so many decimals as a percentage: 7500 with 4 is "75%"; the value itself where it
/// is no number.
std::string percent_text(const std::string& value, unsigned decimals);
/// "0x0000...00a1".
std::string short_account(std::string_view account);
/// A name written by a contract: cleaned and cut, never empty.
std::string name_text(std::string_view name);
/// "1 block", "2 blocks".
std::string count_text(std::uint64_t count, std::string_view noun);

}  // namespace plimsoll::alerts
