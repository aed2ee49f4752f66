#include "config/reference.hpp"

#include "config/describe.hpp"
#include "config/keys.hpp"
#include "config/section.hpp"
#include "tests/config/support.hpp"
#include "tests/support/effort.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

namespace plimsoll::config {
namespace {

using testing::FakeSecrets;
using ::testing::HasSubstr;
using testing::joined;
using testing::parse;
using testing::parse_good;

std::string read_text(const std::string& path) {
    std::ifstream file(std::string(PLIMSOLL_SOURCE_DIR) + '/' + path);
    EXPECT_TRUE(file.good()) << path;
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(Reference, the_page_is_what_the_table_says) {
    const std::string path = "docs/configuration.md";
    if (std::getenv("PLIMSOLL_WRITE_REFERENCE") != nullptr) {
        std::ofstream(std::string(PLIMSOLL_SOURCE_DIR) + '/' + path) << reference_markdown();
    }
    EXPECT_TRUE(read_text(path) == reference_markdown())
        << path << " is out of date; run this test with PLIMSOLL_WRITE_REFERENCE=1 in its "
        << "environment to write it anew";
}

TEST(Reference, the_schema_knows_every_key) {
    const auto schema = nlohmann::json::parse(schema_json());
    for (const KeySpec& row : key_specs()) {
        const SectionSpec* const section = find_section(row.section);
        ASSERT_NE(section, nullptr) << row.section;
        const std::string id(row.section);
        nlohmann::json::json_pointer place;
        if (section->shape == Shape::inside) place /= "$defs";
        if (section->shape != Shape::inside && !id.empty()) place /= "properties";
        if (!id.empty()) place /= id;
        if (section->shape == Shape::named) place /= "additionalProperties";
        if (section->shape == Shape::repeated) place /= "items";
        place = place / "properties" / std::string(row.key);
        EXPECT_TRUE(schema.contains(place)) << place.to_string();
    }
}

TEST(Reference, the_schema_refuses_what_it_does_not_know) {
    const auto schema = nlohmann::json::parse(schema_json());
    EXPECT_EQ(schema["additionalProperties"], false);
    EXPECT_EQ(schema["properties"]["daemon"]["additionalProperties"], false);
    EXPECT_EQ(schema["properties"]["chains"]["additionalProperties"]["required"],
              nlohmann::json({"kind", "chain_id", "endpoints"}));
    EXPECT_EQ(
        schema["properties"]["bands"]["additionalProperties"]["properties"]["between"]["maxItems"],
        2);
}

/// Whether the text of a row is a value of its form.
bool reads(Form form, std::string_view text) {
    switch (form) {
        case Form::duration:
            return parse_duration(text).has_value();
        case Form::depth:
            return parse_depth(text).has_value();
        case Form::window:
            return parse_window(text).has_value();
        case Form::integer:
            return parse_decimal(text).has_value();
        case Form::boolean:
            return text == "true" || text == "false";
        case Form::usd:
        case Form::ratio:
        case Form::factor:
            return parse_decimal_text(text, decimals_of(form)).has_value();
        default:
            return true;
    }
}

TEST(KeyTable, every_row_is_sound) {
    for (const KeySpec& row : key_specs()) {
        const std::string name = std::string(row.section) + '.' + std::string(row.key);
        EXPECT_NE(find_section(row.section), nullptr) << name;
        EXPECT_EQ(find_key(row.section, row.key), &row) << name << " has two rows";
        EXPECT_FALSE(row.help.empty()) << name;
        EXPECT_FALSE(row.required && !row.fallback.empty()) << name;
        EXPECT_TRUE(row.refers.empty() || find_section(row.refers) != nullptr) << name;
        EXPECT_EQ(row.form == Form::choice, !row.choices.empty()) << name;
        for (const std::string_view text : {row.fallback, row.least, row.most}) {
            EXPECT_TRUE(text.empty() || row.list || reads(row.form, text)) << name;
        }
        if (row.form == Form::integer && row.support == Support::now) {
            EXPECT_FALSE(row.least.empty()) << name;
        }
    }
}

TEST(Describe, prints_what_it_reads_back) {
    const std::string text = read_text("config/examples/ethereum.toml");
    FakeSecrets secrets;
    secrets.variables = {{"ETH_RPC_URL_1", "https://a.example"},
                         {"ETH_RPC_URL_2", "http://127.0.0.1:8545"}};
    const auto first = parse(text, secrets);
    ASSERT_TRUE(first.has_value()) << joined(first.error());
    const std::string described = describe(*first);
    const auto second = parse(described, secrets);
    ASSERT_TRUE(second.has_value()) << joined(second.error()) << described;
    auto without_marks = [](std::string printed) {
        const std::string mark = "  # default";
        for (auto at = printed.find(mark); at != std::string::npos; at = printed.find(mark)) {
            printed.erase(at, mark.size());
        }
        return printed;
    };
    EXPECT_EQ(without_marks(describe(*second)), without_marks(described));
}

TEST(Describe, is_json_too) {
    const auto described = nlohmann::json::parse(describe_json(parse_good("")));
    EXPECT_EQ(described["chains"]["eth"]["endpoints"][0]["url"], "https://node.example");
    EXPECT_EQ(described["rules"]["source-stale"]["default"], true);
    EXPECT_EQ(described["protocols"]["aave-v3-ethereum"]["start_block"], 16291006);
}

TEST(Describe, bears_texts_that_are_no_utf8) {
    FakeSecrets secrets;
    secrets.credentials["label"] = "\xff\xfe";
    const Settings settings = parse_good(
        "[watch.w]\nlabel = \"${credential:label}\"\n"
        "accounts = [\"0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e\"]\n",
        secrets);
    EXPECT_TRUE(nlohmann::json::accept(describe_json(settings)));
}

TEST(Example, ethereum_is_right_once_the_endpoints_are_set) {
    FakeSecrets secrets;
    secrets.variables = {{"ETH_RPC_URL_1", "https://a.example/v2/0123456789abcdefghij"},
                         {"ETH_RPC_URL_2", "http://127.0.0.1:8545"}};
    const auto parsed = parse(read_text("config/examples/ethereum.toml"), secrets);
    ASSERT_TRUE(parsed.has_value()) << joined(parsed.error());
    EXPECT_EQ(parsed->warnings.size(), 2U) << joined(parsed->warnings);  // ${env:} twice
    EXPECT_EQ(parsed->bands.size(), 2U);
    EXPECT_EQ(parsed->protocols.at(0).start_block, 16291006U);
    EXPECT_EQ(parsed->rules.size(), 11U + 7U);
    EXPECT_EQ(parsed->sinks.at(0).kind, "jsonl");
}

TEST(Example, ethereum_names_what_is_not_set) {
    FakeSecrets secrets;
    const auto parsed = parse(read_text("config/examples/ethereum.toml"), secrets);
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(parsed.error().size(), 2U) << joined(parsed.error());
    EXPECT_THAT(parsed.error()[0].message, HasSubstr("ETH_RPC_URL_1 is not set"));
}

TEST(Example, justlend_is_right_with_a_key) {
    FakeSecrets secrets;
    secrets.credentials["trongrid_key"] = "0123456789";
    const auto parsed = parse(read_text("config/examples/tron-justlend.toml"), secrets);
    ASSERT_TRUE(parsed.has_value()) << joined(parsed.error());
    EXPECT_TRUE(parsed->warnings.empty()) << joined(parsed->warnings);
    const ProtocolSettings& justlend = parsed->protocols.at(0);
    EXPECT_EQ(justlend.kind, "compound-v2");
    EXPECT_EQ(justlend.deployment, "justlend");
    EXPECT_EQ(to_base58check(justlend.address), "TGjYzgCyPobsNS9n6WcbdLVR9dH7mWqFx7");
    EXPECT_EQ(parsed->chains.at(0).caip2(), "tron:0x2b6653dc");
    EXPECT_EQ(parsed->chains.at(0).endpoints.at(0).max_rps, 8U);
    EXPECT_EQ(parsed->bands.size(), 3U);
}

TEST(Parse, bears_any_damage_to_a_file) {
    const std::string good = read_text("config/examples/ethereum.toml");
    const std::string alphabet = "[]{}\"'=.,_-#$\n\t 019azE\\\xff";
    std::mt19937_64 random(1);
    const auto below = [&](std::size_t end) -> std::size_t { return random() % end; };
    for (unsigned round = 0; round < test::effort(3000); ++round) {
        std::string text = good;
        for (std::size_t left = 1 + below(4); left > 0; --left) {
            const std::size_t at = below(text.size());
            switch (below(4)) {
                case 0:
                    text[at] = alphabet[below(alphabet.size())];
                    break;
                case 1:
                    text.erase(at, 1 + below(20));
                    break;
                case 2:
                    text.insert(at, 1, alphabet[below(alphabet.size())]);
                    break;
                default:
                    text.insert(at, text.substr(below(text.size()), below(60)));
                    break;
            }
        }
        FakeSecrets secrets;
        secrets.variables = {{"ETH_RPC_URL_1", "https://a.example"}};
        const auto parsed = parse(text, secrets);
        if (parsed) {
            EXPECT_FALSE(describe(*parsed).empty());
            continue;
        }
        ASSERT_FALSE(parsed.error().empty());
        for (const ConfigError& error : parsed.error()) EXPECT_FALSE(error.message.empty());
    }
}

}  // namespace
}  // namespace plimsoll::config
