#include "daemon/alerts/jsonl.hpp"

#include "daemon/alerts/sign.hpp"
#include "tests/daemon/alerts/vectors.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace plimsoll::alerts {
namespace {

using testing::alert_vectors;
using testing::vector_text;

TEST(JsonlLine, unsigned_alert_is_the_body_alone) {
    EXPECT_EQ(jsonl_line(R"({"a":1,"v":1})", "", "").value(), R"({"a":1,"v":1})");
}

TEST(JsonlLine, refuses_a_body_that_is_not_canonical) {
    for (const char* body : {"", "1", "[]", "{", R"({"b":1,"a":1})", R"({"a": 1})", R"({"a":1.0})",
                             R"({"a":1,"a":1})", R"({"A":1})", R"({"a":"\u0041"})"}) {
        EXPECT_FALSE(jsonl_line(body, "0x", "0x").has_value()) << body;
        EXPECT_FALSE(parse_jsonl_line(body).has_value()) << body;
    }
}

TEST(ParseJsonlLine, signature_and_signer_stand_only_together) {
    EXPECT_TRUE(parse_jsonl_line(R"({"id":"a","signature":"0x1","signer":"0x2"})"));
    EXPECT_FALSE(parse_jsonl_line(R"({"id":"a","signature":"0x1"})"));
    EXPECT_FALSE(parse_jsonl_line(R"({"id":"a","signer":"0x2"})"));
    EXPECT_FALSE(parse_jsonl_line(R"({"id":"a","signature":"","signer":""})"));
}

TEST(ParseJsonlLine, deep_nesting_is_refused) {
    const std::string deep =
        R"({"a":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
    EXPECT_FALSE(parse_jsonl_line(deep).has_value());
}

class VerifyJsonl : public ::testing::Test {
  protected:
    void SetUp() override {
        path_ = std::filesystem::temp_directory_path() /
                ("plimsoll-verify-" + std::to_string(getpid()) + ".jsonl");
    }
    void TearDown() override { std::filesystem::remove(path_); }

    JsonlReport report(const std::string& text, std::size_t signer = 0) {
        std::ofstream(path_, std::ios::binary) << text;
        return verify_jsonl(path_, address(signer)).value();
    }
    static std::string line(std::size_t index) {
        return vector_text(alert_vectors().at("vectors").at(index), "jsonl_line");
    }
    static Address address(std::size_t index) {
        return parse_address(vector_text(alert_vectors().at("vectors").at(index), "signer"))
            .value();
    }

    std::filesystem::path path_;
};

TEST_F(VerifyJsonl, good_lines_are_counted_with_and_without_a_last_line_feed) {
    EXPECT_EQ(report("").lines, 0U);
    EXPECT_EQ(report(line(0) + "\n" + line(0)).verified, 2U);
    EXPECT_EQ(report(line(0) + "\n" + line(0) + "\n").verified, 2U);
}

TEST_F(VerifyJsonl, every_kind_of_bad_line_is_told_with_its_number) {
    std::string changed = line(0);
    changed.replace(changed.find("0.9988"), 6, "0.9989");
    std::string renamed = line(0);
    renamed.replace(renamed.find("0x3975969c9e"), 12, "0x3975969c9f");
    const std::string unsigned_line = parse_jsonl_line(line(0))->body;
    const JsonlReport found =
        report(line(0) + "\n" + changed + "\n" + line(1) + "\n\n" + unsigned_line + "\n" + renamed +
               "\n " + line(0) + "\n" + std::string((1U << 20U) + 1, 'x') + "\n" + line(0));
    EXPECT_EQ(found.lines, 9U);
    EXPECT_EQ(found.verified, 2U);
    std::vector<std::size_t> numbers;
    for (const BadLine& bad : found.bad) numbers.push_back(bad.line);
    EXPECT_EQ(numbers, (std::vector<std::size_t>{2, 3, 4, 5, 6, 7, 8}));
    EXPECT_EQ(found.bad[1].problem, "signed by 0x96eF9733cE42cB64407bC081852015e748aD1196");
    EXPECT_EQ(found.bad[3].problem, "not signed");
    EXPECT_EQ(found.bad[4].problem, "names another signer than the one it has");
}

TEST_F(VerifyJsonl, missing_file_is_an_error) {
    EXPECT_FALSE(verify_jsonl(path_, address(0)).has_value());
}

}  // namespace
}  // namespace plimsoll::alerts
