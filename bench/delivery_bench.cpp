// How soon alerts are on their way: the store, the outbox, a real webhook sink and a receiver on
// loopback. Prints figures and judges nothing: what a machine takes is not the code's alone.
//
//   delivery_bench [ALERTS] [PENDING]     default 2000 and 10000

#include "daemon/outbox/outbox.hpp"
#include "daemon/sinks/make.hpp"
#include "daemon/store/store.hpp"

#include <httplib.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace plimsoll;
using namespace std::chrono_literals;
using Time = std::chrono::steady_clock::time_point;

constexpr auto kServerDelay = 2ms;
constexpr std::size_t kPerCommit = 500;
constexpr auto kBetweenCommits = 5ms;

/// The other side: notes when each alert came first, and takes it after two milliseconds.
class Receiver {
  public:
    Receiver() {
        server_.new_task_queue = [] { return new httplib::ThreadPool(16); };
        server_.Post(".*", [this](const httplib::Request& request, httplib::Response& response) {
            {
                const std::lock_guard lock(mutex_);
                came_.try_emplace(request.get_header_value("webhook-id"),
                                  std::chrono::steady_clock::now());
            }
            std::this_thread::sleep_for(kServerDelay);
            response.status = 204;
        });
        port_ = server_.bind_to_any_port("127.0.0.1");
        thread_ = std::thread([this] { server_.listen_after_bind(); });
        while (!server_.is_running()) std::this_thread::yield();
    }
    Receiver(const Receiver&) = delete;
    Receiver& operator=(const Receiver&) = delete;
    ~Receiver() {
        server_.stop();
        thread_.join();
    }

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/hook"; }
    std::map<std::string, Time> came() const {
        const std::lock_guard lock(mutex_);
        return came_;
    }
    void wait_for(std::size_t count) const {
        while (came().size() < count) std::this_thread::sleep_for(1ms);
    }
    Time first() const {
        while (came().empty()) std::this_thread::sleep_for(100us);
        Time earliest = Time::max();
        for (const auto& [id, at] : came()) earliest = std::min(earliest, at);
        return earliest;
    }

  private:
    httplib::Server server_;
    int port_ = 0;
    std::thread thread_;
    mutable std::mutex mutex_;  // guards came_
    std::map<std::string, Time> came_;
};

/// A folder that is gone at the end.
class Folder {
  public:
    Folder() {
        std::string path = (std::filesystem::temp_directory_path() / "plimsoll-bench-XXXXXX");
        if (::mkdtemp(path.data()) == nullptr) std::abort();
        path_ = path;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

template <class T, class E>
T must(tl::expected<T, E> result) {
    if (result) return std::move(*result);
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::exit(1);
}

std::int64_t wall_ms() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

double ms_between(Time from, Time to) {
    return std::chrono::duration<double, std::milli>(to - from).count();
}

std::unique_ptr<store::Store> open(const Folder& folder) {
    return std::move(must(store::Store::open(folder.path(), {})).store);
}

std::vector<std::unique_ptr<sinks::Sink>> hook(const Receiver& receiver) {
    config::SinkSettings settings;
    settings.name = "hook";
    settings.kind = "webhook";
    settings.url = Secret(receiver.url());
    settings.secrets = {Secret("whsec_nCf+mig0jF/lIfQZaP7cgYOxP6eK5wjcOT6Wjho5MsI=")};
    settings.allow_http = true;
    settings.allow_private = {"127.0.0.0/8"};
    settings.lanes = 4;
    settings.timeout = 5s;
    std::vector<std::unique_ptr<sinks::Sink>> out;
    auto made = sinks::make_sink(settings, "/");
    if (!made) std::abort();
    out.push_back(std::move(*made));
    return out;
}

/// As large as an alert about a position.
store::NewAlert alert(std::size_t n) {
    const std::string number = std::to_string(n);
    store::NewAlert out;
    out.id = "msg_" + number;
    out.alert_key = "rule/eip155:1/aave/" + number;
    out.episode = out.seq = 1;
    out.type = "position.at_risk.firing";
    out.severity = static_cast<int>(n % 3);
    out.chain = "ethereum";
    out.block = 1;
    out.at = 1;
    out.body =
        R"({"id":"msg_)" + number + R"(","data":{"text":")" + std::string(1'800, 'x') + "\"}}";
    out.sinks = {store::Destination{"hook"}};
    return out;
}

store::RoundCommit round(std::size_t first, std::size_t count) {
    store::RoundCommit out;
    out.chain = "ethereum";
    out.now_ms = wall_ms();
    for (std::size_t i = 0; i < count; ++i) out.alerts.push_back(alert(first + i));
    return out;
}

double quantile(std::vector<double> values, double part) {
    std::sort(values.begin(), values.end());
    const auto last = static_cast<double>(values.size() - 1);
    return values[static_cast<std::size_t>(part * last)];
}

double resident_mib() {
    std::ifstream file("/proc/self/statm");
    std::size_t all = 0;
    std::size_t resident = 0;
    file >> all >> resident;
    return static_cast<double>(resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))) /
           (1024.0 * 1024.0);
}

