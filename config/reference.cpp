#include "config/reference.hpp"

#include "config/default_rules.hpp"
#include "config/deployments.hpp"
#include "config/expression.hpp"
#include "config/groups.hpp"
#include "config/hysteresis.hpp"
#include "config/keys.hpp"
#include "config/metrics.hpp"
#include "config/scalars.hpp"

namespace plimsoll::config {
namespace {

constexpr const char* kIntroduction = R"(# Configuration

<!-- Generated from the table of keys in config/keys.cpp; a test compares the two. -->

Plimsoll reads one [TOML](https://toml.io) file, `/etc/plimsoll/plimsoll.toml` unless `--config`
names another. `plimsoll check-config` reads it and prints what it understood, or every error in it
as `file:line:column: message`. Unknown keys are errors. `plimsoll schema` prints a JSON Schema of
this page for editors. Complete examples are `config/examples/ethereum.toml` and `config/examples/tron-justlend.toml`.

## Values

| Value | Written as |
| --- | --- |
| duration | text of a number and `ms`, `s`, `m`, `h` or `d`: `"200ms"`, `"12s"`, `"1h30m"`, `"400d"` |
| USD, number | an integer, `10_000`, or text, `"1574.5"`. TOML floats are not exact, so they are errors. USD has 8 decimals |
| depth | `"finalized"`, `"safe"`, `"latest"`, or a number of blocks below the head |
| address | text, `0x` and 40 hex digits, in one case or with a valid EIP-55 checksum |
| NAME | letters, digits, `.`, `_` and `-`, at most 64 |

**Secrets.** Any text may hold `${credential:NAME}` (a file of `$CREDENTIALS_DIRECTORY`, as systemd's
`LoadCredential` provides it), `${file:PATH}` (relative to the configuration; refused when its group
or others can read it) or `${env:NAME}` (works, with a warning: other processes of the same user can
see it). Line breaks at the end of a file are left out. `$${` stands for a plain `${`. No message shows
a value that came from such a place. URLs are shown as `https://host/…`, keys and secrets not at all:
not in messages, not in logs, not by `check-config`. A key or webhook secret written into the file
itself is a warning, and an error with `--strict`.
)";

constexpr const char* kExpressions = R"(
## Conditions

`when` and `clear` compare metrics with numbers, joined by `and`:

```
metric [op number] { and metric [op number] }        op: <  <=  >  >=
```

Numbers are exact decimals, with `_` between digits where wanted; ages are seconds or durations,
`oracle_age > 25h`. All metrics of a rule are about the same thing: positions, bands, protocols,
markets, chains or endpoints. Those marked *protocol, market* are about the protocol as a whole, or
about each market where the rule has `markets` or another metric of markets. Each subject of a rule
has its own state: a rule about positions raises one alert a position, one about markets one a market.

| Metric | About a | Value | Meaning |
| --- | --- | --- | --- |
)";

constexpr const char* kClear = R"(
`clear` may also join by `or`, and negate flags with `not`. Without one, an alert ends when `when` no
longer holds by a margin: 1% for health factors (`liquidatable` clears at `health_factor >= 1.01`),
utilization and prices, 10% for sums of USD, one percentage point for percents, none for flags,
counts, blocks, ages and coverage. Where `when` joins several conditions it is enough that one of them no longer holds. A `clear` that could be true
together with `when` is an error.

## Default rules

In a file without `[rules.NAME]` these apply, the ones about bands if it has bands, the ones about
watched accounts if it has `[watch.NAME]` (they are about all of them):

```toml
)";

constexpr const char* kHealthRules = R"(```

A file with rules of its own still gets each of the last seven unless one of its rules asks for that
metric, because a monitor that cannot see must not be silent. `default_health_rules = false` in
`[daemon]` switches them off.

## Shipped groups

)";

constexpr const char* kDeployments = R"(
## Built-in deployments

A protocol may name one with `deployment`, or carry its name. A protocol with neither address nor
deployment gets the one marked `main` of its kind and chain.

| Name | Kind | chain_id | Address | Start block | |
| --- | --- | --- | --- | --- | --- |
)";

std::string code(std::string_view text) { return '`' + std::string(text) + '`'; }

std::string code_list(const std::vector<std::string_view>& texts) {
    std::string out;
    for (const std::string_view text : texts) out += (out.empty() ? "" : ", ") + code(text);
    return out;
}

bool is_written_bare(const KeySpec& row) {
    return row.form == Form::boolean || row.form == Form::integer || row.form == Form::usd;
}

std::string written(const KeySpec& row, std::string_view value) {
    const bool is_whole = value.find('.') == std::string_view::npos;
    const bool is_bare = is_written_bare(row) || (row.form == Form::factor && is_whole) ||
                         (row.form == Form::ratio && is_whole);
    return is_bare ? std::string(value) : '"' + std::string(value) + '"';
}

