#pragma once

#include <httplib.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace plimsoll::testing {

/// A webhook's other side on loopback. `answer` decides about each request (from several threads).
class Receiver {
  public:
    using Answer = std::function<void(const httplib::Request&, httplib::Response&)>;

    explicit Receiver(Answer answer) : answer_(std::move(answer)) {
        server_.Post(".*", [this](const httplib::Request& request, httplib::Response& response) {
            {
                const std::lock_guard lock(mutex_);
                requests_.push_back(request);
            }
            answer_(request, response);
        });
        server_.set_keep_alive_timeout(1);
        port_ = server_.bind_to_any_port("127.0.0.1");
        thread_ = std::thread([this] { server_.listen_after_bind(); });
        while (!server_.is_running()) std::this_thread::yield();
    }
    Receiver(const Receiver&) = delete;
    Receiver& operator=(const Receiver&) = delete;
    ~Receiver() {
        release();
        server_.stop();
        thread_.join();
    }

    int port() const { return port_; }
    std::string url(const std::string& path = "/hook") const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }
    std::vector<httplib::Request> requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }
    /// For an answer that hangs: blocks until the receiver is released or goes.
    void hang() {
        std::unique_lock lock(mutex_);
        released_.wait(lock, [this] { return is_released_; });
    }
    void release() {
        const std::lock_guard lock(mutex_);
        is_released_ = true;
        released_.notify_all();
    }

  private:
    Answer answer_;
    httplib::Server server_;
    int port_ = 0;
    std::thread thread_;
    mutable std::mutex mutex_;  // guards the members below
    std::condition_variable released_;
    bool is_released_ = false;
    std::vector<httplib::Request> requests_;
};

inline Receiver::Answer answer_with(int status) {
    return [status](const httplib::Request&, httplib::Response& response) {
        response.status = status;
    };
}

}  // namespace plimsoll::testing
