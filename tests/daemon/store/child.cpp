#include "tests/daemon/store/child.hpp"

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace plimsoll::store {

void Acknowledge::operator()() const {
    const char one = '1';
    if (::write(pipe_, &one, 1) != 1) {
        ::_exit(3);
    }
}

Child::Child(const std::function<void(const Acknowledge&)>& life) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        ADD_FAILURE() << "no pipe";
        return;
    }
    pid_ = ::fork();
    if (pid_ == 0) {
        ::close(ends[0]);
        life(Acknowledge(ends[1]));
        ::_exit(0);
    }
    ::close(ends[1]);
    pipe_ = ends[0];
}

Child::~Child() {
    kill();
    was_killed();
    if (pipe_ >= 0) {
        ::close(pipe_);
    }
}

void Child::kill() {
    if (pid_ > 0 && !ended_) {
        ::kill(pid_, SIGKILL);
    }
}

bool Child::wait_for_one() {
    char one = 0;
    const bool got = ::read(pipe_, &one, 1) == 1;
    acknowledged_ += got ? 1 : 0;
    return got;
}

bool Child::was_killed() {
    if (pid_ > 0 && !ended_) {
        while (wait_for_one()) {
        }
        int status = 0;
        ended_ = ::waitpid(pid_, &status, 0) == pid_;
        killed_ = ended_ && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        EXPECT_TRUE(killed_ || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
            << "the child ended with status " << status;
    }
    return killed_;
}

int Child::acknowledged() {
    was_killed();
    return acknowledged_;
}

}  // namespace plimsoll::store
