#include "config/expression.hpp"

#include "config/scalars.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace plimsoll::config {
namespace {

enum class Margin { none, ratio, usd, percentage_point };

struct MetricSpec {
    Metric metric;
    std::string_view name;
    std::string_view aliases;  ///< other spellings that are read, between blanks
    Scope scope;
    std::string_view form;
    unsigned decimals;
    Margin margin;
    std::string_view help;
};

constexpr std::array<MetricSpec, 8> kMetrics{{
    {Metric::health_factor, "health_factor", " hf position.health_factor ", Scope::position,
     "number", 18, Margin::ratio,
     "The contract's health factor; liquidatable is strictly below 1."},
    {Metric::liquidatable, "liquidatable", " position.liquidatable ", Scope::position, "flag", 0,
     Margin::ratio, "The contract would let anyone liquidate the position at this block."},
    {Metric::liquidated, "liquidated", " position.liquidated liquidation ", Scope::position,
     "event", 0, Margin::none, "A liquidation was seen on chain. `min_debt` is the debt repaid."},
    {Metric::exposure_usd, "exposure_usd", " band.exposure_usd ", Scope::band, "USD", 8,
     Margin::usd,
     "Collateral of the positions whose liquidation price lies inside the band, in USD."},
    {Metric::price_above_band_pct, "price_above_band_pct", " band.price_above_band_pct ",
     Scope::band, "percent", 8, Margin::percentage_point,
     "Distance of the price from the band's upper end, in percent of that end; negative below it."},
    {Metric::source_stale, "source_stale", " source.stale stale ", Scope::chain, "flag", 0,
     Margin::none, "No new block of the chain was processed for `stale_after`."},
    {Metric::gap_blocks, "gap_blocks", " gap daemon.gap gap.blocks source.gap ", Scope::chain,
     "blocks", 0, Margin::none, "Blocks whose logs could not be read yet and are still owed."},
    {Metric::unverified, "unverified", " protocol.unverified source.unverified ", Scope::protocol,
     "flag", 0, Margin::none,
     "The protocol's numbers are not believed just now: an audit found a difference, or the "
     "contract's version is unknown."},
}};

const MetricSpec& spec_of(Metric metric) {
    return *std::find_if(kMetrics.begin(), kMetrics.end(),
                         [&](const MetricSpec& spec) { return spec.metric == metric; });
}

const MetricSpec* find_metric(std::string_view name) {
    const std::string padded = ' ' + std::string(name) + ' ';
    const auto* const found =
        std::find_if(kMetrics.begin(), kMetrics.end(), [&](const MetricSpec& spec) {
            return spec.name == name || spec.aliases.find(padded) != std::string_view::npos;
        });
    return found == kMetrics.end() ? nullptr : found;
}

std::vector<std::string_view> metric_names() {
    std::vector<std::string_view> out;
    for (const MetricSpec& spec : kMetrics) out.push_back(spec.name);
    return out;
}

constexpr unsigned kMostDigits = 48;  // decimals included; leaves room for margins

U256 power_of_ten(unsigned exponent) {
    U256 out = 1;
    for (unsigned i = 0; i < exponent; ++i) out *= 10U;
    return out;
}

// ---- text to conditions ------------------------------------------------------------------------

struct Token {
    enum class Kind { word, comparison, end } kind = Kind::end;
    std::string_view text;
    std::size_t offset = 0;
};

Unexpected<ExpressionError> fail(const Token& token, std::string message, std::string hint = {}) {
    return Unexpected<ExpressionError>{
        ExpressionError{token.offset, std::move(message), std::move(hint)}};
}

class Parser {
  public:
    Parser(std::string_view text, bool is_clear) : text_(text), is_clear_(is_clear) { advance(); }

    Expected<Expression, ExpressionError> parse() {
        if (token_.kind == Token::Kind::end) return fail(token_, "the expression is empty");
        Expression out;
        std::optional<Join> join;
        for (;;) {
            auto condition = parse_condition();
            if (!condition) return Unexpected<ExpressionError>{std::move(condition.error())};
            out.conditions.push_back(std::move(*condition));
            if (token_.kind == Token::Kind::end) break;
            const auto next = parse_join();
            if (!next) return Unexpected<ExpressionError>{next.error()};
            if (join && *join != *next) {
                return fail(token_, "'and' and 'or' cannot be mixed in one expression");
            }
            join = *next;
        }
        out.join = join.value_or(Join::all);
        return out;
    }

