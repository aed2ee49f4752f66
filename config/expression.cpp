#include "config/expression.hpp"

#include "config/hysteresis.hpp"
#include "config/metrics.hpp"
#include "config/scalars.hpp"

#include <algorithm>
#include <array>

namespace plimsoll::config {
namespace {

std::vector<std::string_view> metric_names() {
    std::vector<std::string_view> out;
    for (const MetricSpec& spec : metric_specs()) out.push_back(spec.name);
    return out;
}

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
            const Token word = token_;
            const auto next = parse_join();
            if (!next) return Unexpected<ExpressionError>{next.error()};
            if (join && *join != *next) {
                return fail(word, "'and' and 'or' cannot be mixed in one expression");
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

    static Expected<Decimal, ParseError> parse_number(const MetricSpec& spec,
                                                      std::string_view text) {
        if (spec.form == "percent" && text.ends_with('%')) text.remove_suffix(1);
        const bool is_plain = text.find_first_not_of("0123456789_-.") == std::string_view::npos;
        if (!is_duration(spec.metric) || is_plain) return parse_decimal_text(text, spec.decimals);
        const auto duration = parse_duration(text);
        if (!duration) return Unexpected<ParseError>{duration.error()};
        if (duration->count() % 1000 != 0) return parse_error("whole seconds are meant");
        return Decimal{false, U256(static_cast<std::uint64_t>(duration->count() / 1000))};
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
        const auto value = parse_number(spec, token_.text);
        if (!value)
            return fail(token_, value.error().message + ", found " + in_quotes(token_.text));
        constexpr unsigned kMostBits = 160;  // no sum has more; leaves room for margins
        if ((value->magnitude >> kMostBits) != 0) {
            return fail(token_, "the number is too large");
        }
        if (value->negative && !can_be_negative(spec.metric)) {
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

}  // namespace

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

Expected<std::vector<Condition>, ExpressionError> parse_when(std::string_view text) {
    auto parsed = Parser(text, false).parse();
    if (!parsed) return Unexpected<ExpressionError>{std::move(parsed.error())};
    std::vector<Condition>& conditions = parsed->conditions;
    const auto whole = [](std::string message, std::string hint) {
        return Unexpected<ExpressionError>{ExpressionError{0, std::move(message), std::move(hint)}};
    };
    const auto about = [](Metric metric) {
        return in_quotes(to_string(metric)) + " is about a " +
               std::string(to_string(scope_of(metric)));
    };
    for (const Condition& condition : conditions) {
        const Metric first = conditions.front().metric;
        if (!scope_of({conditions.front(), condition})) {
            return whole(about(first) + ", " + in_quotes(to_string(condition.metric)) +
                             " about a " + std::string(to_string(scope_of(condition.metric))),
                         "write two rules");
        }
        if (is_event(condition.metric) && conditions.size() > 1) {
            return whole(in_quotes(to_string(condition.metric)) + " is an event and stands alone",
                         condition.metric == Metric::liquidated
                             ? "limit it with min_debt, protocols or watch"
                             : "write two rules");
        }
    }
    if (!scope_of(conditions)) {
        return whole("these metrics are not all about the same thing", "write two rules");
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
    const std::string before = name + ' ' + std::string(to_string(condition.comparison)) + ' ';
    constexpr std::uint64_t kMostSeconds = 1'000'000'000'000;  // further ones overflow a duration
    if (is_duration(condition.metric) && condition.value <= kMostSeconds) {
        const auto seconds = static_cast<std::int64_t>(condition.value);
        return before + to_string(Milliseconds{seconds * 1000});
    }
    return before +
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

}  // namespace plimsoll::config
