#pragma once

#include "daemon/rpc/rpc_error.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace plimsoll::rpc {

/// The range or the number of blocks that a provider's error names, in any known wording. `words`
/// is the message in lower case; `data` the error's data, or null. A named number of blocks is
/// meant as an inclusive count, which every provider accepts (limits differ by one).
RangeHint range_hint(std::string_view words, const nlohmann::json* data);

/// The first whole number in `words`: digits, optional thousands separators, optional `k`. None
/// when there is none or it does not fit 64 bits.
std::optional<std::uint64_t> first_number(std::string_view words);

}  // namespace plimsoll::rpc