  private:
    static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
    static bool is_operator(char c) { return c == '<' || c == '>' || c == '=' || c == '!'; }

    void advance() {
        while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
        const std::size_t start = at_;
        token_ = Token{Token::Kind::end, {}, start};
        if (start == text_.size()) return;
        const bool comparison = is_operator(text_[start]);
        while (at_ < text_.size() && !is_blank(text_[at_]) &&
               is_operator(text_[at_]) == comparison) {
            ++at_;
        }
        token_.kind = comparison ? Token::Kind::comparison : Token::Kind::word;
        token_.text = text_.substr(start, at_ - start);
    }

    bool at_word(std::string_view a, std::string_view b = {}) const {
        return token_.kind == Token::Kind::word && (token_.text == a || token_.text == b);
    }

    Expected<Join, ExpressionError> parse_join() {
        if (at_word("and", "AND") || at_word("&&")) {
            advance();
            return Join::all;
        }
        if (at_word("or", "OR") || at_word("||")) {
            if (!is_clear_) return fail(token_, "'or' is not known here", "write two rules");
            advance();
            return Join::any;
        }
        return fail(token_, "expected 'and' or the end, found " + in_quotes(token_.text));
    }

    Expected<Condition, ExpressionError> parse_condition() {
        const bool negated = at_word("not", "NOT");
        const Token negation = token_;
        if (negated) advance();
        if (token_.kind == Token::Kind::end) return fail(token_, "a condition is missing");
        const MetricSpec* const spec = find_metric(token_.text);
        if (spec == nullptr) {
            return fail(token_, "unknown metric " + in_quotes(token_.text),
                        did_you_mean_or_list(token_.text, metric_names()));
        }
        const Token metric = token_;
        advance();
        if (is_flag(spec->metric) || is_event(spec->metric)) {
            return parse_flag(*spec, negated ? &negation : nullptr);
        }
        if (negated) return fail(negation, "'not' goes before flags only");
        return parse_comparison(*spec, metric);
    }

    Expected<Condition, ExpressionError> parse_flag(const MetricSpec& spec, const Token* negation) {
        if (negation != nullptr && !is_clear_) {
            return fail(*negation, "'not' is only known in 'clear'");
        }
        if (token_.kind == Token::Kind::comparison) {
            return fail(token_, in_quotes(spec.name) + " holds or not and takes no comparison");
        }
        return Condition{
            .metric = spec.metric,
            .comparison = negation != nullptr ? Comparison::less : Comparison::greater_equal,
            .value = 1};
    }

    Expected<Condition, ExpressionError> parse_comparison(const MetricSpec& spec,
                                                          const Token& metric) {
        if (token_.kind != Token::Kind::comparison) {
            if (metric.text == "gap") {  // alone: any gap
                return Condition{.metric = spec.metric, .comparison = Comparison::greater};
            }
            return fail(token_, in_quotes(spec.name) + " needs a comparison: <, <=, > or >=");
        }
        constexpr std::array<Comparison, 4> kAll{Comparison::less, Comparison::less_equal,
                                                 Comparison::greater, Comparison::greater_equal};
        const auto* const comparison = std::find_if(
            kAll.begin(), kAll.end(), [&](Comparison c) { return to_string(c) == token_.text; });
        if (comparison == kAll.end()) {
            return fail(token_, "expected <, <=, > or >=, found " + in_quotes(token_.text));
        }
        advance();
        if (token_.kind != Token::Kind::word) return fail(token_, "a number is missing");
        std::string_view number = token_.text;
        if (spec.margin == Margin::percentage_point && number.ends_with('%')) {
            number.remove_suffix(1);
        }
        const auto value = parse_decimal_text(number, spec.decimals);
        if (!value)
            return fail(token_, value.error().message + ", found " + in_quotes(token_.text));
        if (value->magnitude >= power_of_ten(kMostDigits)) {
            return fail(token_, "the number is too large");
        }
        if (value->negative && spec.metric != Metric::price_above_band_pct) {
            return fail(token_, in_quotes(spec.name) + " is never negative");
        }
        advance();
        return Condition{.metric = spec.metric,
                         .comparison = *comparison,
                         .negative = value->negative,
                         .value = value->magnitude};
    }

