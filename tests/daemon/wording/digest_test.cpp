#include "daemon/wording/digest.hpp"

#include "tests/support/alert_samples.hpp"

#include <gtest/gtest.h>

namespace plimsoll::wording {
namespace {

using testing::alert_sample;
using testing::read_all;
using testing::sample_group;

const GroupName kName{"msg_0123456789abcdef0123456789abcdef", "hf-low/eip155:1/aave-v3-main", 25};

TEST(Digest, of_one_alert) {
    const Digest digest = make_digest(alert_sample("position_firing").read(), Language::en);
    EXPECT_FALSE(digest.is_group());
    EXPECT_EQ(digest.key,
              "hf-under-1/eip155:1/aave-v3-main/0x00000000000000000000000000000000000000a1");
    EXPECT_EQ(digest.condition, "position.liquidatable");
    const std::string text = plain_text(digest);
    EXPECT_EQ(text.substr(0, 8), "Account:");
    EXPECT_EQ(text.substr(text.size() - digest.id.size() - 2), "\n" + digest.id + "\n");
}

TEST(Digest, of_a_group_counts_all_and_lists_the_gravest) {
    const auto members = read_all(sample_group());
    const Digest digest = make_digest(members, kName, Language::en);
    EXPECT_TRUE(digest.is_group());
    EXPECT_EQ(digest.headline(), "▲ warning: 26 alerts of rule hf-low on aave-v3-main");
    ASSERT_EQ(digest.members.size(), 20U);
    EXPECT_EQ(digest.more, 6U);
    EXPECT_EQ(digest.more_line(), "... and 6 more");
    EXPECT_NE(digest.members.front().title.find("debt 25000.00 USD"), std::string::npos);
    EXPECT_NE(digest.members.back().title.find("debt 6000.00 USD"), std::string::npos);
    EXPECT_EQ(digest.facts[0], (Fact{"Alerts", "25 new, 1 resolved"}));
    EXPECT_EQ(digest.facts[1], (Fact{"Total debt", "325,000.00 USD"}));
    EXPECT_EQ(digest.facts[2], (Fact{"Total collateral", "37,824,691.35 USD"}));
    EXPECT_FALSE(digest.is_over);
    EXPECT_EQ(digest.id, kName.id);
}

TEST(Digest, group_in_chinese) {
    const Digest digest = make_digest(read_all(sample_group()), kName, Language::zh, 3);
    EXPECT_EQ(digest.headline(), "▲ 警告：aave-v3-main：规则 hf-low 共 26 条告警");
    EXPECT_EQ(digest.facts[0], (Fact{"告警", "25 条新触发，1 条解除"}));
    EXPECT_EQ(digest.more_line(), "……以及另外 23 条");
    EXPECT_EQ(digest.members.size(), 3U);
}

TEST(Digest, newest_message_of_an_alert_counts) {
    const std::vector<alerts::ReadAlert> members{alert_sample("position_firing").read(),
                                                 alert_sample("position_resolved").read()};
    const Digest digest = make_digest(members, {"msg_x", "g", 0}, Language::en);
    ASSERT_EQ(digest.members.size(), 1U);
    EXPECT_EQ(digest.members[0].mark, "✓");
    EXPECT_TRUE(digest.is_over);
    EXPECT_EQ(digest.headline(), "✓ 1 alert of rule hf-under-1 on aave-v3-main");
    EXPECT_FALSE(make_digest(members, {"msg_x", "g", 2}, Language::en).is_over)
        << "others of the group still fire";
}

TEST(Digest, members_that_differ_are_named_by_what_they_share) {
    const std::vector<alerts::ReadAlert> members{alert_sample("position_firing").read(),
                                                 alert_sample("position_updated").read(),
                                                 alert_sample("source_stale").read()};
    const Digest digest = make_digest(members, {"msg_x", "g", 3}, Language::en);
    EXPECT_EQ(digest.title, "3 alerts on eip155:1");
    EXPECT_EQ(digest.rule, "");
    EXPECT_EQ(digest.condition, "");
    EXPECT_EQ(digest.severity, alerts::Severity::critical);
    EXPECT_EQ(digest.facts[1], (Fact{"Total debt", "1,250,000.00 USD"}))
        << "one position under two rules counts once";
}

}  // namespace
}  // namespace plimsoll::wording
