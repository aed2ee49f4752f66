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
    RuleReader(Reading& reading, Section& section, const std::vector<BandSettings>& bands)
        : reading_(reading), section_(section), bands_(bands) {}

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
        scope_ = scope_of(rule.when.front().metric);
        is_event_ = is_event(rule.when.front().metric);
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
        rule.severity = section_.choice("severity");
        rule.confirm = section_.depth("confirm");
        rule.repeat = section_.duration("repeat");
        rule.update_on_milli = static_cast<std::uint64_t>(section_.decimal("update_on"));
        rule.bands = section_.names("bands");
        rule.protocols = section_.names("protocols");
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

    bool check_clear(const Text& text, const Expression& clear,
                     const std::vector<Condition>& when) {
        for (const Condition& condition : clear.conditions) {
            if (scope_of(condition.metric) == scope_ && !is_event(condition.metric)) continue;
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

    void check_keys(RuleSettings& rule) {
        if (scope_ != Scope::position) {
            refuse("min_debt", "it is for rules about positions");
            refuse("watch", "it is for rules about positions");
        }
        if (scope_ == Scope::chain) refuse("protocols", "the rule is about chains");
        if (is_event_) {
            for (const std::string_view key : {"clear", "for", "keep", "repeat", "update_on"}) {
                refuse(key, "a liquidation is an event and has no end");
            }
        }
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
    Scope scope_ = Scope::position;
    bool is_event_ = false;
};

}  // namespace

std::vector<RuleSettings> read_rules(Reading& reading, const toml::table& root,
                                     const std::vector<BandSettings>& bands) {
    std::vector<RuleSettings> out;
    for (const NamedTable& named : named_tables(reading, root, "rules")) {
        Section section = named_section(reading, "rules", named);
        out.push_back(RuleReader(reading, section, bands).read(named.name));
    }
    return out;
}

}  // namespace plimsoll::config
