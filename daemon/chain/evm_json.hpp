#pragma once

#include "abi/expected.hpp"
#include "protocols/common/block.hpp"
#include "protocols/common/log.hpp"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace plimsoll::chain {

/// What the daemon reads of a block header. Unused fields are not looked at, since some chains fill
/// them with nonsense.
struct EvmHeader {
    BlockRef block;
    std::optional<std::array<std::uint8_t, 256>> bloom;  ///< none when absent or malformed
};
Expected<EvmHeader, ParseError> parse_header(const nlohmann::json& value);

/// A log of a mined block. `block_time` is 0 unless the node gave one. Logs marked as removed, and
/// logs that lie in no block yet, are errors.
Expected<protocols::Log, ParseError> parse_log(const nlohmann::json& value);

/// A block argument of eth_call and eth_getCode: by hash, and only while that block is canonical.
std::string block_by_hash(const Bytes32& hash);
std::string block_by_number(BlockNumber number);

// Parameters as JSON text, in canonical lower case. `block` is a block argument or a quoted tag.
std::string header_params(const std::string& block);
std::string header_by_hash_params(const Bytes32& hash);
/// Without `to`: the data is code to run (a creation that is thrown away).
std::string call_params(const std::optional<Address>& to, std::span<const std::uint8_t> data,
                        const std::string& block);
std::string code_params(const Address& address, const std::string& block);
std::string logs_of_params(std::span<const Address> addresses, std::span<const Bytes32> topics,
                           const Bytes32& block);
std::string logs_in_params(std::span<const Address> addresses, std::span<const Bytes32> topics,
                           BlockNumber from, BlockNumber to);

}  // namespace plimsoll::chain
