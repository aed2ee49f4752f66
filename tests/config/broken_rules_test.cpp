#include "tests/config/support.hpp"

#include <gtest/gtest.h>

namespace plimsoll::config {
namespace {

using testing::Broken;

class BrokenRule : public ::testing::TestWithParam<Broken> {};

TEST_P(BrokenRule, is_told_once_with_line_column_and_hint) {
    testing::expect_told_once(GetParam());
}

std::string name_of(const ::testing::TestParamInfo<Broken>& tested) { return tested.param.name; }

const Broken kConditions[] = {
    {"no_when", "@@[rules.r]\nseverity = \"info\"\n", "[rules.r] has no 'when'",
     "for example: when = \"health_factor < 1.05\""},
    {"empty", "[rules.r]\nwhen = \"@@\"\n", "'when': the expression is empty"},
    {"unknown_metric", "[rules.r]\nwhen = \"@@helth_factor < 1\"\n",
     "'when': unknown metric 'helth_factor'", "did you mean 'health_factor'?"},
    {"unknown_second_metric", "[rules.r]\nwhen = \"liquidatable and @@tvl_drop > 5\"\n",
     "'when': unknown metric 'tvl_drop'",
     "one of: health_factor, liquidatable, liquidated, exposure_usd, price_above_band_pct, "
     "source_stale, gap_blocks, endpoints_disagree, unverified"},
    {"no_comparison", "[rules.r]\nwhen = \"health_factor@@\"\n",
     "'when': 'health_factor' needs a comparison: <, <=, > or >="},
    {"no_number", "[rules.r]\nwhen = \"health_factor <@@\"\n", "'when': a number is missing"},
    {"equality", "[rules.r]\nwhen = \"health_factor @@== 1\"\n",
     "'when': expected <, <=, > or >=, found '=='"},
    {"not_a_number", "[rules.r]\nwhen = \"exposure_usd >= @@50M\"\n",
     "'when': a number is digits, perhaps with a point: 10_000 or 1574.5, found '50M'"},
    {"negative_health_factor", "[rules.r]\nwhen = \"health_factor < @@-1\"\n",
     "'when': 'health_factor' is never negative"},
    {"nineteen_decimals", "[rules.r]\nwhen = \"health_factor < @@1.0000000000000000001\"\n",
     "'when': at most 18 digits may follow the point, found '1.0000000000000000001'"},
    {"flag_compared", "[rules.r]\nwhen = \"liquidatable @@> 0\"\n",
     "'when': 'liquidatable' holds or not and takes no comparison"},
    {"or", "[rules.r]\nwhen = \"liquidatable @@or health_factor < 1\"\n",
     "'when': 'or' is not known here", "write two rules"},
    {"not", "[rules.r]\nwhen = \"@@not source_stale\"\n", "'when': 'not' is only known in 'clear'"},
    {"no_and", "[rules.r]\nwhen = \"health_factor < 1 @@liquidatable\"\n",
     "'when': expected 'and' or the end, found 'liquidatable'"},
    {"two_scopes", "[rules.r]\nwhen = \"@@health_factor < 1 and source_stale\"\n",
     "'when': 'health_factor' is about a position, 'source_stale' about a chain",
     "write two rules"},
    {"event_in_company", "[rules.r]\nwhen = \"@@liquidated and health_factor < 1\"\n",
     "'when': 'liquidated' is an event and stands alone",
     "limit it with min_debt, protocols or watch"},
    {"never_true", "[rules.r]\nwhen = \"@@health_factor < 1 and health_factor > 2\"\n",
     "'when': this can never be true"},
    {"no_health_factor_below_zero", "[rules.r]\nwhen = \"@@health_factor < 0\"\n",
     "'when': this can never be true"},
    {"clear_overlaps",
     "[rules.r]\nwhen = \"health_factor < 1.05\"\n"
     "clear = @@\"health_factor > 1\"\n",
     "'clear' can be true at the same time as 'when'", "for example: health_factor >= 1.0605"},
    {"clear_of_another_scope",
     "[rules.r]\nwhen = \"health_factor < 1.05\"\n"
     "clear = @@\"not source_stale\"\n",
     "'clear': 'source_stale' does not fit 'when'"},
    {"clear_mixes",
     "[rules.r]\nwhen = \"health_factor < 1\"\n"
     "clear = \"health_factor > 2 and health_factor > 3 @@or not liquidatable\"\n",
     "'clear': 'and' and 'or' cannot be mixed in one expression"},
};
INSTANTIATE_TEST_SUITE_P(Conditions, BrokenRule, ::testing::ValuesIn(kConditions), name_of);

const Broken kKeys[] = {
    {"unknown_sink",
     "[sinks.oncall]\nkind = \"jsonl\"\n[rules.r]\nwhen = \"liquidatable\"\n"
     "to = [@@\"onkall\"]\n",
     "there is no 'sinks.onkall' in the file", "did you mean 'oncall'?"},
    {"unknown_band", "[rules.r]\nwhen = \"exposure_usd > 5\"\nbands = [@@\"upper\"]\n",
     "there is no 'bands.upper' in the file", "the file has no [bands.NAME]"},
    {"unknown_protocol", "[rules.r]\nwhen = \"liquidatable\"\nprotocols = [@@\"aave\"]\n",
     "there is no 'protocols.aave' in the file", "did you mean 'aave-v3-ethereum'?"},
    {"unknown_watch", "[rules.r]\nwhen = \"liquidatable\"\nwatch = [@@\"whales\"]\n",
     "there is no 'watch.whales' in the file", "the file has no [watch.NAME]"},
    {"no_bands", "[rules.r]\nwhen = @@\"exposure_usd >= 5\"\n",
     "[rules.r] is about bands and the file has none",
     "add [bands.NAME] with collateral and between"},
    {"bands_of_a_position",
     "[bands.b]\ncollateral = \"ETH\"\nbetween = [1, 2]\n"
     "[rules.r]\nwhen = \"liquidatable\"\nbands = @@[\"b\"]\n",
     "'bands' has no meaning in [rules.r]", "it is for rules about bands"},
    {"min_debt_of_a_chain", "[rules.r]\nwhen = \"source_stale\"\nmin_debt = @@5\n",
     "'min_debt' has no meaning in [rules.r]", "it is for rules about positions"},
    {"protocols_of_a_chain", "[rules.r]\nwhen = \"gap\"\nprotocols = @@[\"aave-v3-ethereum\"]\n",
     "'protocols' has no meaning in [rules.r]", "the rule is about chains"},
    {"clear_of_an_event", "[rules.r]\nwhen = \"liquidated\"\nclear = @@\"not liquidatable\"\n",
     "'clear' has no meaning in [rules.r]", "a liquidation is an event and has no end"},
    {"for_of_an_event", "[rules.r]\nwhen = \"liquidated\"\nfor = @@\"2m\"\n",
     "'for' has no meaning in [rules.r]", "a liquidation is an event and has no end"},
    {"severity", "[rules.r]\nwhen = \"liquidatable\"\nseverity = @@\"crit\"\n",
     "'severity': 'crit' is not known", "did you mean 'critical'?"},
    {"update_on_too_small", "[rules.r]\nwhen = \"liquidatable\"\nupdate_on = @@1\n",
     "'update_on' must be from 1.001 to 1000000"},
    {"for_as_integer", "[rules.r]\nwhen = \"liquidatable\"\nfor = @@120\n",
     "'for' must be a duration such as \"12s\", not an integer", "did you mean \"120s\"?"},
};
INSTANTIATE_TEST_SUITE_P(Keys, BrokenRule, ::testing::ValuesIn(kKeys), name_of);

}  // namespace
}  // namespace plimsoll::config
