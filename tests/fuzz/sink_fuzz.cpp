// What sinks are told back, and what a crash leaves of the files they write: replies of the chat
// and paging services, and an archive of any bytes.

#include "daemon/query/row_files.hpp"
#include "daemon/sinks/discord.hpp"
#include "daemon/sinks/line_file.hpp"
#include "daemon/sinks/pagerduty.hpp"
#include "daemon/sinks/slack.hpp"
#include "daemon/sinks/smtp.hpp"
#include "daemon/sinks/telegram.hpp"
#include "tests/fuzz/input.hpp"

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdlib.h>

using namespace plimsoll;
using fuzz::require;

namespace {

namespace fs = std::filesystem;
using Kind = sinks::Outcome::Kind;

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds{1'800'000'000}};
constexpr std::chrono::milliseconds kLongestWait = std::chrono::days{30};

void check_wait(const std::optional<std::chrono::milliseconds>& wait) {
    require(!wait || (*wait >= std::chrono::milliseconds{0} && *wait <= kLongestWait));
}

/// Status, `Retry-After` up to a line feed, then the body.
void check_reply(fuzz::Input input) {
    static constexpr std::array kStatuses{200, 202, 204, 302, 400, 401, 403, 404,
                                          408, 410, 413, 421, 429, 500, 503, 550};
    sinks::HttpReply reply;
    reply.status = kStatuses.at(input.byte() % kStatuses.size());
    const std::string_view text = input.text();
    const std::size_t end = std::min(text.find('\n'), text.size());
    reply.retry_after = text.substr(0, end);
    reply.text = text.substr(std::min(end + 1, text.size()));
    reply.headers = {{"x-ratelimit-remaining", "0"},
                     {"x-ratelimit-reset-after", reply.retry_after}};
    for (const auto classify : {&sinks::classify_slack, &sinks::classify_discord,
                                &sinks::classify_pagerduty, &sinks::classify_telegram}) {
        const sinks::Outcome outcome = classify(reply, kNow);
        check_wait(outcome.wait);
        // Of a refusal somebody is told; what was taken needs a status, or Telegram's word.
        require(outcome.kind == Kind::ok || !outcome.detail.empty());
        const bool is_taken = outcome.kind == Kind::ok && classify != &sinks::classify_telegram;
        require(!is_taken || (reply.status >= 200 && reply.status <= 299));
    }
    check_wait(sinks::discord_pause(reply));
    require((sinks::classify_smtp(reply).kind == Kind::ok) ==
            (reply.status >= 200 && reply.status <= 299));
}

/// In memory where there is such a place: every run syncs.
class Folder {
  public:
    Folder() {
        const fs::path memory = "/dev/shm";
        const fs::path above = fs::is_directory(memory) ? memory : fs::temp_directory_path();
        std::string pattern = (above / "plimsoll-lines-XXXXXX").string();
        require(::mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { fs::remove_all(path_); }

    fs::path archive() const { return path_ / "alerts.jsonl"; }

  private:
    fs::path path_;
};

std::string read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void check_archive(std::string_view bytes) {
    static const Folder folder;
    const fs::path archive = folder.archive();
    std::ofstream(archive, std::ios::binary) << bytes;
    // Readers come at any time, before the torn line is cut as well.
    (void)query::for_each_line(archive, [](const view::Row& row) {
        require(row.is_object());
        (void)query::time_of_alert(row);
    });
    auto file = sinks::LineFile::open(archive);
    require(file.has_value());
    const std::size_t end = bytes.rfind('\n');
    const std::string whole(bytes.substr(0, end == bytes.npos ? 0 : end + 1));
    require(read(archive) == whole);
    require(file->tail() == whole);  // inputs are shorter than a tail
    require(file->append("{}").has_value());
    require(read(archive) == whole + "{}\n");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    if (input.byte() % 2 == 0) {
        check_reply(input);
    } else {
        check_archive(input.text());
    }
    return 0;
}