std::string name_of(const KeySpec& row) {
    switch (row.form) {
        case Form::boolean:
            return "`true` or `false`";
        case Form::integer:
            return "integer";
        case Form::duration:
            return "duration";
        case Form::usd:
            return "USD";
        case Form::ratio:
        case Form::factor:
            return "number";
        case Form::address:
            return "address";
        case Form::depth:
            return "depth";
        case Form::window:
            return "duration, or blocks";
        case Form::choice:
            return "one of " + code_list(split_bars(row.choices));
        case Form::url:
            return "URL";
        case Form::secret:
            return "secret text";
        case Form::expression:
            return "condition";
        case Form::headers:
            return "table of secret texts";
        case Form::matchers:
            return "table of texts";
        case Form::endpoints:
            return "URLs or tables";
        case Form::listen:
            return "`host:port`";
        case Form::text:
        case Form::path:
        case Form::cidr:
            break;
    }
    if (!row.refers.empty()) return "name of a `[" + std::string(row.refers) + ".NAME]`";
    return row.form == Form::cidr ? "address block" : "text";
}

std::string value_column(const KeySpec& row) {
    std::string out = name_of(row);
    if (row.list) out = "list: " + out;
    if (!row.least.empty() && row.least == row.most) return out + ", " + std::string(row.least);
    if (!row.least.empty() && !row.most.empty()) {
        out += ", " + std::string(row.least) + " to " + std::string(row.most);
    } else if (!row.least.empty() && row.least != "0" && row.least != "0s") {
        out += ", at least " + std::string(row.least);
    }
    return out;
}

std::string default_column(const KeySpec& row) {
    if (row.required) return "needed";
    if (!row.fallback_note.empty()) return std::string(row.fallback_note);
    if (row.list && row.fallback == row.choices && !row.choices.empty()) return "all";
    if (row.list && !row.fallback.empty()) return code_list(split_bars(row.fallback));
    return row.fallback.empty() ? "none" : code(written(row, row.fallback));
}

std::string key_row(const KeySpec& row) {
    std::string help(row.help);
    if (!row.kind.empty()) help = "Of kind " + code_list(split_bars(row.kind)) + ": " + help;
    if (!row.later.empty()) {
        help += " Later versions: " + code_list(split_bars(row.later)) + '.';
    }
    if (!row.example.empty()) help += " Example: " + code(row.example) + '.';
    if (row.support == Support::not_acted_on) help += " **No effect yet in this version.**";
    return "| " + code(row.key) + " | " + value_column(row) + " | " + default_column(row) + " | " +
           help + " |\n";
}

std::string section_text(const SectionSpec& section) {
    std::string out =
        "\n### " +
        (section.shape == Shape::root ? std::string(section.heading) : code(section.heading)) +
        "\n\n";
    if (!section.help.empty()) out += std::string(section.help) + "\n\n";
    out += "| Key | Value | Default | Meaning |\n| --- | --- | --- | --- |\n";
    for (const KeySpec& row : key_specs()) {
        if (row.section == section.id) out += key_row(row);
    }
    return out;
}

std::string default_rules_text() {
    std::string out;
    for (const DefaultRule& rule : default_rules()) {
        if (!out.empty()) out += '\n';
        out += "[rules." + std::string(rule.name) + "]\nwhen = \"" + std::string(rule.when) +
               "\"\nseverity = \"" + std::string(rule.severity) + "\"\n";
        if (rule.min_debt_usd != 0) {
            out += "min_debt = " + std::to_string(rule.min_debt_usd) + '\n';
        }
        if (rule.min_usd != 0) out += "min_usd = " + std::to_string(rule.min_usd) + '\n';
        if (rule.every_market) out += "markets = [\"*\"]\n";
        if (rule.hold_for != "0s") out += "for = \"" + std::string(rule.hold_for) + "\"\n";
        const auto when = parse_when(rule.when).value();
        const Expression clear = default_clear(when);
        if (!clear.conditions.empty()) {
            out += "# clear: " + to_string(clear.conditions, clear.join) + '\n';
        }
    }
    return out;
}

std::string groups_text() {
    std::string out;
    for (const GroupSettings& group : shipped_groups()) {
        const std::vector<std::string_view> members(group.members.begin(), group.members.end());
        out +=
            "- `" + group.name + "`, led by `" + group.leader + "`: " + code_list(members) + ".\n";
    }
    return out;
}

/// As its chain writes it: TRON's main network has no namespace here but its id.
std::string address_text(const Deployment& deployment) {
    constexpr std::uint64_t kTron = 728126428;
    return deployment.chain_id == kTron ? to_base58check(deployment.address)
                                        : to_checksum(deployment.address);
}

std::string deployments_text() {
    std::string out;
    for (const Deployment& deployment : deployments()) {
        std::string names = code(deployment.name);
        for (const std::string& alias : deployment.aliases) names += ", " + code(alias);
        out += "| " + names + " | " + deployment.kind + " | " +
               std::to_string(deployment.chain_id) + " | " + code(address_text(deployment)) +
               " | " +
               (deployment.start_block ? std::to_string(*deployment.start_block) : "not known") +
               " | " + (deployment.is_main ? "main" : "") + " |\n";
    }
    return out;
}

}  // namespace

std::string reference_markdown() {
    std::string out = kIntroduction;
    out += "\n## Keys\n";
    for (const SectionSpec& section : section_specs()) out += section_text(section);
    out += kExpressions;
    for (const MetricSpec& metric : metric_specs()) {
        out += "| " + code(metric.name) + " | " + std::string(to_string(metric.scope)) +
               (metric.per_market ? ", market" : "") + " | " + std::string(metric.form) + " | " +
               std::string(metric.help) + " |\n";
    }
    out += kClear + default_rules_text() + kHealthRules + groups_text() + kDeployments +
           deployments_text();
    return out;
}

}  // namespace plimsoll::config
