#include "config/describe.hpp"
#include "tests/config/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <sys/stat.h>

namespace plimsoll::config {
namespace {

using testing::FakeSecrets;
using ::testing::HasSubstr;
using testing::joined;
using testing::kLeast;
using ::testing::Not;
using testing::parse;

constexpr const char* kMarker = "M4rk3rM4rk3rM4rk3r";

/// A place of the file for a text; "%" is where it goes.
struct Place {
    const char* name;
    const char* text;
};
void PrintTo(const Place& place, std::ostream* out) { *out << place.name; }

constexpr const char* kChain = "[chains.two]\nkind = \"evm\"\nchain_id = 2\n";
const std::string kEndpoint =
    std::string(kChain) + "endpoints = [{ url = \"https://b.example/%\" }]";
const std::string kBadEndpoint = std::string(kChain) + "endpoints = [\"%\"]";
const std::string kHeader =
    std::string(kChain) +
    "endpoints = [{ url = \"https://b.example\", header = { X-Key = \"%\" } }]";
const std::string kBadHeader =
    std::string(kChain) +
    "endpoints = [{ url = \"https://b.example\", header = { X-Key = \"%\\n\" } }]";

const Place kPlaces[] = {
    {"instance", "[daemon]\ninstance = \"% %\""},
    {"listen", "[daemon]\nhttp_listen = \"%\""},
    {"log_level", "[daemon]\nlog_level = \"%\""},
    {"target", "[daemon]\ntarget_health_factor = \"%\""},
    {"endpoint", kEndpoint.c_str()},
    {"bad_endpoint", kBadEndpoint.c_str()},
    {"header", kHeader.c_str()},
    {"bad_header", kBadHeader.c_str()},
    {"chain", "[protocols.p]\nkind = \"aave-v3\"\nchain = \"%\""},
    {"kind", "[protocols.p]\nkind = \"%\"\nchain = \"eth\""},
    {"address", "[protocols.p]\nkind = \"aave-v3\"\nchain = \"eth\"\naddress = \"%\""},
    {"deployment", "[protocols.p]\nkind = \"aave-v3\"\nchain = \"eth\"\ndeployment = \"%\""},
    {"collateral", "[bands.b]\ncollateral = \"% %\"\nbetween = [1, 2]"},
    {"collateral_address", "[bands.b]\ncollateral = \"0x%\"\nbetween = [1, 2]"},
    {"between", "[bands.b]\ncollateral = \"ETH\"\nbetween = [\"%\", 2]"},
    {"member", "[groups.g]\nleader = \"X\"\nmembers = [\"%\", \"%\", \"0x%\", \"% %\"]"},
    {"account", "[watch.w]\naccounts = [\"%\", \"T%\"]"},
    {"when", "[rules.r]\nwhen = \"%\""},
    {"clear", "[rules.r]\nwhen = \"liquidatable\"\nclear = \"%\""},
    {"for", "[rules.r]\nwhen = \"liquidatable\"\nfor = \"%\""},
    {"to", "[rules.r]\nwhen = \"liquidatable\"\nto = [\"%\"]"},
    {"confirm", "[rules.r]\nwhen = \"liquidatable\"\nconfirm = \"%\""},
    {"sink_kind", "[sinks.s]\nkind = \"%\""},
    {"sink_url", "[sinks.s]\nkind = \"webhook\"\nurl = \"%\""},
    {"sink_path", "[sinks.s]\nkind = \"webhook\"\nurl = \"https://c.example/%?k=%\""},
    {"sink_http", "[sinks.s]\nkind = \"webhook\"\nurl = \"http://%.example/%\""},
    {"sink_secret",
     "[sinks.s]\nkind = \"webhook\"\nurl = \"https://a.example\"\nsecrets = [\"%\"]"},
    {"sink_secret_twice",
     "[sinks.s]\nkind = \"webhook\"\nurl = \"https://a.example\"\nsecrets = [\"%\", \"%\"]"},
    {"sink_block",
     "[sinks.s]\nkind = \"webhook\"\nurl = \"https://a.example\"\nallow_private = [\"%/8\"]"},
    {"signing_key", "[signing]\nkey = \"%\""},
    {"expect_address", "[signing]\nkey = \"%\"\nexpect_address = \"%\""},
    {"tables", "[snapshots]\ntables = [\"%\"]"},
    {"inhibit", "[[inhibit]]\nwhen = { rule = \"%\" }\nmute = { rule = \"%\" }\nequal = [\"%\"]"},
};

std::string filled(const Place& place, const std::string& value) {
    std::string out = std::string(kLeast) + place.text + '\n';
    for (std::size_t at = out.find('%'); at != std::string::npos; at = out.find('%', at)) {
        out.replace(at, 1, value);
        at += value.size();
    }
    return out;
}

std::string all_that_is_said(const std::string& text) {
    FakeSecrets secrets;
    secrets.credentials["marker"] = kMarker;
    secrets.variables["MARKER"] = kMarker;
    const auto parsed = parse(text, secrets);
    if (!parsed) return joined(parsed.error());
    return joined(parsed->warnings);
}

class SecretPlace : public ::testing::TestWithParam<Place> {};

TEST_P(SecretPlace, a_credential_is_never_said) {
    EXPECT_THAT(all_that_is_said(filled(GetParam(), "${credential:marker}")),
                Not(HasSubstr(kMarker)));
}

TEST_P(SecretPlace, a_variable_is_never_said) {
    EXPECT_THAT(all_that_is_said(filled(GetParam(), "x${env:MARKER}")), Not(HasSubstr(kMarker)));
}

INSTANTIATE_TEST_SUITE_P(All, SecretPlace, ::testing::ValuesIn(kPlaces),
                         [](const ::testing::TestParamInfo<Place>& tested) {
                             return std::string(tested.param.name);
                         });

TEST(Secrets, a_literal_is_never_said_where_secrets_belong) {
    for (const char* const name :
         {"endpoint", "bad_endpoint", "header", "bad_header", "sink_url", "sink_path", "sink_http",
          "sink_secret", "sink_secret_twice", "signing_key"}) {
        for (const Place& place : kPlaces) {
            if (std::string_view(place.name) != name) continue;
            EXPECT_THAT(all_that_is_said(filled(place, kMarker)), Not(HasSubstr(kMarker))) << name;
        }
    }
}

TEST(Secrets, a_key_without_quotes_is_never_said) {
    const std::string digits(64, '7');
    for (const std::string& value : {digits, "0x" + digits, digits + 'f', "0" + digits,
                                     "-" + digits, digits + ".5", "'" + digits, '"' + digits}) {
        const auto parsed = parse(std::string(kLeast) + "[signing]\nkey = " + value + '\n');
        ASSERT_FALSE(parsed.has_value());
        EXPECT_THAT(joined(parsed.error()), Not(HasSubstr("7777"))) << value;
    }
}

TEST(Secrets, the_effective_configuration_holds_none) {
    FakeSecrets secrets;
    secrets.credentials = {
        {"url", std::string("https://user:word@hook.example/") + kMarker},
        {"secret", "whsec_" + std::string(kMarker) + "AAAAAAAAAAAAAA"},
        {"key", "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"},
        {"header", kMarker}};
    const auto parsed = parse(std::string(kLeast) + kChain + R"(
endpoints = [{ url = "${credential:url}", header = { Authorization = "${credential:header}" } }]
[sinks.w]
kind = "webhook"
url = "${credential:url}"
secrets = ["${credential:secret}"]
[signing]
key = "${credential:key}"
)",
                              secrets);
    ASSERT_TRUE(parsed.has_value()) << joined(parsed.error());
    EXPECT_EQ(parsed->sinks.at(0).url.reveal(), secrets.credentials["url"]);
    for (const std::string& said : {describe(*parsed), describe_json(*parsed)}) {
        EXPECT_THAT(said, Not(HasSubstr(kMarker)));
        EXPECT_THAT(said, Not(HasSubstr("user")));
        EXPECT_THAT(said, Not(HasSubstr("word")));
        EXPECT_THAT(said, Not(HasSubstr("4c0883")));
        EXPECT_THAT(said, HasSubstr("https://hook.example/…"));
    }
}

TEST(Secrets, written_into_the_file_they_are_warnings_or_strict_errors) {
    const std::string text = std::string(kLeast) + R"([signing]
key = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
[sinks.w]
kind = "webhook"
url = "https://a.example/hooks/abcdefghij0123456789"
secrets = ["whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
)";
    const std::string expected =
        "t.toml:10:7: the signing key stands in the file itself (prefer ${credential:NAME} or "
        "${file:PATH})\n"
        "t.toml:13:7: a URL that looks like it holds a key stands in the file itself (prefer "
        "${credential:NAME} or ${file:PATH})\n"
        "t.toml:14:12: a webhook secret stands in the file itself (prefer ${credential:NAME} or "
        "${file:PATH})\n";
    FakeSecrets secrets;
    const auto relaxed = parse(text, secrets);
    ASSERT_TRUE(relaxed.has_value());
    EXPECT_EQ(joined(relaxed->warnings), expected);
    const auto strict = parse(text, secrets, {.strict = true});
    ASSERT_FALSE(strict.has_value());
    EXPECT_EQ(joined(strict.error()), expected);
}

struct Reference {
    const char* text;
    const char* value;  ///< nullptr: an error
    const char* message = "";
};
void PrintTo(const Reference& reference, std::ostream* out) { *out << reference.text; }

class References : public ::testing::TestWithParam<Reference> {};

TEST_P(References, are_replaced) {
    FakeSecrets secrets;
    secrets.variables = {{"A", "a"}, {"B_2", "b"}};
    secrets.files = {{"keys/c", "c"}, {"/abs/d", "d"}};
    secrets.credentials = {{"e-1.x", "e"}};
    const auto parsed =
        parse(std::string(kLeast) + "[daemon]\nstate_dir = \"" + GetParam().text + "\"\n", secrets);
    ASSERT_EQ(parsed.has_value(), GetParam().value != nullptr);
    if (parsed) {
        EXPECT_EQ(parsed->daemon.state_dir, GetParam().value);
    } else {
        EXPECT_EQ(joined(parsed.error()),
                  std::string("t.toml:10:13: ") + GetParam().message + '\n');
    }
}

INSTANTIATE_TEST_SUITE_P(
    Table, References,
    ::testing::Values(
        Reference{"${env:A}", "a"}, Reference{"/x/${env:A}/${env:B_2}/", "/x/a/b/"},
        Reference{"${file:keys/c}", "c"}, Reference{"${file:/abs/d}", "d"},
        Reference{"${credential:e-1.x}", "e"}, Reference{"$${env:A}", "${env:A}"},
        Reference{"$A", "$A"}, Reference{"$${a}${env:A}", "${a}a"},
        Reference{"${env:MISSING}", nullptr, "environment variable MISSING is not set"},
        Reference{"${file:nope}", nullptr, "file nope is not set"},
        Reference{"${evn:A}", nullptr, "unknown reference in ${...} (did you mean 'env'?)"},
        Reference{"${A}", nullptr,
                  "unknown reference in ${...} (known: ${env:NAME}, ${file:PATH}, "
                  "${credential:NAME})"},
        Reference{"${env:A", nullptr, "'${' without '}' (write $${ for a plain ${)"},
        Reference{"${env:}", nullptr,
                  "${env:...} has no valid name (letters, digits, '_', '-' and '.')"},
        Reference{"${credential:../x}", nullptr,
                  "${credential:...} has no valid name (letters, digits, '_', '-' and '.')"},
        Reference{"${credential:..}", nullptr,
                  "${credential:...} has no valid name (letters, digits, '_', '-' and '.')"}));

TEST(Secrets, relative_files_begin_where_the_configuration_is) {
    FakeSecrets secrets;
    secrets.files["/etc/plimsoll/keys/a"] = "value";
    const auto parsed =
        parse_settings(std::string(kLeast) + "[daemon]\nstate_dir = \"${file:keys/a}\"\n",
                       "/etc/plimsoll/plimsoll.toml", secrets);
    ASSERT_TRUE(parsed.has_value()) << joined(parsed.error());
    EXPECT_EQ(parsed->daemon.state_dir, "value");
}

/// A directory of its own that goes away.
class OnDisk : public ::testing::Test {
  protected:
    OnDisk() {
        std::string pattern = (std::filesystem::temp_directory_path() / "plimsoll-XXXXXX").string();
        directory_ = ::mkdtemp(pattern.data());
    }
    ~OnDisk() override { std::filesystem::remove_all(directory_); }