/// From the return of the commit to the arrival of the first byte's request, alert by alert.
void one_by_one(std::size_t count) {
    const Folder folder;
    const Receiver receiver;
    const auto store = open(folder);
    outbox::SystemClock clock;
    outbox::Outbox outbox(*store, hook(receiver), clock, {});
    outbox.start();
    std::map<std::string, Time> committed;
    for (std::size_t n = 0; n < count; ++n) {
        must(store->commit(round(n, 1)).map([] { return 0; }));
        committed["msg_" + std::to_string(n)] = std::chrono::steady_clock::now();
        outbox.wake();
        std::this_thread::sleep_for(kBetweenCommits);
    }
    receiver.wait_for(count);
    std::vector<double> waits;
    for (const auto& [id, at] : receiver.came()) waits.push_back(ms_between(committed[id], at));
    std::printf("commit to first attempt, %zu alerts:  p50 %.2f ms  p99 %.2f ms  most %.2f ms\n",
                count, quantile(waits, 0.5), quantile(waits, 0.99), quantile(waits, 1.0));
}

/// A start with a long queue.
void restart(std::size_t pending) {
    const Folder folder;
    {
        const auto store = open(folder);
        for (std::size_t n = 0; n < pending; n += kPerCommit) {
            must(store->commit(round(n, std::min(kPerCommit, pending - n))).map([] { return 0; }));
        }
    }
    const Receiver receiver;
    const Time begin = std::chrono::steady_clock::now();
    const auto store = open(folder);
    const Time opened = std::chrono::steady_clock::now();
    outbox::SystemClock clock;
    outbox::Outbox outbox(*store, hook(receiver), clock, {});
    outbox.start();
    const Time first = receiver.first();
    std::printf("start with %zu pending:  open %.1f ms  first attempt %.1f ms\n", pending,
                ms_between(begin, opened), ms_between(begin, first));
    receiver.wait_for(pending);
    const double seconds = ms_between(first, std::chrono::steady_clock::now()) / 1000;
    std::printf("  drained to a receiver of 2 ms:  %.0f a second\n",
                static_cast<double>(pending) / seconds);
}

/// All from one block.
void storm(std::size_t count) {
    const Folder folder;
    const Receiver receiver;
    const auto store = open(folder);
    outbox::SystemClock clock;
    outbox::Outbox outbox(*store, hook(receiver), clock, {});
    outbox.start();
    const store::RoundCommit all = round(0, count);
    const double before = resident_mib();
    const Time begin = std::chrono::steady_clock::now();
    must(store->commit(all).map([] { return 0; }));
    const double commit = ms_between(begin, std::chrono::steady_clock::now());
    outbox.wake();
    double most = before;
    while (receiver.came().size() < count) {
        most = std::max(most, resident_mib());
        std::this_thread::sleep_for(20ms);
    }
    std::printf("storm of %zu:  commit %.0f ms  memory +%.1f MiB\n", count, commit, most - before);
}

}  // namespace

int main(int argc, char** argv) {
    const auto number = [&](int i, std::size_t otherwise) {
        return argc > i ? std::strtoul(argv[i], nullptr, 10) : otherwise;
    };
    one_by_one(number(1, 2'000));
    restart(number(2, 10'000));
    storm(number(2, 10'000));
    return 0;
}
