// How the program starts and refuses to, run as it is.
#include "daemon/store/schema.hpp"
#include "daemon/store/sqlite.hpp"
#include "daemon/store/store.hpp"
#include "tests/daemon/app/process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace plimsoll::app {
namespace {

using namespace std::chrono_literals;
using testing::Folder;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using testing::Process;

constexpr uid_t kNobody = 65'534;
constexpr auto kLong = 60s;

class Start : public ::testing::Test {
  protected:
    Start() {
        folder_.write("plimsoll.toml", config());
        std::filesystem::create_directory(state());
    }

    std::filesystem::path state() const { return folder_.path() / "state"; }
    std::string file() const { return (folder_.path() / "plimsoll.toml").string(); }

    std::string config(const std::string& daemon = "", const std::string& rest = "") const {
        return "version = 1\n[daemon]\nhttp_listen = \"127.0.0.1:0\"\nstate_dir = \"" +
               state().string() + "\"\n" + daemon +
               "[chains.eth]\nkind = \"evm\"\nchain_id = 1\nendpoints = [\"http://127.0.0.1:1\"]\n"
               "[protocols.aave-v3-ethereum]\nkind = \"aave-v3\"\nchain = \"eth\"\n" +
               rest;
    }

    Process::Options run(std::vector<std::string> more = {}) const {
        Process::Options options;
        options.arguments = {"run", "--config", file()};
        options.arguments.insert(options.arguments.end(), more.begin(), more.end());
        options.unset = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "CREDENTIALS_DIRECTORY"};
        return options;
    }

    /// It ends with this code and says this.
    void refuses(const Process::Options& options, int code, const std::string& says) {
        Process process(options);
        EXPECT_EQ(process.exit_code(kLong), code);
        process.stop_listening();
        EXPECT_THAT(process.said(), HasSubstr(says));
    }

    /// It runs, and ends well when asked to.
    std::string runs(const Process::Options& options) {
        Process process(options);
        EXPECT_TRUE(process.says(" runs; state in ", kLong));
        process.signal(SIGTERM);
        EXPECT_EQ(process.exit_code(kLong), 0);
        process.stop_listening();
        return process.said();
    }

    void make_store() const {
        const auto opened = store::Store::open(state(), {});
        ASSERT_TRUE(opened.has_value()) << opened.error().message;
    }

