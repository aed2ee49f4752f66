#include "daemon/sinks/webhook_signature.hpp"

#include <gtest/gtest.h>

#include <string>

namespace plimsoll::sinks {
namespace {

std::string encoded(std::size_t bytes) {
    static const char* const kTails[] = {"", "AAA=", "AA=="};
    // Zero bytes: each whole group is AAAA; the last one depends on what is left over.
    std::string out(bytes / 3 * 4, 'A');
    if (bytes % 3 == 1) out += kTails[2];
    if (bytes % 3 == 2) out += kTails[1];
    return "whsec_" + out;
}

TEST(ParseWebhookSecret, twenty_four_to_sixty_four_bytes) {
    for (const std::size_t bytes : {24U, 25U, 26U, 32U, 63U, 64U}) {
        const auto key = parse_webhook_secret(Secret(encoded(bytes)));
        ASSERT_TRUE(key.has_value()) << bytes;
        EXPECT_EQ(key->reveal(), std::string(bytes, '\0'));
    }
    for (const std::size_t bytes : {0U, 1U, 23U, 65U, 66U, 1000U}) {
        EXPECT_FALSE(parse_webhook_secret(Secret(encoded(bytes))).has_value()) << bytes;
    }
}

TEST(ParseWebhookSecret, decodes_the_whole_alphabet) {
    const auto key = parse_webhook_secret(
        Secret("whsec_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"));
    ASSERT_TRUE(key.has_value());
    EXPECT_EQ(key->reveal().substr(0, 3), std::string("\x00\x10\x83", 3));
    EXPECT_EQ(key->reveal().substr(45), "\xF3\xDF\xBF");
}

TEST(ParseWebhookSecret, refuses_sloppy_text_without_repeating_it) {
    const std::string good = encoded(32);
    for (const std::string& text :
         {std::string(), good.substr(6), "WHSEC_" + good.substr(6), good + "\n", " " + good,
          good.substr(0, good.size() - 1), good + "=", "whsec_" + std::string(32, '-'),
          "whsec_" + std::string(32, '_'), "whsec_" + std::string(31, 'A') + "!",
          "whsec_" + std::string(40, 'A') + "A===", "whsec_" + std::string(40, 'A') + "AAB=",
          "whsec_" + std::string(40, 'A') + "AB==", "whsec_AA==" + std::string(32, 'A')}) {
        const auto key = parse_webhook_secret(Secret(text));
        ASSERT_FALSE(key.has_value()) << text;
        if (text.size() > 6) {
            EXPECT_EQ(key.error().message.find(text.substr(6)), std::string::npos);
        }
    }
}

TEST(WebhookSignature, no_key_no_entry) { EXPECT_EQ(webhook_signature({}, "id", 1, "body"), ""); }

}  // namespace
}  // namespace plimsoll::sinks
