#include "config/default_rules.hpp"
#include "config/expression.hpp"
#include "config/hysteresis.hpp"
#include "config/metrics.hpp"
#include "config/readers.hpp"

#include <algorithm>

namespace plimsoll::config {
namespace {

/// One `[rules.NAME]`: its texts become conditions, and what does not fit its kind is told.
class RuleReader {
  public:
    RuleReader(Reading& reading, Section& section, const std::vector<BandSettings>& bands,
               bool has_watches)
        : reading_(reading), section_(section), bands_(bands), has_watches_(has_watches) {}

    RuleSettings read(const std::string& name) {
        RuleSettings rule;
        rule.name = name;
        read_plain(rule);
        const auto when = section_.optional_text("when");
        if (!when) return rule;
        auto conditions = parse_when(when->view());
        if (!conditions) {
            tell(*when, "when", conditions.error());
            return rule;
        }
        rule.when_text = std::string(when->view());
        rule.when = std::move(*conditions);
        first_ = rule.when.front().metric;
        scope_ = scope_of(rule.when).value();
        is_event_ = is_event(first_);
        if (!section_.has("window")) rule.window.time = window_of(rule).value_or(Milliseconds{0});
        if (!section_.has("keep")) rule.keep = default_keep(scope_);
        warn_about_direction(*when, rule.when);
        read_clear(rule);
        check_keys(rule);
        return rule;
    }

  private:
    void read_plain(RuleSettings& rule) {
        rule.hold_for = section_.duration("for");
        rule.keep = section_.duration("keep");
        rule.min_debt = Usd8::from_raw(section_.decimal("min_debt"));
        rule.min_usd = Usd8::from_raw(section_.decimal("min_usd"));
        rule.window = section_.window("window").value_or(Window{});
        rule.severity = section_.choice("severity");
        rule.confirm = section_.depth("confirm");
        rule.repeat = section_.duration("repeat");
        rule.update_on_milli = static_cast<std::uint64_t>(section_.decimal("update_on"));
        rule.bands = section_.names("bands");
        rule.protocols = section_.names("protocols");
        rule.markets = section_.names("markets");
        rule.watch = section_.names("watch");
        rule.to = section_.names("to");
    }

    void tell(const Text& text, std::string_view key, const ExpressionError& error) {
        if (text.hidden) {
            reading_.problems.error(text.at, in_quotes(key) + " is no valid condition");
        } else {
            reading_.problems.error(text.at_offset(error.offset),
                                    in_quotes(key) + ": " + error.message, error.hint);
        }
    }

    /// A health factor above a number is what healthy positions have.
    void warn_about_direction(const Text& text, const std::vector<Condition>& when) {
        const bool is_odd = std::all_of(when.begin(), when.end(), [](const Condition& condition) {
            return condition.metric == Metric::health_factor &&
                   (condition.comparison == Comparison::greater ||
                    condition.comparison == Comparison::greater_equal);
        });
        if (is_odd) {
            reading_.problems.warn(
                text.at, "'when' of " + section_.label() + " is true for healthy positions");
        }
    }

    void read_clear(RuleSettings& rule) {
        Expression clear = default_clear(rule.when);
        if (const auto given = section_.optional_text("clear"); given && !is_event_) {
            auto parsed = parse_clear(given->view());
            if (!parsed) {
                tell(*given, "clear", parsed.error());
            } else if (check_clear(*given, *parsed, rule.when)) {
                clear = std::move(*parsed);
            }
        }
        rule.clear = std::move(clear.conditions);
        rule.clear_join = clear.join;
    }

    static bool fits_when(const Condition& condition, std::vector<Condition> when) {
        if (is_event(condition.metric)) return false;
        const auto before = scope_of(when);
        when.push_back(condition);
        return scope_of(when) == before;
    }

    /// The longest default of the metrics that look back.
    static std::optional<Milliseconds> window_of(const RuleSettings& rule) {
        std::optional<Milliseconds> out;
        for (const Condition& condition : rule.when) {
            out = std::max(out, default_window(condition.metric));
        }
        return out;
    }

