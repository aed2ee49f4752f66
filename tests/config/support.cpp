#include "tests/config/support.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace plimsoll::config::testing {
namespace {

Expected<Secret, ParseError> found(const std::map<std::string, std::string>& all,
                                   const std::string& name, const std::string& what) {
    const auto at = all.find(name);
    if (at == all.end()) return parse_error(what + ' ' + name + " is not set");
    return Secret(at->second);
}

}  // namespace

const std::string_view kLeast = R"(version = 1
[chains.eth]
kind = "evm"
chain_id = 1
endpoints = ["https://node.example"]
[protocols.aave-v3-ethereum]
kind = "aave-v3"
chain = "eth"
)";

Expected<Secret, ParseError> FakeSecrets::environment(const std::string& name) {
    return found(variables, name, "environment variable");
}
Expected<Secret, ParseError> FakeSecrets::file(const std::filesystem::path& path) {
    return found(files, path.string(), "file");
}
Expected<Secret, ParseError> FakeSecrets::credential(const std::string& name) {
    return found(credentials, name, "credential");
}

Expected<Settings, std::vector<ConfigError>> parse(std::string_view text, FakeSecrets& secrets,
                                                   const LoadOptions& options) {
    return parse_settings(text, "t.toml", secrets, options);
}

Expected<Settings, std::vector<ConfigError>> parse(std::string_view text) {
    FakeSecrets secrets;
    return parse(text, secrets);
}

Settings parse_good(std::string_view rest, FakeSecrets& secrets) {
    auto parsed = parse(std::string(kLeast) + std::string(rest), secrets);
    if (!parsed) {
        ADD_FAILURE() << joined(parsed.error());
        return {};
    }
    return std::move(*parsed);
}

Settings parse_good(std::string_view rest) {
    FakeSecrets secrets;
    return parse_good(rest, secrets);
}

std::string joined(const std::vector<ConfigError>& errors) {
    std::string out;
    for (const ConfigError& error : errors) out += to_string(error) + '\n';
    return out;
}

Marked take_mark(std::string_view text) {
    const std::size_t mark = text.find("@@");
    if (mark == std::string_view::npos) return {std::string(text), {}};
    Marked out{std::string(text.substr(0, mark)), {1, 1}};
    for (const char c : out.text) {
        ++out.at.column;
        if (c != '\n') continue;
        ++out.at.line;
        out.at.column = 1;
    }
    out.text += text.substr(mark + 2);
    return out;
}

void PrintTo(const Broken& broken, std::ostream* out) { *out << broken.name; }

void expect_told_once(const Broken& broken) {
    std::string text(broken.text);
    if (!text.starts_with("version") && !text.starts_with("@@version")) {
        text = std::string(kLeast) + text;
    }
    const Marked marked = take_mark(text);
    ASSERT_NE(marked.at.line, 0U) << "the mark is missing";
    const auto parsed = parse(marked.text);
    ASSERT_FALSE(parsed.has_value());
    const std::vector<ConfigError>& errors = parsed.error();
    ASSERT_EQ(errors.size(), 1U) << joined(errors);
    EXPECT_EQ(errors[0].file, "t.toml");
    EXPECT_EQ(errors[0].message, broken.message);
    EXPECT_EQ(errors[0].hint, broken.hint);
    EXPECT_EQ(errors[0].at.line, marked.at.line) << joined(errors);
    EXPECT_EQ(errors[0].at.column, marked.at.column) << joined(errors);
}

}  // namespace plimsoll::config::testing
