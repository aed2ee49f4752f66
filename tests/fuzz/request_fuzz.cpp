// What clients of the HTTP interface and of the commands write: request targets and parameters.

#include "daemon/http/heat_range.hpp"
#include "daemon/http/params.hpp"
#include "daemon/http/target.hpp"
#include "daemon/query/table.hpp"
#include "tests/fuzz/input.hpp"

#include <algorithm>

using namespace plimsoll;
using fuzz::require;

namespace {

bool has_control(const std::string& text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
    });
}

void check_target(std::string_view text) {
    const auto target = http::parse_target(text);
    if (!target) return;
    require(target->path.starts_with('/') && !has_control(target->path));
    require(target->query.size() <= 32);
    for (const auto& [name, value] : target->query) require(!has_control(name + value));
    http::Params params(*target, {"low", "high", "step", "change", "limit", "at_risk"});
    const auto usd = [&params](std::string_view name) {
        const auto value = params.fixed(name, 8);
        return value ? std::optional(Usd8::from_raw(*value)) : std::nullopt;
    };
    const http::HeatRange asked{usd("low"), usd("high"), usd("step")};
    for (const U256& price : {U256(1), U256(250'000'000'000U), u256_max()}) {
        const auto range = http::complete(asked, Usd8::from_raw(price));
        if (range) require(range->low < range->high && range->step.raw() != 0);
        const auto change = http::parse_change(params.text("change"));
        if (change) (void)change->of(OraclePrice::from_raw(price));
    }
    (void)params.number("limit", 1, 1, 1000);
    (void)params.flag("at_risk");
    require(params.problem().size() < 400);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::as_text(data, size);
    check_target(text);
    const std::string shown = query::fit_to_show(text);
    require(query::fit_to_show(shown) == shown && !has_control(shown));
    (void)query::display_width(text);
    return 0;
}
