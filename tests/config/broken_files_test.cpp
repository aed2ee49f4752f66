#include "tests/config/support.hpp"

#include <gtest/gtest.h>

namespace plimsoll::config {
namespace {

using testing::Broken;

class BrokenFile : public ::testing::TestWithParam<Broken> {};

TEST_P(BrokenFile, is_told_once_with_line_column_and_hint) {
    testing::expect_told_once(GetParam());
}

std::string name_of(const ::testing::TestParamInfo<Broken>& tested) { return tested.param.name; }

constexpr const char* kNameForm = "letters, digits, '.', '_' and '-', at most 64";

const Broken kSyntax[] = {
    {"key_twice", "[daemon]\ninstance = \"a\"\n@@instance = \"b\"\n",
     "key 'instance' is given twice"},
    {"section_twice", "[daemon]\ninstance = \"a\"\n@@[daemon]\nlog_level = \"info\"\n",
     "section '[daemon]' is given twice"},
    {"text_without_quotes", "[daemon]\ninstance = @@mon\n", "the value of 'instance' is not TOML",
     "texts are put in double quotes; true and false are lower case"},
    {"duration_without_quotes", "[snapshots]\nevery = @@12s\n", "the value of 'every' is not TOML",
     "durations are text: put quotes around them, as in \"12s\""},
    {"address_without_quotes",
     "[signing]\nexpect_address = @@0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e\n",
     "the value of 'expect_address' is not TOML",
     "addresses and keys are text: put quotes around them"},
    {"reference_without_quotes", "[signing]\nkey = @@${env:KEY}\n",
     "the value of 'key' is not TOML", "put quotes around it: \"${...}\""},
    {"leading_zero", "[rules.x]\nwhen = \"liquidatable\"\nmin_debt = @@0100\n",
     "the value of 'min_debt' is not TOML", "numbers have no leading zeros"},
    {"text_without_end", "[daemon]\ninstance = @@\"mon\n", "the value of 'instance' is not TOML",
     "the closing quote is missing"},
    {"list_without_end", "[snapshots]\ntables = [\"tvl\"\n@@[heartbeat]\n",
     "not TOML: array: expected comma or closing ']', saw '['"},
    {"table_over_two_lines",
     "[chains.two]\nkind = \"evm\"\nchain_id = 2\n"
     "endpoints = [{ url = \"https://a.example\",@@\n max_rps = 2 }]\n",
     "not TOML: the table has no '}'", "a table in { } stands on one line"},
    {"no_toml_at_all", "version = 1\nhello@@\n",
     "not TOML: key-value pair: expected '=', saw '\\n'"},
};
INSTANTIATE_TEST_SUITE_P(Syntax, BrokenFile, ::testing::ValuesIn(kSyntax), name_of);

const Broken kNames[] = {
    {"unknown_section", "[@@daemno]\ninstance = \"a\"\n", "unknown section 'daemno'",
     "did you mean 'daemon'?"},
    {"unknown_key_swapped_letters", "[daemon]\n@@isntance = \"a\"\n",
     "unknown key 'isntance' in [daemon]", "did you mean 'instance'?"},
    {"unknown_key_other_word", "[signing]\n@@colour = \"red\"\n",
     "unknown key 'colour' in [signing]", "one of: key, expect_address, previous"},
    {"key_of_another_section", "[daemon]\n@@poll_every = \"12s\"\n",
     "unknown key 'poll_every' in [daemon]", "it belongs in [chains.NAME]"},
    {"key_at_the_top",
     "version = 1\n@@instance = \"a\"\n[chains.eth]\nkind = \"evm\"\n"
     "chain_id = 1\nendpoints = [\"https://a.example\"]\n[protocols.p]\nkind = \"aave-v3\"\n"
     "chain = \"eth\"\n",
     "unknown key 'instance'", "it belongs in [daemon]"},
    {"key_of_an_endpoint",
     "version = 1\n[chains.eth]\nkind = \"evm\"\nchain_id = 1\n"
     "endpoints = [{ url = \"https://a.example\", @@max_rsp = 5 }]\n"
     "[protocols.p]\nkind = \"aave-v3\"\nchain = \"eth\"\n",
     "unknown key 'max_rsp' in the endpoint", "did you mean 'max_rps'?"},
    {"key_of_a_later_version",
     "[sinks.a]\nkind = \"webhook\"\nurl = \"https://a.example\"\n"
     "@@group_wait = \"10s\"\n",
     "key 'group_wait' is not supported yet by this version"},
    {"name_with_a_blank", "[rules.@@\"a b\"]\nwhen = \"liquidatable\"\n", "'a b' cannot be a name",
     kNameForm},
    {"key_where_a_section_belongs", "[watch]\n@@label = \"x\"\n",
     "'label' must be a section, not text", "it belongs in [watch.NAME]"},
    {"section_is_a_number",
     "version = 1\nsinks = @@3\n[chains.eth]\nkind = \"evm\"\nchain_id = 1\n"
     "endpoints = [\"https://a.example\"]\n[protocols.p]\nkind = \"aave-v3\"\nchain = \"eth\"\n",
     "'sinks' must be a section, not an integer", "write [sinks.NAME]"},
    {"version_of_the_future",
     "version = @@2\n[chains.eth]\nkind = \"evm\"\nchain_id = 1\n"
     "endpoints = [\"https://a.example\"]\n[protocols.p]\nkind = \"aave-v3\"\nchain = \"eth\"\n",
     "this program reads version 1"},
};

INSTANTIATE_TEST_SUITE_P(Names, BrokenFile, ::testing::ValuesIn(kNames), name_of);

const Broken kTypes[] = {
    {"float_for_usd", "[bands.b]\ncollateral = \"ETH\"\nbetween = [@@1574.5, 1681]\n",
     "'between' must be an amount of USD: an integer, or text such as \"1574.5\", not a float, "
     "which is not exact",
     "quote the number: \"1574.5\""},
    {"float_for_ratio", "[daemon]\ntarget_health_factor = @@1.25\n",
     "'target_health_factor' must be a number: an integer, or text such as \"1.25\", not a float, "
     "which is not exact",
     "quote the number: \"1.25\""},
    {"integer_for_duration", "[heartbeat]\nevery = @@300\nto = [\"archive\"]\n",
     "'every' must be a duration such as \"12s\", not an integer", "did you mean \"300s\"?"},
    {"text_for_integer",
     "[sinks.a]\nkind = \"webhook\"\nurl = \"https://a.example\"\n"
     "lanes = @@\"4\"\n",
     "'lanes' must be an integer, not text", "leave out the quotes"},
    {"text_for_boolean", "[daemon]\ndefault_health_rules = @@\"false\"\n",
     "'default_health_rules' must be true or false, not text", "leave out the quotes"},
    {"text_for_list", "[rules.x]\nwhen = \"liquidatable\"\nto = @@\"archive\"\n",
     "'to' must be a list, not text", "put brackets around it: [ ... ]"},
    {"date_for_text", "[daemon]\ninstance = @@2026-01-01\n",
     "'instance' must be text, not a date or time"},
    {"number_in_a_list_of_texts", "[groups.G]\nleader = \"A\"\nmembers = [\"A\", @@5]\n",
     "'members' must be text, not an integer"},
    {"text_for_endpoints",
     "version = 1\n[chains.eth]\nkind = \"evm\"\nchain_id = 1\n"
     "endpoints = @@\"https://a.example\"\n[protocols.p]\nkind = \"aave-v3\"\nchain = \"eth\"\n",
     "'endpoints' must be a list, not text", "put brackets around it: [ ... ]"},
};
INSTANTIATE_TEST_SUITE_P(Types, BrokenFile, ::testing::ValuesIn(kTypes), name_of);

const Broken kValues[] = {
    {"duration_without_unit", "[snapshots]\nevery = @@\"12\"\n",
     "'every': a duration needs a unit: ms, s, m, h or d, found '12'", "for example \"12s\""},
    {"duration_of_unknown_unit", "[snapshots]\nevery = @@\"2w\"\n",
     "'every': a duration is a number and ms, s, m, h or d, found '2w'", "for example \"12s\""},
    {"duration_out_of_range",
     "[sinks.a]\nkind = \"webhook\"\nurl = \"https://a.example\"\n"
     "timeout = @@\"61s\"\n",
     "'timeout' must be from \"1s\" to \"60s\""},
    {"integer_out_of_range",
     "[sinks.a]\nkind = \"webhook\"\nurl = \"https://a.example\"\n"
     "lanes = @@0\n",
     "'lanes' must be from 1 to 64"},
    {"too_many_decimals", "[bands.b]\ncollateral = \"ETH\"\nbetween = [1, @@\"1.123456789\"]\n",
     "'between': at most 8 digits may follow the point, found '1.123456789'"},
    {"negative_usd", "[rules.x]\nwhen = \"liquidatable\"\nmin_debt = @@-1\n",
     "'min_debt' may not be negative"},
    {"exponent", "[rules.x]\nwhen = \"liquidatable\"\nmin_debt = @@\"1e6\"\n",
     "'min_debt': a number is digits, perhaps with a point: 10_000 or 1574.5, found '1e6'"},
    {"target_below_one", "[daemon]\ntarget_health_factor = @@\"0.9\"\n",
     "'target_health_factor' must be from 1 to 1000"},
    {"unknown_choice", "[daemon]\nlog_level = @@\"warning\"\n",
     "'log_level': 'warning' is not known", "did you mean 'warn'?"},
    {"unknown_table", "[snapshots]\ntables = [\"tvl\", @@\"position\"]\n",
     "'tables': 'position' is not known", "did you mean 'positions'?"},
    {"table_twice", "[snapshots]\ntables = [\"tvl\", @@\"tvl\"]\n", "'tables' names 'tvl' twice"},
    {"instance_with_a_slash", "[daemon]\ninstance = @@\"a/b\"\n",
     "'instance' is 1 to 64 letters, digits and . _ : -"},
    {"listen_without_port", "[daemon]\nhttp_listen = @@\"127.0.0.1\"\n",
     "'http_listen': a listening address is host:port",
     "for example \"127.0.0.1:9464\", or \"\" to switch it off"},
    {"listen_port_too_large", "[daemon]\nhttp_listen = @@\"127.0.0.1:70000\"\n",
     "'http_listen': the port is not a number from 0 to 65535",
     "for example \"127.0.0.1:9464\", or \"\" to switch it off"},
    {"empty_list_of_references", "[rules.x]\nwhen = \"liquidatable\"\nto = @@[]\n", "'to' is empty",
     "leave it out to mean all"},
    {"heartbeat_to_nobody", "@@[heartbeat]\nevery = \"5m\"\n", "[heartbeat] has no 'to'"},
};
INSTANTIATE_TEST_SUITE_P(Values, BrokenFile, ::testing::ValuesIn(kValues), name_of);

}  // namespace
}  // namespace plimsoll::config