    std::string_view text_;
    bool is_clear_;
    std::size_t at_ = 0;
    Token token_;
};

// ---- sets of states ----------------------------------------------------------------------------

/// Integers from `low` to `high`, both included, moved up so that the most negative is above zero.
struct Interval {
    U512 low;
    U512 high;
};

const U512& origin() {
    static const U512 value = U512(1) << 300;
    return value;
}

U512 moved(const Condition& condition) {
    const U512 magnitude(condition.value);
    return condition.negative ? origin() - magnitude : origin() + magnitude;
}

void intersect(Interval& interval, const Condition& condition) {
    const U512 value = moved(condition);
    switch (condition.comparison) {
        case Comparison::less:
            interval.high = std::min<U512>(interval.high, value - 1);
            break;
        case Comparison::less_equal:
            interval.high = std::min(interval.high, value);
            break;
        case Comparison::greater:
            interval.low = std::max<U512>(interval.low, value + 1);
            break;
        case Comparison::greater_equal:
            interval.low = std::max(interval.low, value);
            break;
    }
}

/// `liquidatable` said with the health factor.
Condition without_flag(const Condition& condition) {
    if (condition.metric != Metric::liquidatable) return condition;
    return Condition{.metric = Metric::health_factor,
                     .comparison = condition.comparison == Comparison::less
                                       ? Comparison::greater_equal
                                       : Comparison::less,
                     .value = wad_one().raw()};
}

Comparison negation(Comparison comparison) {
    switch (comparison) {
        case Comparison::less:
            return Comparison::greater_equal;
        case Comparison::less_equal:
            return Comparison::greater;
        case Comparison::greater:
            return Comparison::less_equal;
        case Comparison::greater_equal:
            break;
    }
    return Comparison::less;
}

/// `value` and a share of it more, or less; the margin is rounded away from `value`, and the result
/// stays within 256 bits.
U256 with_margin(const U256& value, unsigned percent, bool up) {
    const U512 whole = U512(value) * (up ? 100U + percent : 100U - percent);
    const U512 out = (up ? whole + 99U : whole) / 100U;
    return static_cast<U256>(std::min<U512>(out, U512(u256_max())));
}

/// `condition` no longer holds, and not by a hair.
Condition cleared(const Condition& original) {
    Condition out = without_flag(original);
    const MetricSpec& spec = spec_of(out.metric);
    const bool up = out.comparison == Comparison::less || out.comparison == Comparison::less_equal;
    out.comparison = negation(out.comparison);
    switch (spec.margin) {
        case Margin::none:
            break;
        case Margin::ratio:
            out.value = with_margin(out.value, 1, up);
            break;
        case Margin::usd:
            out.value = with_margin(out.value, 10, up);
            break;
        case Margin::percentage_point: {
            const U256 step = power_of_ten(spec.decimals);
            if (out.negative != up) {
                out.value += step;
            } else if (out.value >= step) {
                out.value -= step;
            } else {
                out.value = step - out.value;
                out.negative = !out.negative;
            }
            if (out.value.is_zero()) out.negative = false;
            break;
        }
    }
    return out;
}

}  // namespace

std::string_view to_string(Metric metric) { return spec_of(metric).name; }

std::string_view to_string(Comparison comparison) {
    switch (comparison) {
        case Comparison::less:
            return "<";
        case Comparison::less_equal:
            return "<=";
        case Comparison::greater:
            return ">";
        case Comparison::greater_equal:
            break;
    }
    return ">=";
}

std::string_view to_string(Scope scope) {
    switch (scope) {
        case Scope::position:
            return "position";
        case Scope::band:
            return "band";
        case Scope::chain:
            return "chain";
        case Scope::protocol:
            break;
    }
    return "protocol";
}

