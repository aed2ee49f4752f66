#include "daemon/outbox/circuit.hpp"

#include <gtest/gtest.h>

namespace plimsoll::outbox {
namespace {

using namespace std::chrono_literals;
using State = Circuit::State;

constexpr SteadyTime kStart{1000h};

Circuit open_circuit() {
    Circuit circuit;
    for (int i = 0; i < 5; ++i) circuit.failed(false, kStart);
    return circuit;
}

TEST(Circuit, opens_at_the_fifth_failure_in_a_row) {
    Circuit circuit;
    for (int i = 0; i < 4; ++i) circuit.failed(false, kStart);
    EXPECT_EQ(circuit.state(), State::closed);
    circuit.failed(false, kStart);
    EXPECT_EQ(circuit.state(), State::open);
    EXPECT_EQ(circuit.next_attempt(), kStart + 5s);
    EXPECT_EQ(circuit.open_since(), kStart);
}

TEST(Circuit, success_between_starts_the_count_anew) {
    Circuit circuit;
    for (int i = 0; i < 4; ++i) circuit.failed(false, kStart);
    circuit.succeeded();
    for (int i = 0; i < 4; ++i) circuit.failed(false, kStart);
    EXPECT_EQ(circuit.state(), State::closed);
}

TEST(Circuit, refusal_between_does_not_start_the_count_anew) {
    Circuit circuit;
    for (int i = 0; i < 4; ++i) circuit.failed(false, kStart);
    circuit.answered();
    circuit.failed(false, kStart);
    EXPECT_EQ(circuit.state(), State::open);
}

TEST(Circuit, probes_come_one_at_a_time_and_double_up_to_five_minutes) {
    Circuit circuit = open_circuit();
    SteadyTime now = kStart;
    for (const auto wait : {5s, 10s, 20s, 40s, 80s, 160s, 300s, 300s}) {
        EXPECT_EQ(circuit.next_attempt(), now + wait);
        now += wait;
        EXPECT_TRUE(circuit.begin_attempt());
        EXPECT_EQ(circuit.state(), State::probing);
        EXPECT_EQ(circuit.next_attempt(), std::nullopt);
        circuit.failed(true, now);
        EXPECT_EQ(circuit.state(), State::open);
    }
    EXPECT_EQ(circuit.open_since(), kStart);
}

TEST(Circuit, success_closes_and_the_next_opening_starts_small) {
    Circuit circuit = open_circuit();
    circuit.begin_attempt();
    circuit.failed(true, kStart + 5s);
    circuit.begin_attempt();
    circuit.succeeded();
    EXPECT_EQ(circuit.state(), State::closed);
    EXPECT_EQ(circuit.open_since(), std::nullopt);
    EXPECT_FALSE(circuit.begin_attempt());
    for (int i = 0; i < 5; ++i) circuit.failed(false, kStart + 1h);
    EXPECT_EQ(circuit.next_attempt(), kStart + 1h + 5s);
}

TEST(Circuit, answer_that_is_no_failure_closes_too) {
    Circuit circuit = open_circuit();
    circuit.begin_attempt();
    circuit.answered();
    EXPECT_EQ(circuit.state(), State::closed);
}

TEST(Circuit, failures_of_attempts_from_before_change_nothing) {
    Circuit circuit = open_circuit();
    circuit.failed(false, kStart + 4s);
    EXPECT_EQ(circuit.next_attempt(), kStart + 5s);
    circuit.begin_attempt();
    circuit.failed(false, kStart + 6s);
    EXPECT_EQ(circuit.state(), State::probing);
}

TEST(Circuit, abandoned_probe_may_be_made_again) {
    Circuit circuit = open_circuit();
    circuit.begin_attempt();
    circuit.abandoned(false);
    EXPECT_EQ(circuit.state(), State::probing);
    circuit.abandoned(true);
    EXPECT_EQ(circuit.next_attempt(), kStart + 5s);
}

TEST(Circuit, misconfigured_opens_at_once_for_five_minutes) {
    Circuit circuit;
    circuit.misconfigured(kStart);
    EXPECT_EQ(circuit.next_attempt(), kStart + 5min);
    circuit.begin_attempt();
    circuit.misconfigured(kStart + 5min);
    EXPECT_EQ(circuit.next_attempt(), kStart + 10min);
    EXPECT_EQ(circuit.open_since(), kStart);
    circuit.begin_attempt();
    circuit.failed(true, kStart + 10min);
    EXPECT_EQ(circuit.next_attempt(), kStart + 15min);
}

TEST(Circuit, shorter_longest_probe_is_kept) {
    Circuit circuit(30s);
    circuit.misconfigured(kStart);
    EXPECT_EQ(circuit.next_attempt(), kStart + 30s);
    for (int i = 0; i < 10; ++i) {
        circuit.begin_attempt();
        circuit.failed(true, kStart);
    }
    EXPECT_EQ(circuit.next_attempt(), kStart + 30s);
}

TEST(Circuit, disabled_stays_so_until_enabled) {
    Circuit circuit;
    circuit.disable(kStart);
    circuit.succeeded();
    circuit.answered();
    circuit.failed(false, kStart);
    circuit.misconfigured(kStart);
    EXPECT_EQ(circuit.state(), State::disabled);
    EXPECT_EQ(circuit.next_attempt(), std::nullopt);
    EXPECT_EQ(circuit.open_since(), kStart);
    circuit.enable();
    EXPECT_EQ(circuit.state(), State::closed);
    EXPECT_EQ(circuit.open_since(), std::nullopt);
}

TEST(Circuit, states_have_names) {
    EXPECT_EQ(to_string(State::closed), "closed");
    EXPECT_EQ(to_string(State::open), "open");
    EXPECT_EQ(to_string(State::probing), "probing");
    EXPECT_EQ(to_string(State::disabled), "disabled");
}

}  // namespace
}  // namespace plimsoll::outbox
