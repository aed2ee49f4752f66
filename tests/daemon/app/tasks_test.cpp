#include "daemon/app/tasks.hpp"

#include "tests/daemon/app/process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::app {
namespace {

using ::testing::AllOf;
using testing::Folder;
using ::testing::HasSubstr;

class Tasks : public ::testing::Test {
  protected:
    void write(const std::string& file, const std::string& text) {
        std::filesystem::create_directories((folder_.path() / file).parent_path());
        folder_.write(file, text);
    }
    std::optional<unsigned> allowed() const { return tasks_allowed(folder_.path()); }

    Folder folder_;
};

TEST_F(Tasks, the_least_of_a_group_and_those_above_is_allowed) {
    write("proc/self/cgroup", "0::/system.slice/plimsoll.service\n");
    write("sys/fs/cgroup/system.slice/plimsoll.service/pids.max", "64\n");
    EXPECT_EQ(allowed(), 64U);
    write("sys/fs/cgroup/system.slice/pids.max", "max\n");
    EXPECT_EQ(allowed(), 64U);
    write("sys/fs/cgroup/system.slice/pids.max", "40\n");
    EXPECT_EQ(allowed(), 40U);
    write("sys/fs/cgroup/pids.max", "30\n");
    EXPECT_EQ(allowed(), 30U);
}

TEST_F(Tasks, the_first_version_of_control_groups_is_read_too) {
    write("proc/self/cgroup", "9:name=systemd:/x\n8:cpu,pids:/service\n4:memory:/deep\n0::/\n");
    write("sys/fs/cgroup/pids/service/pids.max", "100\n");
    write("sys/fs/cgroup/pids/deep/pids.max", "1\n");
    EXPECT_EQ(allowed(), 100U);
}

TEST_F(Tasks, no_limit_is_none) {
    EXPECT_EQ(allowed(), std::nullopt);
    write("proc/self/cgroup", "0::/a\n\nnonsense\n0::/../../etc\n");
    EXPECT_EQ(allowed(), std::nullopt);
    for (const char* text : {"max\n", "", "-1\n", "64 tasks", "99999999999999999999\n"}) {
        write("sys/fs/cgroup/a/pids.max", text);
        EXPECT_EQ(allowed(), text == std::string("64 tasks") ? std::optional(64U) : std::nullopt)
            << text;
    }
}

TEST_F(Tasks, what_does_not_fit_says_what_to_do) {
    config::Settings settings;
    settings.chains.resize(2);
    settings.sinks.resize(3);
    const unsigned bare = tasks_needed(settings);
    EXPECT_LE(bare, 64U);
    settings.sinks.front().lanes = 41;
    const unsigned needed = tasks_needed(settings);
    EXPECT_EQ(needed, bare + 40);
    EXPECT_EQ(too_many_tasks(needed, std::nullopt), "");
    EXPECT_EQ(too_many_tasks(needed, needed), "");
    EXPECT_THAT(too_many_tasks(needed, needed - 1),
                AllOf(HasSubstr(std::to_string(needed) + " threads"), HasSubstr("TasksMax=")));
}

}  // namespace
}  // namespace plimsoll::app
