// A reply of a JSON-RPC endpoint: any bytes, with any HTTP status.

#include "daemon/rpc/json_rpc.hpp"
#include "daemon/rpc/redact.hpp"
#include "tests/fuzz/input.hpp"

#include <nlohmann/json.hpp>

#include <array>

using namespace plimsoll;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const rpc::Redactor redactor{[] {
        rpc::EndpointSettings settings;
        settings.url = Secret("https://node.example/v2/0123456789abcdef0123456789abcdef");
        return settings;
    }()};
    const rpc::ReplyRules rules{redactor, {64, 20'000}, true};
    fuzz::Input input(data, size);
    static constexpr std::array<long, 8> kStatuses{200, 400, 403, 404, 429, 500, 503, 302};
    rpc::HttpReply reply;
    reply.status = kStatuses.at(input.byte() % kStatuses.size());
    reply.body = std::string(input.text());

    const auto one = rpc::decode_reply(reply, 1, rules);
    if (!one) fuzz::require(one.error().message.size() < 2000);
    const std::array<std::uint64_t, 3> ids{1, 2, 3};
    fuzz::require(rpc::decode_batch(reply, ids, rules).size() == ids.size());

    if (const auto json = rpc::parse_json(reply.body, rules.json)) {
        const auto again = rpc::parse_json(json->dump(), rules.json);
        fuzz::require(again.has_value() && again->dump() == json->dump());
    }
    return 0;
}
