#include "tests/daemon/store/support.hpp"

#include <array>
#include <atomic>
#include <thread>

namespace plimsoll::store {
namespace {

constexpr int kAlerts = 20;

using Threads = StoreTest;

TEST_F(Threads, take_turns) {
    const std::array<std::string, 2> sinks = {"hook", "archive"};
    std::atomic<bool> committed = false;
    std::array<int, 2> delivered{};
    std::thread rounds([&] {
        for (int i = 0; i < kAlerts; ++i) {
            NewAlert alert = alert_of("msg_" + std::to_string(i), "k" + std::to_string(i % 4));
            alert.sinks = {Destination{sinks[0]}, Destination{sinks[1]}};
            queue({alert});
        }
        committed = true;
    });
    const auto send = [&](std::size_t sink) {
        while (true) {
            const bool last_look = committed;
            const std::vector<std::string> ids = due(sinks[sink]);
            for (const std::string& id : ids) {
                deliver(sinks[sink], id);
                ++delivered[sink];
            }
            if (last_look && ids.empty()) {
                return;
            }
            EXPECT_TRUE(store().healthy());
        }
    };
    std::thread first(send, 0);
    std::thread second(send, 1);
    rounds.join();
    first.join();
    second.join();
    EXPECT_EQ(delivered[0], kAlerts);
    EXPECT_EQ(delivered[1], kAlerts);
    EXPECT_EQ(counts("hook").done, 20U);
    EXPECT_EQ(counts("archive").done, 20U);
}

}  // namespace
}  // namespace plimsoll::store