Scope scope_of(Metric metric) { return spec_of(metric).scope; }
unsigned decimals_of(Metric metric) { return spec_of(metric).decimals; }
Milliseconds default_keep(Scope scope) {
    return scope == Scope::band ? Milliseconds{std::chrono::minutes{2}} : Milliseconds{0};
}
bool is_flag(Metric metric) { return spec_of(metric).form == "flag"; }
bool is_event(Metric metric) { return spec_of(metric).form == "event"; }

std::vector<MetricHelp> metric_help() {
    std::vector<MetricHelp> out;
    for (const MetricSpec& spec : kMetrics) {
        out.push_back({spec.name, spec.form, to_string(spec.scope), spec.help});
    }
    return out;
}

Expected<std::vector<Condition>, ExpressionError> parse_when(std::string_view text) {
    auto parsed = Parser(text, false).parse();
    if (!parsed) return Unexpected<ExpressionError>{std::move(parsed.error())};
    std::vector<Condition>& conditions = parsed->conditions;
    const auto whole = [](std::string message, std::string hint) {
        return Unexpected<ExpressionError>{ExpressionError{0, std::move(message), std::move(hint)}};
    };
    for (const Condition& condition : conditions) {
        const Metric first = conditions.front().metric;
        if (scope_of(condition.metric) != scope_of(first)) {
            return whole(in_quotes(to_string(first)) + " is about a " +
                             std::string(to_string(scope_of(first))) + ", " +
                             in_quotes(to_string(condition.metric)) + " about a " +
                             std::string(to_string(scope_of(condition.metric))),
                         "write two rules");
        }
        if (is_event(condition.metric) && conditions.size() > 1) {
            return whole("'liquidated' is an event and stands alone",
                         "limit it with min_debt, protocols or watch");
        }
    }
    if (!can_hold(conditions)) return whole("this can never be true", {});
    return std::move(conditions);
}

Expected<Expression, ExpressionError> parse_clear(std::string_view text) {
    auto parsed = Parser(text, true).parse();
    if (!parsed) return parsed;
    if (parsed->join == Join::all && !can_hold(parsed->conditions)) {
        return Unexpected<ExpressionError>{ExpressionError{0, "this can never be true", {}}};
    }
    return parsed;
}

std::string to_string(const Condition& condition) {
    const std::string name(to_string(condition.metric));
    if (is_event(condition.metric)) return name;
    if (is_flag(condition.metric)) {
        return condition.comparison == Comparison::greater_equal ? name : "not " + name;
    }
    return name + ' ' + std::string(to_string(condition.comparison)) + ' ' +
           format_decimal(condition.value, decimals_of(condition.metric), condition.negative);
}

std::string to_string(const std::vector<Condition>& conditions, Join join) {
    std::string out;
    for (const Condition& condition : conditions) {
        if (!out.empty()) out += join == Join::all ? " and " : " or ";
        out += to_string(condition);
    }
    return out;
}

Expression default_clear(const std::vector<Condition>& when) {
    Expression out;
    out.join = when.size() > 1 ? Join::any : Join::all;
    for (const Condition& condition : when) {
        if (!is_event(condition.metric)) out.conditions.push_back(cleared(condition));
    }
    return out;
}

bool can_hold(const std::vector<Condition>& conditions) {
    std::map<Metric, Interval> intervals;
    for (const Condition& original : conditions) {
        const Condition condition = without_flag(original);
        const U512 widest(u256_max());
        const bool may_be_negative = condition.metric == Metric::price_above_band_pct;
        Interval whole{may_be_negative ? origin() - widest : origin(), origin() + widest};
        Interval& interval = intervals.emplace(condition.metric, std::move(whole)).first->second;
        intersect(interval, condition);
        if (interval.low > interval.high) return false;
    }
    return true;
}

bool can_overlap(const std::vector<Condition>& when, const Expression& clear) {
    const auto holds_with = [&](auto begin, auto end) {
        std::vector<Condition> both = when;
        both.insert(both.end(), begin, end);
        return can_hold(both);
    };
    const auto& list = clear.conditions;
    if (clear.join == Join::all) return holds_with(list.begin(), list.end());
    for (auto at = list.begin(); at != list.end(); ++at) {
        if (holds_with(at, at + 1)) return true;
    }
    return false;
}

}  // namespace plimsoll::config
