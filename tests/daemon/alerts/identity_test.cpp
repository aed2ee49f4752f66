#include "daemon/alerts/alert.hpp"
#include "daemon/alerts/rotation.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace plimsoll::alerts {
namespace {

TEST(AlertKey, escapes_everything_but_the_plain_characters) {
    EXPECT_EQ(alert_key("r-1", "eip155:1", "p_2.x", "0xAb"), "r-1/eip155:1/p_2.x/0xAb");
    EXPECT_EQ(alert_key("a/b", "c d", "100%", "é\n"), "a%2Fb/c%20d/100%25/%C3%A9%0A");
    EXPECT_EQ(alert_key("", "", "", ""), "///");
}

TEST(AlertKey, parts_that_differ_give_keys_that_differ) {
    EXPECT_NE(alert_key("a", "b/c", "d", "e"), alert_key("a", "b", "c/d", "e"));
    EXPECT_NE(alert_key("a%2F", "b", "c", "d"), alert_key("a/", "b", "c", "d"));
}

TEST(EventAlertKey, names_transaction_log_and_account) {
    Bytes32 tx;
    tx.bytes.front() = 0xAB;
    tx.bytes.back() = 0x01;
    EXPECT_EQ(event_alert_key("liquidations", "eip155:1", "aave", tx, 4'294'967'295, "0xaa"),
              "liquidations/eip155:1/aave/"
              "ab00000000000000000000000000000000000000000000000000000000000001/4294967295/0xaa");
}

TEST(MessageId, differs_with_each_part) {
    const std::string id = message_id("mon", "key", 1, 2);
    EXPECT_EQ(id.size(), 36U);
    EXPECT_TRUE(id.starts_with("msg_"));
    EXPECT_EQ(id, message_id("mon", "key", 1, 2));
    EXPECT_NE(id, message_id("mon2", "key", 1, 2));
    EXPECT_NE(id, message_id("mon", "key2", 1, 2));
    EXPECT_NE(id, message_id("mon", "key", 0, 2));
    EXPECT_NE(id, message_id("mon", "key", 1, 3));
    EXPECT_NE(message_id("mon", "key", 12, 3), message_id("mon", "key", 1, 23));
}

TEST(Severity, text_there_and_back) {
    for (const Severity severity : {Severity::info, Severity::warning, Severity::critical}) {
        EXPECT_EQ(parse_severity(to_string(severity)), severity);
    }
    EXPECT_EQ(parse_severity("Critical"), std::nullopt);
    EXPECT_EQ(parse_severity(""), std::nullopt);
}

TEST(GroupId, depends_on_sink_key_and_members_alone) {
    const std::vector<std::string> members{"msg_a", "msg_b"};
    const std::string id = group_id("team", "hf/eip155:1/aave", members);
    EXPECT_EQ(id, "msg_d624cc54e5e82332c8e5bbae57a02096");
    EXPECT_NE(group_id("ops", "hf/eip155:1/aave", members), id);
    EXPECT_NE(group_id("team", "hf/eip155:1/comet", members), id);
    EXPECT_NE(group_id("team", "hf/eip155:1/aave", std::span(members).first(1)), id);
}

TEST(SignerUpdate, one_rotation_has_one_id_and_both_addresses) {
    Address a;
    a.bytes.fill(0x11);
    Address b;
    b.bytes.fill(0x22);
    const Alert update = signer_update(a, b, 1'768'478'411);
    EXPECT_EQ(update.type, "daemon.signer.updated");
    EXPECT_EQ(update.subject, to_checksum(b));
    EXPECT_EQ(update.extra["previous_signer"], to_checksum(a));
    EXPECT_EQ(update.extra["new_signer"], to_checksum(b));
    EXPECT_EQ(signer_update(a, b, 2).alert_key, update.alert_key);
    EXPECT_NE(signer_update(b, a, 2).alert_key, update.alert_key);
}

}  // namespace
}  // namespace plimsoll::alerts