    std::filesystem::path write(const std::string& name, const std::string& content, mode_t mode) {
        const auto path = directory_ / name;
        std::ofstream(path) << content;
        ::chmod(path.c_str(), mode);
        return path;
    }

    std::filesystem::path directory_;
    SystemSecrets secrets_;
};

TEST_F(OnDisk, line_breaks_at_the_end_are_left_out) {
    EXPECT_EQ(secrets_.file(write("a", "s3cret\r\n\n", 0600)).value().reveal(), "s3cret");
    EXPECT_EQ(secrets_.file(write("b", " a b ", 0400)).value().reveal(), " a b ");
}

TEST_F(OnDisk, files_that_others_can_read_are_refused) {
    for (const mode_t mode : {0640U, 0604U, 0644U, 0440U, 0620U, 0602U}) {
        const auto read = secrets_.file(write("a" + std::to_string(mode), kMarker, mode));
        ASSERT_FALSE(read.has_value()) << mode;
        EXPECT_THAT(read.error().message, HasSubstr("make it mode 0600"));
        EXPECT_THAT(read.error().message, Not(HasSubstr(kMarker)));
    }
}

TEST_F(OnDisk, what_is_no_usable_file_is_refused) {
    EXPECT_THAT(secrets_.file(directory_ / "none").error().message,
                HasSubstr("No such file or directory"));
    EXPECT_THAT(secrets_.file(directory_).error().message, HasSubstr("not a regular file"));
    EXPECT_THAT(secrets_.file(write("empty", "\n", 0600)).error().message, HasSubstr("is empty"));
    EXPECT_THAT(secrets_.file(write("big", std::string(70'000, 'a'), 0600)).error().message,
                HasSubstr("larger than 64 KiB"));
    const auto pipe = directory_ / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_THAT(secrets_.file(pipe).error().message, HasSubstr("not a regular file"));
}

TEST_F(OnDisk, credentials_come_from_the_directory_systemd_names) {
    write("token", "t0ken\n", 0440);
    ::unsetenv("CREDENTIALS_DIRECTORY");
    EXPECT_THAT(secrets_.credential("token").error().message,
                HasSubstr("CREDENTIALS_DIRECTORY is not set"));
    ::setenv("CREDENTIALS_DIRECTORY", directory_.c_str(), 1);
    EXPECT_EQ(secrets_.credential("token").value().reveal(), "t0ken");
    EXPECT_FALSE(secrets_.credential("other").has_value());
    ::unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_F(OnDisk, credentials_that_everybody_can_read_are_refused) {
    ::setenv("CREDENTIALS_DIRECTORY", directory_.c_str(), 1);
    for (const mode_t mode : {0444U, 0404U, 0402U, 0420U}) {
        write("token", kMarker, mode);
        const auto read = secrets_.credential("token");
        ASSERT_FALSE(read.has_value()) << mode;
        EXPECT_THAT(read.error().message, HasSubstr("can be read or written by others"));
        EXPECT_THAT(read.error().message, Not(HasSubstr(kMarker)));
        std::filesystem::remove(directory_ / "token");
    }
    ::unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_F(OnDisk, variables_must_be_set_and_not_empty) {
    ::setenv("PLIMSOLL_TEST_SECRET", "v", 1);
    EXPECT_EQ(secrets_.environment("PLIMSOLL_TEST_SECRET").value().reveal(), "v");
    ::setenv("PLIMSOLL_TEST_SECRET", "", 1);
    EXPECT_FALSE(secrets_.environment("PLIMSOLL_TEST_SECRET").has_value());
    ::unsetenv("PLIMSOLL_TEST_SECRET");
    EXPECT_FALSE(secrets_.environment("PLIMSOLL_TEST_SECRET").has_value());
}

}  // namespace
}  // namespace plimsoll::config
