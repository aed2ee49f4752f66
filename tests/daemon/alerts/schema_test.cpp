#include "daemon/alerts/alert.hpp"
#include "daemon/alerts/notices.hpp"
#include "daemon/alerts/rotation.hpp"
#include "tests/daemon/alerts/vectors.hpp"
#include "tests/support/alert_samples.hpp"
#include "tests/support/alert_schema.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace plimsoll::alerts {
namespace {

using nlohmann::json;
using testing::alert_data_members;
using testing::alert_vectors;
using testing::expect_fits_schema;
using testing::known_alert_types;
using testing::vector_text;

TEST(AlertSchema, published_bodies_fit) {
    for (const json& vector : alert_vectors().at("vectors")) {
        expect_fits_schema(json::parse(vector_text(vector, "body")));
    }
}

TEST(AlertSchema, bodies_of_the_samples_fit_and_hold_nothing_unknown) {
    const json& known = alert_data_members();
    for (const auto& sample : testing::alert_samples()) {
        SCOPED_TRACE(sample.name);
        const json body = json::parse(sample.body());
        expect_fits_schema(body);
        for (const auto& [name, value] : body.at("data").items()) {
            const bool is_sum = name.ends_with("_usd");
            EXPECT_TRUE(known.contains(name) || is_sum) << name;
        }
    }
}

TEST(AlertSchema, what_the_daemon_says_of_itself_fits) {
    const std::string lost_id = "msg_" + std::string(32, 'a');
    const LostMessage lost{lost_id, "position.at_risk.firing", "r/c/p/s", "poison"};
    const Address signer;
    const json& known = alert_data_members();
    for (const Alert& alert :
         {dead_letters("hook", {{"poison", 3}}, {&lost, 1}, 1'700'000'000),
          sink_down("hook", "HTTP 500", false, 1'700'000'000, 1'700'000'600),
          sink_works("hook", 1'700'000'000, 1'700'000'700), heartbeat(1'700'000'000, 2),
          test_message("hook", 1'700'000'000), signer_update(signer, signer, 1'700'000'000)}) {
        SCOPED_TRACE(alert.type);
        const json body = json::parse(body_of(alert, "mon-a"));
        expect_fits_schema(body);
        for (const auto& [name, value] : body.at("data").items()) {
            EXPECT_TRUE(known.contains(name)) << name;
        }
    }
}

TEST(AlertSchema, names_every_type_of_the_specification) {
    const std::set<std::string> types = known_alert_types();
    const std::vector<std::string> conditions = {
        "position.liquidatable", "position.at_risk", "band.exposure",   "band.approached",
        "market.tvl_drop",       "market.paused",    "market.bad_debt", "market.series",
        "oracle.stale",          "oracle.jump",      "source.stale",    "source.disagrees",
        "source.down",           "source.degraded",  "daemon.gap",      "daemon.sink_down"};
    std::set<std::string> expected{"daemon.dead_letter.fired", "daemon.heartbeat",
                                   "daemon.signer.updated", "daemon.state_lost", "daemon.test"};
    for (const std::string& condition : conditions) {
        for (const char* state : {"firing", "repeated", "updated", "resolved", "retracted"}) {
            expected.insert(condition + "." + state);
        }
    }
    for (const std::string condition :
         {"position.liquidated", "position.activity", "market.parameters"}) {
        for (const char* state : {"fired", "updated", "retracted"}) {
            expected.insert(condition + "." + state);
        }
    }
    EXPECT_EQ(types, expected);
}

}  // namespace
}  // namespace plimsoll::alerts
