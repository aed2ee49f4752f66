// Small texts: hex, quantities, addresses, names written by strangers, canonical JSON, archive
// lines.

#include "abi/address.hpp"
#include "abi/hex.hpp"
#include "abi/quantity.hpp"
#include "abi/word.hpp"
#include "daemon/alerts/canonical.hpp"
#include "daemon/alerts/jsonl.hpp"
#include "daemon/alerts/text.hpp"
#include "daemon/rpc/json.hpp"
#include "protocols/common/symbol.hpp"
#include "tests/fuzz/input.hpp"

#include <nlohmann/json.hpp>

using namespace plimsoll;
using fuzz::require;

namespace {

void check_words(std::string_view text) {
    if (const auto bytes = parse_hex(text)) require(to_hex(*bytes).size() == text.size());
    if (const auto word = parse_bytes32(text)) require(parse_bytes32(to_hex(*word)) == *word);
    if (const auto value = parse_quantity64(text)) {
        require(parse_quantity64(to_quantity(*value)) == *value);
    }
    (void)parse_quantity(text);
    if (const auto value = parse_decimal(text)) require(to_decimal(*value) == text);
    if (const auto address = parse_address(text)) {
        require(parse_address(to_checksum(*address)) == *address);
        require(parse_address(to_lower_hex(*address)) == *address);
    }
    if (const auto address = parse_any_address(text)) {
        require(parse_any_address(to_base58check(*address)) == *address);
        require(parse_any_address(to_tron_hex(*address)) == *address);
    }
}

void check_names(std::string_view text) {
    const std::string clean = alerts::clean_text(text);
    require(alerts::clean_text(clean) == clean);
    require(nlohmann::json(clean).dump().size() >= clean.size());  // throws on invalid UTF-8
    const std::string cut = alerts::cut_text(text, 10);
    require(cut.size() <= 40);
    const std::string symbol = protocols::clean_symbol(text);
    require(protocols::clean_symbol(symbol) == symbol);
    require(!nlohmann::json(symbol).dump().empty());
}

void check_lines(std::string_view text) {
    if (const auto line = alerts::parse_jsonl_line(text)) {
        require(alerts::jsonl_line(line->body, line->signature, line->signer) == std::string(text));
    }
    const auto json = rpc::parse_json(text, {64, 20'000});
    if (!json) return;
    const auto canonical = alerts::canonical_json(*json);
    if (!canonical) return;
    const auto again = rpc::parse_json(*canonical, {64, 20'000});
    require(again.has_value() && alerts::canonical_json(*again) == *canonical);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::as_text(data, size);
    check_words(text);
    check_names(text);
    check_lines(text);
    return 0;
}