    void damage_store() const {
        make_store();
        std::fstream file(state() / "state.db", std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(100);
        file << std::string(8'000, 'x');
    }

    Folder folder_;
};

TEST_F(Start, usage_is_64_and_names_what_there_is) {
    Process::Options options;
    options.arguments = {"ruin"};
    refuses(options, 64, "--help");
}

TEST_F(Start, a_missing_configuration_is_66) {
    Process::Options options = run();
    options.arguments[2] = "/nowhere/plimsoll.toml";
    refuses(options, 66, "/nowhere/plimsoll.toml: cannot be read: No such file or directory");
}

TEST_F(Start, a_wrong_configuration_is_78_with_every_error) {
    folder_.write("plimsoll.toml", config("inztance = \"a\"\nlog_level = \"loud\"\n"));
    Process process(run());
    EXPECT_EQ(process.exit_code(kLong), 78);
    process.stop_listening();
    EXPECT_THAT(process.said(), HasSubstr("plimsoll.toml:5:1: unknown key 'inztance'"));
    EXPECT_THAT(process.said(), HasSubstr("plimsoll.toml:6:13: "));
}

TEST_F(Start, a_signing_key_of_another_address_is_78) {
    folder_.write("key", "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318", 0600);
    folder_.write("plimsoll.toml", config("",
                                          "[signing]\nkey = \"${file:key}\"\nexpect_address = "
                                          "\"0x0000000000000000000000000000000000000002\"\n"));
    refuses(run(), 78, "[signing]");
}

TEST_F(Start, an_address_in_use_is_69_and_says_what_to_do) {
    Process first(run());
    ASSERT_TRUE(first.says("listening on http://", kLong));
    const std::string said = first.said();
    const std::size_t at = said.find("listening on http://") + 20;
    const std::string address = said.substr(at, said.find('\n', at) - at);
    folder_.write("other.toml", config());
    std::string other = config();
    other.replace(other.find("127.0.0.1:0"), 11, address);
    folder_.write("other.toml", other);
    Process::Options options = run({"--state-dir", (folder_.path() / "other").string()});
    options.arguments[2] = (folder_.path() / "other.toml").string();
    refuses(options, 69, "choose another address");
}

TEST_F(Start, a_state_directory_in_use_is_69_and_names_who_has_it) {
    Process first(run());
    ASSERT_TRUE(first.says(" runs; state in ", kLong));
    refuses(run(), 69,
            "another plimsoll (process " + std::to_string(first.pid()) +
                ") runs on this directory; stop the other one");
}

TEST_F(Start, a_damaged_store_is_set_aside) {
    damage_store();
    EXPECT_THAT(runs(run()), HasSubstr("is set aside as " + (state() / "state.db.bad-").string()));
}

TEST_F(Start, a_damaged_store_is_65_where_state_is_strict) {
    damage_store();
    refuses(run({"--strict-state"}), 65, "start without --strict-state");
    EXPECT_THAT(runs(run()), HasSubstr("is set aside"));  // nothing was changed before
}

TEST_F(Start, a_newer_schema_is_65_even_where_state_is_not_strict) {
    make_store();
    {
        store::Database db(state() / "state.db");
        db.execute("UPDATE meta SET v = '999' WHERE k = ?1", store::kSchemaVersionKey);
    }
    refuses(run(), 65, "run the newer version again");
}

TEST_F(Start, a_state_directory_that_cannot_be_written_is_77) {
    if (::geteuid() == 0) {
        Process::Options options = run();
        options.user = kNobody;  // root writes everywhere
        ::chmod(state().c_str(), 0755);
        refuses(options, 77, "must own the state directory");
        make_store();
        for (const auto& entry : std::filesystem::directory_iterator(state())) {
            ::chmod(entry.path().c_str(), 0644);
        }
        refuses(options, 77, "must own the state directory");
    } else {
        ::chmod(state().c_str(), 0555);
        refuses(run(), 77, "must own the state directory");
        ::chmod(state().c_str(), 0755);
    }
}

// ---- credentials, laid out as systemd does

TEST_F(Start, credentials_come_from_where_systemd_puts_them) {
    const auto folder = folder_.path() / "credentials";
    folder_.write("credentials/node", "https://node.example/v2/abcdefghij0123456789", 0400);
    ::chmod(folder.c_str(), 0500);
    std::string text = config();
    text.replace(text.find("http://127.0.0.1:1"), 18, "${credential:node}");
    folder_.write("plimsoll.toml", text);
    refuses(run(), 78, "CREDENTIALS_DIRECTORY is not set");

    Process::Options options = run();
    options.environment["CREDENTIALS_DIRECTORY"] = folder.string();
    const std::string said = runs(options);
    EXPECT_THAT(said, Not(HasSubstr("abcdefghij0123456789")));
    EXPECT_THAT(said, Not(HasSubstr("warning: ")));

    ::chmod((folder / "node").c_str(), 0440);  // with an access list for the service's user
    runs(options);
    ::chmod((folder / "node").c_str(), 0444);
    refuses(options, 78, "can be read or written by others");
    ::chmod((folder / "node").c_str(), 0400);
    std::filesystem::remove(folder / "node");
    refuses(options, 78, "No such file or directory");
}

TEST_F(Start, a_key_file_that_others_can_read_is_78) {
    folder_.write("key", "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318", 0644);
    folder_.write("plimsoll.toml", config("", "[signing]\nkey = \"${file:key}\"\n"));
    refuses(run(), 78, "make it mode 0600");
    ::chmod((folder_.path() / "key").c_str(), 0600);
    EXPECT_THAT(runs(run()), HasSubstr("alerts are signed by 0x"));
}

TEST_F(Start, a_secret_from_the_environment_is_a_warning) {
    std::string text = config();
    text.replace(text.find("http://127.0.0.1:1"), 18, "${env:PLIMSOLL_TEST_URL}");
    folder_.write("plimsoll.toml", text);
    Process::Options options = run();
    options.environment["PLIMSOLL_TEST_URL"] = "https://node.example/marker";
    const std::string said = runs(options);
    EXPECT_THAT(said, HasSubstr("warning: "));
    EXPECT_THAT(said, HasSubstr("${env:PLIMSOLL_TEST_URL} can be seen"));
    EXPECT_THAT(said, Not(HasSubstr("marker")));
}

// ---- what the process is like

TEST_F(Start, it_dumps_no_core) {
    Process process(run());
    ASSERT_TRUE(process.says(" runs; state in ", kLong));
    std::ifstream limits("/proc/" + std::to_string(process.pid()) + "/limits");
    const std::string text{std::istreambuf_iterator<char>(limits), {}};
    const std::size_t at = text.find("Max core file size");
    ASSERT_NE(at, std::string::npos);
    const std::string line = text.substr(at, text.find('\n', at) - at);
    EXPECT_THAT(line, MatchesRegex("Max core file size +0 +0 +bytes *"));
}

TEST_F(Start, for_people_lines_begin_with_the_time) {
    const std::string said = runs(run());
    std::size_t lines = 0;
    for (std::size_t at = 0; at < said.size(); ++lines) {
        const std::size_t end = said.find('\n', at);
        const std::string line = said.substr(at, end - at);
        EXPECT_THAT(line, MatchesRegex("20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9:]+\\.[0-9]+Z "
                                       "(info|warning|error) .*"));
        at = end + 1;
    }
    EXPECT_GE(lines, 3U);
}

TEST_F(Start, for_the_journal_lines_begin_with_their_priority_and_carry_no_time) {
    Process::Options options = run();
    options.journal = true;
    folder_.write("plimsoll.toml",
                  config("", "[sinks.w]\nkind = \"webhook\"\nurl = \"https://a.example\"\n"));
    const std::string said = runs(options);
    for (std::size_t at = 0; at < said.size();) {
        const std::size_t end = said.find('\n', at);
        EXPECT_THAT(said.substr(at, end - at), MatchesRegex("<[3-7]>[^0-9<].*"));
        at = end + 1;
    }
    EXPECT_THAT(said, HasSubstr("<4>warning: "));
    EXPECT_THAT(said, HasSubstr("<6>plimsoll "));
    folder_.write("plimsoll.toml", "version = 2\n");
    Process wrong(options);
    EXPECT_EQ(wrong.exit_code(kLong), 78);
    wrong.stop_listening();
    EXPECT_THAT(wrong.said(), ::testing::StartsWith("<3>"));
}

}  // namespace
}  // namespace plimsoll::app
