#include "daemon/alerts/alert.hpp"

#include "daemon/alerts/jsonl.hpp"
#include "tests/support/effort.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace plimsoll::alerts {
namespace {

using nlohmann::json;

json data_of(const Alert& alert) { return json::parse(body_of(alert, "mon")).at("data"); }

TEST(BodyOf, title_and_text_are_cut) {
    Alert alert;
    alert.title = std::string(121, 't');
    alert.text = std::string(2001, 'x');
    const json data = data_of(alert);
    EXPECT_EQ(data.at("title"), std::string(119, 't') + "…");
    EXPECT_EQ(data.at("text"), std::string(1999, 'x') + "…");
}

TEST(BodyOf, list_of_twenty_stays_and_of_twenty_one_is_cut) {
    Alert alert;
    alert.extra = {{"top", json::array()}};
    for (int i = 0; i < 20; ++i) alert.extra["top"].push_back(i);
    EXPECT_EQ(data_of(alert).at("top").size(), 20U);
    EXPECT_FALSE(data_of(alert).contains("more"));
    alert.extra["top"].push_back(20);
    EXPECT_EQ(data_of(alert).at("top").size(), 20U);
    EXPECT_EQ(data_of(alert).at("top").back(), 19);
    EXPECT_EQ(data_of(alert).at("more"), 1);
}

TEST(BodyOf, more_stands_beside_the_list_it_counts_for) {
    Alert alert;
    alert.extra = {{"band", {{"top", json(std::vector<int>(25, 1))}, {"more", 3}}}};
    const json data = data_of(alert);
    EXPECT_EQ(data.at("band").at("more"), 8);
    EXPECT_FALSE(data.contains("more"));
}

TEST(BodyOf, labels_appear_only_when_there_are_any) {
    Alert alert;
    EXPECT_FALSE(data_of(alert).contains("labels"));
    alert.labels = {{"band", "eth\tupper"}};
    EXPECT_EQ(data_of(alert).at("labels"), (json{{"band", "eth\xEF\xBF\xBDupper"}}));
}

TEST(BodyOf, members_of_every_alert_win_over_those_of_the_kind) {
    Alert alert;
    alert.rule = "mine";
    alert.extra = {{"rule", "theirs"}, {"seq", 77}};
    EXPECT_EQ(data_of(alert).at("rule"), "mine");
    EXPECT_EQ(data_of(alert).at("seq"), 1);
}

TEST(BodyOf, member_without_canonical_form_is_left_out_and_named) {
    Alert alert;
    alert.extra = {{"bad", 0.5}, {"good", 1}, {"also_bad", {{"Deep", 1}}}};
    json deep = json::array();
    for (int i = 0; i < 62; ++i) deep = json::array({deep});
    alert.extra["deep"] = deep;
    const json data = data_of(alert);
    EXPECT_EQ(data.at("good"), 1);
    EXPECT_EQ(data.at("omitted"), (json{"also_bad", "bad", "deep"}));
    EXPECT_FALSE(data.contains("bad"));
    alert.extra = json::array({1});
    EXPECT_EQ(data_of(alert).at("omitted"), json::array({"extra"}));
}

TEST(BodyOf, numbers_beyond_json_are_shown_as_the_largest) {
    Alert alert;
    alert.episode = std::numeric_limits<std::uint64_t>::max();
    alert.block.time = std::numeric_limits<std::uint64_t>::max();
    alert.at = std::numeric_limits<std::uint64_t>::max();
    const json body = json::parse(body_of(alert, "mon"));
    EXPECT_EQ(body.at("data").at("episode"), 9'007'199'254'740'991);
    EXPECT_EQ(body.at("data").at("block").at("time"), 9'007'199'254'740'991);
    EXPECT_EQ(body.at("timestamp"), "9999-12-31T23:59:59Z");
}

TEST(Amount, is_text_and_decimals) {
    EXPECT_EQ(amount(U256(0), 0), (json{{"raw", "0"}, {"decimals", 0}}));
    EXPECT_EQ(amount(u256_max(), 18).at("raw"),
              "115792089237316195423570985008687907853269984665640564039457584007913129639935");
}

/// Random alerts full of what attackers write.
class RandomAlert {
  public:
    explicit RandomAlert(std::uint64_t seed) : random_(seed) {}

    Alert make() {
        Alert a;
        a.type = text();
        a.rule = text();
        a.severity = static_cast<Severity>(below(3));
        a.chain = text();
        a.protocol = text();
        a.subject = text();
        a.alert_key = alert_key(a.rule, a.chain, a.protocol, a.subject);
        a.episode = random_() >> below(64);
        a.seq = random_() >> below(64);
        a.block.number = random_() >> below(64);
        a.block.time = random_() >> below(64);
        a.at = random_() >> below(64);
        a.title = text();
        a.text = text() + text() + text();
        for (std::uint64_t i = below(4); i > 0; --i) a.labels[name()] = text();
        a.extra = object(3);
        return a;
    }

  private:
    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

    std::string name() {
        std::string out(1 + below(8), 'a');
        for (char& c : out) c = "abcdefghijklmnopqrstuvwxyz_"[below(27)];
        return out;
    }

    std::string text() {
        static const std::vector<std::string> kPieces = {
            "a",        "\"",           "\\",           "\n",          "\r", "\x7F",         "\x1F",
            "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xAE", "é",           "🌊",  "\xED\xA0\x80", "\xFF",
            "/",        "</script>",    "\xEF\xBF\xBF", "\xEF\xBB\xBF"};
        std::string out;
        for (std::uint64_t i = below(80); i > 0; --i) {
            out += below(4) == 0 ? std::string(1, static_cast<char>(random_()))
                                 : kPieces[below(kPieces.size())];
        }
        return out;
    }

    json value(unsigned depth) {
        switch (below(depth == 0 ? 5 : 7)) {
            case 0:
                return text();
            case 1:
                return amount(U256(random_()), 18);
            case 2:
                return static_cast<std::int64_t>(random_());  // sometimes out of range
            case 3:
                return below(2) == 0;
            case 4:
                return below(9) == 0 ? json(0.25) : json(below(1000));
            case 5:
                return array(depth - 1);
            default:
                return object(depth - 1);
        }
    }

    json array(unsigned depth) {
        json out = json::array();
        for (std::uint64_t i = below(25); i > 0; --i) out.push_back(value(depth));
        return out;
    }

    json object(unsigned depth) {
        json out = json::object();
        for (std::uint64_t i = below(6); i > 0; --i) out[name()] = value(depth);
        return out;
    }

    std::mt19937_64 random_;
};

TEST(BodyOf, random_alerts_survive_a_parse_and_a_dump) {
    RandomAlert random(20'260'115);
    for (unsigned i = 0; i < test::effort(2000); ++i) {
        const std::string body = body_of(random.make(), "mon-a");
        ASSERT_EQ(json::parse(body).dump(), body) << "alert " << i;
        const auto line = jsonl_line(body, "0x00", "0x01");
        ASSERT_TRUE(line.has_value()) << "alert " << i;
        ASSERT_EQ(parse_jsonl_line(*line)->body, body) << "alert " << i;
    }
}

}  // namespace
}  // namespace plimsoll::alerts
