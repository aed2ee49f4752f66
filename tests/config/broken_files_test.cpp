#include "tests/config/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

// Every file of tests/config/broken/ begins with the errors it has, as comments: `# line:column:
// message (hint)`. tests/integration/check_config_test.mjs shows the same files to the program.

namespace plimsoll::config {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> broken_files() {
    std::vector<fs::path> out;
    for (const auto& entry :
         fs::directory_iterator(fs::path(PLIMSOLL_SOURCE_DIR) / "tests/config/broken")) {
        out.push_back(entry.path());
    }
    std::sort(out.begin(), out.end());
    return out;
}

/// The comments at the beginning, without their mark.
std::string expected_errors(const std::string& text) {
    std::string out;
    for (std::size_t at = 0; text.compare(at, 2, "# ") == 0;) {
        const std::size_t end = text.find('\n', at) + 1;
        out += "t.toml:" + text.substr(at + 2, end - at - 2);
        at = end;
    }
    return out;
}

class BrokenFile : public ::testing::TestWithParam<fs::path> {};

TEST_P(BrokenFile, is_told_with_all_its_errors) {
    std::ifstream in(GetParam());
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const std::string expected = expected_errors(text);
    ASSERT_FALSE(expected.empty());
    const auto parsed = testing::parse(text);
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(testing::joined(parsed.error()), expected);
}

TEST(BrokenFiles, are_many) { EXPECT_GE(broken_files().size(), 60U); }

std::string name_of(const ::testing::TestParamInfo<fs::path>& tested) {
    return tested.param.stem().string();
}

INSTANTIATE_TEST_SUITE_P(All, BrokenFile, ::testing::ValuesIn(broken_files()), name_of);

}  // namespace
}  // namespace plimsoll::config