    bool check_clear(const Text& text, const Expression& clear,
                     const std::vector<Condition>& when) {
        for (const Condition& condition : clear.conditions) {
            if (fits_when(condition, when)) continue;
            reading_.problems.error(text.at, "'clear': " + in_quotes(to_string(condition.metric)) +
                                                 " does not fit 'when'");
            return false;
        }
        if (!can_overlap(when, clear)) return true;
        const Expression better = default_clear(when);
        reading_.problems.error(text.at, "'clear' can be true at the same time as 'when'",
                                "for example: " + to_string(better.conditions, better.join));
        return false;
    }

    void refuse(std::string_view key, const std::string& why) {
        if (!section_.has(key)) return;
        reading_.problems.error(section_.at(key),
                                in_quotes(key) + " has no meaning in " + section_.label(), why);
    }

    static bool asks_for(const RuleSettings& rule, Metric metric) {
        return std::any_of(rule.when.begin(), rule.when.end(),
                           [&](const Condition& condition) { return condition.metric == metric; });
    }

    void check_keys(RuleSettings& rule) {
        const bool is_change = first_ == Metric::parameters_changed;
        if (is_activity(first_)) {
            refuse("min_debt", "give min_usd: what the activity is worth");
        } else if (scope_ != Scope::position && !is_change) {
            refuse("min_debt", "it is for rules about positions");
        }
        if (!is_activity(first_) && !asks_for(rule, Metric::tvl_drop_pct)) {
            refuse("min_usd", "it is for tvl_drop_pct and for the activity of watched accounts");
        }
        if (!window_of(rule)) refuse("window", "it is for tvl_drop_pct and price_jump_pct");
        if (rule.window.blocks != 0 && asks_for(rule, Metric::oracle_age)) {
            reading_.problems.error(section_.at("window"),
                                    "'window' must be a duration beside 'oracle_age'");
        }
        if (scope_ != Scope::position) refuse("watch", "it is for rules about positions");
        if (scope_ == Scope::chain) refuse("protocols", "the rule is about chains");
        if (scope_ == Scope::endpoint) refuse("protocols", "the rule is about endpoints");
        check_markets(rule);
        if (is_event_) {
            const std::string what = first_ == Metric::liquidated ? "a liquidation" : "it";
            for (const std::string_view key : {"clear", "for", "keep", "repeat", "update_on"}) {
                refuse(key, what + " is an event and has no end");
            }
        }
        if (is_activity(first_) && !has_watches_) {
            reading_.problems.error_of_whole(
                section_.at("when"),
                section_.label() + " is about watched accounts and the file has none",
                "add [watch.NAME] with accounts");
        }
        check_bands(rule);
    }

    void check_markets(const RuleSettings& rule) {
        const bool has_markets =
            scope_ == Scope::market || is_activity(first_) ||
            std::all_of(rule.when.begin(), rule.when.end(),
                        [](const Condition& condition) { return is_per_market(condition.metric); });
        if (!has_markets) refuse("markets", "it is for rules about markets");
    }

    void check_bands(RuleSettings& rule) {
        if (scope_ != Scope::band) return refuse("bands", "it is for rules about bands");
        if (section_.has("bands")) return;
        for (const BandSettings& band : bands_) rule.bands.push_back(band.name);
        if (bands_.empty()) {
            reading_.problems.error_of_whole(
                section_.at("when"), section_.label() + " is about bands and the file has none",
                "add [bands.NAME] with collateral and between");
        }
    }

    Reading& reading_;
    Section& section_;
    const std::vector<BandSettings>& bands_;
    bool has_watches_;
    Metric first_ = Metric::health_factor;
    Scope scope_ = Scope::position;
    bool is_event_ = false;
};

}  // namespace

std::vector<RuleSettings> read_rules(Reading& reading, const toml::table& root,
                                     const std::vector<BandSettings>& bands, bool has_watches) {
    std::vector<RuleSettings> out;
    for (const NamedTable& named : named_tables(reading, root, "rules")) {
        Section section = named_section(reading, "rules", named);
        out.push_back(RuleReader(reading, section, bands, has_watches).read(named.name));
    }
    return out;
}

}  // namespace plimsoll::config
