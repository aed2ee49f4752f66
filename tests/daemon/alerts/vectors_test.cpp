#include "tests/daemon/alerts/vectors.hpp"

#include "abi/hex.hpp"
#include "abi/keccak.hpp"
#include "daemon/alerts/alert.hpp"
#include "daemon/alerts/eip.hpp"
#include "daemon/alerts/jsonl.hpp"
#include "daemon/alerts/sign.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace plimsoll::alerts {
namespace {

using nlohmann::json;
using testing::alert_vectors;
using testing::vector_text;

Bytes32 filled(std::uint8_t byte) {
    Bytes32 out;
    out.bytes.fill(byte);
    return out;
}

Alert position_alert() {
    Alert a;
    a.type = "position.liquidatable.firing";
    a.rule = "hf-under-1";
    a.severity = Severity::critical;
    a.chain = "eip155:1";
    a.protocol = "aave-v3-main";
    a.subject = "0x00000000000000000000000000000000000000a1";
    a.alert_key = alert_key(a.rule, a.chain, a.protocol, a.subject);
    a.episode = 24'000'000;
    a.block = {24'000'000, filled(0x11), {}, 1'768'478'411};
    a.finality = "safe";
    a.at = 1'768'478'411;
    a.title = "Position can be liquidated on aave-v3-main";
    a.text = "0x0000...00a1: health factor 0.9988, debt 1250000.00 USD";
    a.extra = {{"debt_usd", amount(U256(125'000'000'000'000), 8)},
               {"health_factor", amount(U256(998'877'665'544'332'211), 18)}};
    return a;
}

Alert retraction_alert() {
    Alert a;
    a.type = "position.liquidated.retracted";
    a.rule = "liquidations";
    a.severity = Severity::warning;
    a.chain = "tron:0x2b6653dc";
    a.protocol = "justlend";
    a.subject = "T9yD14Nj9j7xAB4dbGeiX9h8unkfM3k1fd";
    a.alert_key = event_alert_key(a.rule, a.chain, a.protocol, filled(0x33), 7, a.subject);
    a.seq = 2;
    a.block = {79'000'001, filled(0x22), {}, 1'768'478'400};
    std::fill_n(a.block.hash.bytes.begin(), 4, std::uint8_t{0});
    a.at = 1'768'478'580;
    a.title = "Retracted: liquidation on justlend";
    a.text =
        "The block with \"liquidateBorrow\" left the chain — health ≤ 1 no longer holds.\n"
        "Path: a\\b 🌊 é";
    a.extra = {{"reason", "reorg"}, {"retracts", "msg_a8c4048454f17f714598cdde639ce478"}};
    return a;
}

Alert band_alert() {
    Alert a;
    a.type = "band.exposure.resolved";
    a.rule = "eth-2200-2400";
    a.severity = Severity::info;
    a.chain = "eip155:1";
    a.protocol = "aave-v3-main";
    a.subject = "ETH";
    a.alert_key = alert_key(a.rule, a.chain, a.protocol, a.subject);
    a.episode = 23'999'000;
    a.seq = 4;
    a.block = {24'000'301, filled(0xff), {}, 1'768'482'000};
    a.finality = "finalized";
    a.at = 1'768'482'000;
    a.title = "ETH band 2200-2400 is below its threshold";
    a.extra = {
        {"band",
         {{"low", amount(U256(220'000'000'000), 8)}, {"high", amount(U256(240'000'000'000), 8)}}},
        {"collateral", amount(u256_max(), 18)},
        {"labels", json::object()},
        {"top", json::array()}};
    return a;
}

struct Case {
    const char* name;
    std::size_t index;
    Alert (*make)();
};

class WebhookVector : public ::testing::TestWithParam<Case> {
  protected:
    const json& vector() const { return alert_vectors().at("vectors").at(GetParam().index); }
    std::string text(const char* name) const { return vector_text(vector(), name); }
    std::string header(const char* name) const { return vector_text(vector().at("headers"), name); }
    Signer signer() const {
        return Signer::make(Secret(text("TEST_PRIVATE_KEY")), parse_address(text("signer")).value())
            .value();
    }
};

TEST_P(WebhookVector, body_is_made_byte_for_byte) {
    const std::string body = body_of(GetParam().make(), text("instance"));
    EXPECT_EQ(body, text("body"));
    EXPECT_EQ(body.size(), vector().at("body_bytes").get<std::size_t>());
    EXPECT_EQ(to_hex(keccak256(body)), text("body_keccak256"));
}

TEST_P(WebhookVector, message_id_is_made_of_instance_key_episode_and_seq) {
    const Alert alert = GetParam().make();
    EXPECT_EQ(message_id(text("instance"), alert.alert_key, alert.episode, alert.seq),
              header("webhook-id"));
    EXPECT_EQ("plimsoll-msg-v1\n" + text("instance") + "\n" + alert.alert_key + "\n" +
                  std::to_string(alert.episode) + "\n" + std::to_string(alert.seq),
              text("message_id_preimage"));
}

TEST_P(WebhookVector, eip191_signature_and_signer) {
    EXPECT_EQ(to_hex(eip191_digest(text("body"))), text("eip191_digest"));
    const Signer key = signer();
    EXPECT_EQ(key.sign(text("body")), header("plimsoll-signature-eip191"));
    EXPECT_EQ(to_checksum(key.address()), header("plimsoll-signer"));
    EXPECT_EQ(verify(text("body"), header("plimsoll-signature-eip191")).value(), key.address());
}

TEST_P(WebhookVector, eip712_message_hashes_and_signature) {
    const auto typed = typed_alert(text("body"));
    ASSERT_TRUE(typed.has_value());
    const json& expected = vector().at("eip712");
    const json& message = expected.at("message");
    EXPECT_EQ(typed->id, vector_text(message, "id"));
    EXPECT_EQ(typed->type, vector_text(message, "type"));
    EXPECT_EQ(typed->chain, vector_text(message, "chain"));
    EXPECT_EQ(typed->subject, vector_text(message, "subject"));
    EXPECT_EQ(std::to_string(typed->block), vector_text(message, "block"));
    EXPECT_EQ(std::to_string(typed->time), vector_text(message, "time"));
    EXPECT_EQ(to_hex(typed->body_hash), vector_text(message, "bodyHash"));
    EXPECT_EQ(to_hex(eip712_struct_hash(*typed)), vector_text(expected, "struct_hash"));
    EXPECT_EQ(to_hex(eip712_digest(*typed)), vector_text(expected, "digest"));
    EXPECT_EQ(signer().sign_typed(*typed), header("plimsoll-signature-eip712"));
    EXPECT_EQ(verify_typed(*typed, header("plimsoll-signature-eip712")).value(),
              signer().address());
}

TEST_P(WebhookVector, jsonl_line_there_and_back) {
    const auto line = jsonl_line(text("body"), header("plimsoll-signature-eip191"), text("signer"));
    EXPECT_EQ(line.value(), text("jsonl_line"));
    const auto parsed = parse_jsonl_line(text("jsonl_line"));
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->body, text("body"));
    EXPECT_EQ(parsed->signature, header("plimsoll-signature-eip191"));
    EXPECT_EQ(parsed->signer, text("signer"));
}

TEST_P(WebhookVector, every_one_bit_change_of_the_body_is_refused) {
    const std::string signature = header("plimsoll-signature-eip191");
    const Address address = signer().address();
    std::string body = text("body");
    for (std::size_t i = 0; i < body.size(); i += 7) {
        body[i] = static_cast<char>(body[i] ^ 1);
        const auto found = verify(body, signature);
        EXPECT_FALSE(found.has_value() && *found == address) << "byte " << i;
        body[i] = static_cast<char>(body[i] ^ 1);
    }
}

INSTANTIATE_TEST_SUITE_P(Published, WebhookVector,
                         ::testing::Values(Case{"position", 0, position_alert},
                                           Case{"retraction", 1, retraction_alert},
                                           Case{"band", 2, band_alert}),
                         [](const auto& case_info) { return case_info.param.name; });

TEST(WebhookVectors, all_are_tested) { EXPECT_EQ(alert_vectors().at("vectors").size(), 3U); }

TEST(WebhookVectors, eip712_constants) {
    const json& expected = alert_vectors().at("eip712");
    EXPECT_EQ(to_hex(eip712_type_hash()), vector_text(expected, "type_hash"));
    EXPECT_EQ(to_hex(eip712_domain_separator()), vector_text(expected, "domain_separator"));
}

}  // namespace
}  // namespace plimsoll::alerts
