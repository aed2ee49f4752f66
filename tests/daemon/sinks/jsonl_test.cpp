#include "daemon/sinks/jsonl.hpp"

#include "tests/daemon/alerts/vectors.hpp"
#include "tests/daemon/sinks/disk.hpp"

#include <gtest/gtest.h>

namespace plimsoll::sinks {
namespace {

using namespace std::chrono_literals;
using Kind = Outcome::Kind;
using testing::alert_vectors;
using testing::content_of;
using testing::disk;
using testing::fill;
using testing::vector_text;

Message vector_message(std::size_t index, std::uint64_t at) {
    const auto& vector = alert_vectors().at("vectors").at(index);
    Message out;
    out.id = vector_text(vector.at("headers"), "webhook-id");
    out.at = at;
    out.body = vector_text(vector, "body");
    out.signature = vector_text(vector.at("headers"), "plimsoll-signature-eip191");
    out.signer = vector_text(vector, "signer");
    return out;
}

std::string vector_line(std::size_t index) {
    return vector_text(alert_vectors().at("vectors").at(index), "jsonl_line");
}

class JsonlSinkTest : public ::testing::Test {
  protected:
    std::filesystem::path file(const char* date = "2026-01-15") const {
        return folder_.path() / "alerts" / ("date=" + std::string(date)) / "alerts.jsonl";
    }

