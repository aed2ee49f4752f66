// What stands inside replies: headers, logs, the return data of a multicall and of contracts.

#include "abi/codec.hpp"
#include "abi/hex.hpp"
#include "daemon/chain/evm_json.hpp"
#include "daemon/chain/multicall.hpp"
#include "daemon/chain/tron_call_site.hpp"
#include "daemon/chain/tron_json.hpp"
#include "daemon/rpc/json.hpp"
#include "tests/fuzz/input.hpp"

#include <nlohmann/json.hpp>

using namespace plimsoll;

namespace {

void read_words(std::span<const std::uint8_t> data) {
    const plimsoll::abi::Reader reader(data);
    for (std::size_t i = 0; i < 6; ++i) {
        (void)reader.word(i);
        (void)reader.uint64(i);
        (void)reader.address(i);
        (void)reader.boolean(i);
        if (const auto text = reader.string(i, 256)) fuzz::require(text->size() <= 256);
        if (const auto list = reader.addresses(i, 64)) fuzz::require(list->size() <= 64);
    }
    (void)reader.word(std::numeric_limits<std::size_t>::max());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const std::uint8_t way = input.byte();
    if (way % 2 == 0) {
        const auto json = rpc::parse_json(input.text(), {64, 20'000});
        if (!json) return 0;
        (void)chain::parse_header(*json);
        (void)chain::parse_log(*json);
        (void)chain::parse_tron_block(*json);
        (void)chain::parse_tron_call(*json);
        (void)chain::parse_tron_infos(*json, {});
        (void)chain::parse_event_page(*json);
        return 0;
    }
    const std::size_t count = (way / 2) % 8U;
    const std::span<const std::uint8_t> rest = std::span(data, size).subspan(1);
    read_words(rest);
    if (const auto results = chain::decode_aggregate3(rest, count)) {
        std::size_t bytes = 0;
        for (const auto& one : *results) bytes += one.data.size();
        fuzz::require(results->size() == count && bytes <= rest.size());
        (void)chain::tron_block_of(*results);
        (void)chain::check_proof(*results, {}, chain::SnapshotProof::full);
        (void)chain::check_proof(*results, {}, chain::SnapshotProof::arbitrum);
    }
    (void)chain::check_proof_code(rest, {}, chain::SnapshotProof::full);
    return 0;
}