    testing::TemporaryFolder folder_;
    const Message first_ = vector_message(0, 1'768'478'411);
    const Message second_ = vector_message(1, 1'768'478'580);
};

TEST_F(JsonlSinkTest, lines_are_those_of_the_vectors) {
    JsonlSink archive("archive", folder_.path() / "alerts", 400 * 24h);
    EXPECT_EQ(archive.deliver(first_, {}).kind, Kind::ok);
    EXPECT_EQ(archive.deliver(second_, {}).kind, Kind::ok);
    EXPECT_EQ(content_of(file()), vector_line(0) + "\n" + vector_line(1) + "\n");
}

TEST_F(JsonlSinkTest, unsigned_alert_is_its_body) {
    Message message = first_;
    message.signature.clear();
    JsonlSink archive("archive", folder_.path() / "alerts", 400 * 24h);
    EXPECT_EQ(archive.deliver(message, {}).kind, Kind::ok);
    EXPECT_EQ(content_of(file()), message.body + "\n");
}

TEST_F(JsonlSinkTest, folder_follows_the_alerts_own_date) {
    JsonlSink archive("archive", folder_.path() / "alerts", 400 * 24h);
    Message late = first_;
    late.at = 1'768'521'599;  // 2026-01-15T23:59:59Z
    Message next = second_;
    next.at = 1'768'521'600;
    const std::chrono::sys_seconds days_later{1'769'000'000s};
    EXPECT_EQ(archive.deliver(next, days_later).kind, Kind::ok);
    EXPECT_EQ(archive.deliver(late, days_later).kind, Kind::ok);
    EXPECT_EQ(content_of(file("2026-01-15")), vector_line(0) + "\n");
    EXPECT_EQ(content_of(file("2026-01-16")), vector_line(1) + "\n");
}

TEST_F(JsonlSinkTest, message_delivered_again_after_a_crash_stands_once) {
    {
        JsonlSink before("archive", folder_.path() / "alerts", 400 * 24h);
        EXPECT_EQ(before.deliver(first_, {}).kind, Kind::ok);
        EXPECT_EQ(before.deliver(second_, {}).kind, Kind::ok);
    }
    disk().fdatasyncs = 0;
    JsonlSink after("archive", folder_.path() / "alerts", 400 * 24h);
    EXPECT_EQ(after.deliver(first_, {}).kind, Kind::ok);
    EXPECT_EQ(after.deliver(second_, {}).kind, Kind::ok);
    EXPECT_EQ(disk().fdatasyncs, 2);  // what the crash left unsynced is synced before the ack
    EXPECT_EQ(content_of(file()), vector_line(0) + "\n" + vector_line(1) + "\n");
}

TEST_F(JsonlSinkTest, line_torn_by_a_crash_at_any_byte_is_written_anew) {
    const std::string line = vector_line(1) + "\n";
    for (std::size_t cut = 0; cut <= line.size(); cut += cut + 40 < line.size() ? 40U : 1U) {
        fill(file(), vector_line(0) + "\n" + line.substr(0, cut));
        JsonlSink archive("archive", folder_.path() / "alerts", 400 * 24h);
        ASSERT_EQ(archive.deliver(second_, {}).kind, Kind::ok);
        ASSERT_EQ(content_of(file()), vector_line(0) + "\n" + line) << cut;
    }
}

TEST_F(JsonlSinkTest, id_inside_a_text_or_as_what_is_retracted_is_another_alert) {
    // The second vector retracts an id, and text may quote anything.
    const std::string other =
        R"({"data":{"retracts":"ID","text":"{\"id\":\"ID\"}","x":{"id":"ID"}},"id":"msg_0"})";
    std::string text = other;
    for (auto at = text.find("ID"); at != std::string::npos; at = text.find("ID")) {
        text.replace(at, 2, first_.id);
    }
    fill(file(), text + "\n");
    JsonlSink archive("archive", folder_.path() / "alerts", 400 * 24h);
    EXPECT_EQ(archive.deliver(first_, {}).kind, Kind::ok);
    EXPECT_EQ(content_of(file()), text + "\n" + vector_line(0) + "\n");
}

TEST_F(JsonlSinkTest, failed_sync_is_tried_again_and_stands_once) {
    JsonlSink archive("archive", folder_.path() / "alerts", 400 * 24h);
    EXPECT_EQ(archive.deliver(first_, {}).kind, Kind::ok);
    disk().fails = true;
    const Outcome outcome = archive.deliver(second_, {});
    disk().fails = false;
    EXPECT_EQ(outcome.kind, Kind::retry);
    EXPECT_NE(outcome.detail.find("alerts.jsonl: cannot sync"), std::string::npos);
    EXPECT_EQ(archive.deliver(second_, {}).kind, Kind::ok);
    EXPECT_EQ(content_of(file()), vector_line(0) + "\n" + vector_line(1) + "\n");
}

TEST_F(JsonlSinkTest, file_moved_away_is_made_anew) {
    JsonlSink archive("archive", folder_.path() / "alerts", 400 * 24h);
    EXPECT_EQ(archive.deliver(first_, {}).kind, Kind::ok);
    std::filesystem::remove_all(folder_.path() / "alerts");
    EXPECT_EQ(archive.deliver(second_, {}).kind, Kind::ok);
    EXPECT_EQ(content_of(file()), vector_line(1) + "\n");
}

TEST_F(JsonlSinkTest, body_that_is_not_canonical_is_refused) {
    Message message = first_;
    message.body = "{ }";
    JsonlSink archive("archive", folder_.path() / "alerts", 400 * 24h);
    EXPECT_EQ(archive.deliver(message, {}).kind, Kind::refused);
    EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(JsonlSinkTest, maintain_deletes_whole_old_date_folders_only) {
    for (const char* date : {"2024-12-10", "2024-12-11", "2024-12-12", "2026-01-15"}) {
        fill(file(date), "x\n");
    }
    fill(folder_.path() / "alerts" / "date=old" / "x", "");
    fill(folder_.path() / "alerts" / "2020-01-01" / "x", "");
    JsonlSink archive("archive", folder_.path() / "alerts", 400 * 24h);
    archive.maintain(std::chrono::sys_seconds{1'768'521'599s}, {});
    EXPECT_FALSE(std::filesystem::exists(file("2024-12-10").parent_path()));
    EXPECT_TRUE(std::filesystem::exists(file("2024-12-11")));
    EXPECT_TRUE(std::filesystem::exists(file("2024-12-12")));
    EXPECT_TRUE(std::filesystem::exists(file("2026-01-15")));
    EXPECT_TRUE(std::filesystem::exists(folder_.path() / "alerts" / "date=old"));
    EXPECT_TRUE(std::filesystem::exists(folder_.path() / "alerts" / "2020-01-01"));
}

struct KeepCase {
    const char* name;
    std::int64_t now;
    std::chrono::milliseconds keep;
    std::vector<std::string> expired;
};

class ExpiredFolders : public ::testing::TestWithParam<KeepCase> {};

TEST_P(ExpiredFolders, as_tabled) {
    const std::vector<std::string> names{"date=1970-01-05", "date=1970-01-08",
                                         "date=1970-01-10", "date=1970-1-1",
                                         "latest",          "date=1970-01-01.bak"};
    EXPECT_EQ(expired_folders(names, std::chrono::sys_seconds{std::chrono::seconds{GetParam().now}},
                              GetParam().keep),
              GetParam().expired);
}

constexpr std::int64_t kDay = 86'400;

INSTANTIATE_TEST_SUITE_P(
    Table, ExpiredFolders,
    ::testing::Values(KeepCase{"all_young", 9 * kDay, 5 * 24h, {}},
                      KeepCase{"one_day_too_old", 9 * kDay, 4 * 24h, {"date=1970-01-05"}},
                      KeepCase{"part_of_a_day_counts_whole", 9 * kDay, 4 * 24h + 1ms, {}},
                      KeepCase{
                          "at_least_a_day", 9 * kDay, 0ms, {"date=1970-01-05", "date=1970-01-08"}},
                      KeepCase{"clock_far_ahead", 30'000 * kDay, 5 * 24h, {}},
                      KeepCase{"clock_behind", 5 * kDay, 1 * 24h, {}}),
    [](const auto& case_info) { return case_info.param.name; });

TEST(ExpiredFolders, nothing_of_nothing) { EXPECT_TRUE(expired_folders({}, {}, 24h).empty()); }

}  // namespace
}  // namespace plimsoll::sinks
