#include "daemon/wording/digest.hpp"

#include "daemon/alerts/figures.hpp"
#include "daemon/wording/kinds.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

namespace plimsoll::wording {
namespace {

using alerts::ReadAlert;
using alerts::State;
using Alerts = std::vector<const ReadAlert*>;

/// The newest message of each alert, the gravest alert first.
Alerts newest_of_each(std::span<const ReadAlert> members) {
    std::map<std::string, const ReadAlert*> newest;
    for (const ReadAlert& member : members) {
        const ReadAlert*& place = newest[member.alert_key];
        const auto when = [](const ReadAlert& one) {
            const auto seq = alerts::integer_at(one.data, "seq").value_or(0);
            return std::tuple(one.episode, seq);
        };
        if (place == nullptr || when(*place) <= when(member)) place = &member;
    }
    Alerts out;
    for (const auto& [key, alert] : newest) out.push_back(alert);
    const auto debt = [](const ReadAlert& one) {
        const auto amount = alerts::amount_at(one.data, "debt_usd");
        return amount ? amount->raw : U256(0);
    };
    std::stable_sort(out.begin(), out.end(), [&](const ReadAlert* a, const ReadAlert* b) {
        if (a->is_over() != b->is_over()) return !a->is_over();
        if (a->severity != b->severity) return a->severity > b->severity;
        return debt(*a) > debt(*b);
    });
    return out;
}

/// The value all alerts have, or none.
template <class Get>
std::string common(const Alerts& alerts, Get get) {
    const std::string first = get(*alerts.front());
    const bool is_common = std::all_of(alerts.begin(), alerts.end(),
                                       [&](const ReadAlert* one) { return get(*one) == first; });
    return is_common ? first : std::string();
}

/// Sum of an amount in USD over what the open alerts are about, each position or band once.
std::optional<alerts::Amount> total(const Alerts& alerts, const std::string& name) {
    constexpr unsigned kUsdDecimals = 8;
    std::set<std::tuple<std::string, std::string, std::string, std::string, std::string>> seen;
    U512 sum = 0;
    bool is_any = false;
    for (const ReadAlert* one : alerts) {
        const auto amount = alerts::amount_at(one->data, name);
        if (one->is_over() || !amount || amount->decimals != kUsdDecimals) continue;
        const auto label = [&](const char* key) {
            const auto found = one->labels.find(key);
            return found == one->labels.end() ? std::string() : found->second;
        };
        const std::string event = one->is_event() ? one->alert_key : std::string();
        if (!seen.emplace(one->chain, one->protocol, one->subject + event, label("band"),
                          label("market"))
                 .second) {
            continue;
        }
        sum += amount->raw;
        is_any = true;
    }
    if (!is_any || sum > U512(u256_max())) return std::nullopt;
    return alerts::Amount{U256(sum), kUsdDecimals};
}

struct Count {
    std::string_view mark;
    Phrase word;
};
constexpr Count kCounts[] = {
    {"▲", {" new", " 条新触发"}},
    {"●", {" still firing", " 条持续"}},
    {"✓", {" resolved", " 条解除"}},
    {"✗", {" retracted", " 条撤回"}},
};

std::string counts_text(const Alerts& alerts, Language language) {
    std::string out;
    for (const Count& count : kCounts) {
        const auto number = std::count_if(alerts.begin(), alerts.end(), [&](const ReadAlert* one) {
            return mark_of(*one) == count.mark;
        });
        if (number == 0) continue;
        out += (out.empty() ? "" : std::string(Phrase{", ", "，"}.in(language))) +
               std::to_string(number) + std::string(count.word.in(language));
    }
    return out;
}

std::string group_mark(const Alerts& alerts) {
    for (const char* mark : {"▲", "●", "✓"}) {
        if (std::any_of(alerts.begin(), alerts.end(),
                        [&](const ReadAlert* one) { return mark_of(*one) == mark; })) {
            return mark;
        }
    }
    return "✗";
}

std::string group_title(const Digest& digest, std::size_t count, const std::string& chain) {
    const std::string place = one_line(digest.protocol.empty() ? chain : digest.protocol);
    const std::string rule = one_line(digest.rule);
    if (digest.language == Language::zh) {
        return (place.empty() ? "" : place + "：") + (rule.empty() ? "" : "规则 " + rule + " ") +
               "共 " + std::to_string(count) + " 条告警";
    }
    return alerts::count_text(count, "alert") + (rule.empty() ? "" : " of rule " + rule) +
           (place.empty() ? "" : " on " + place);
}

std::vector<Fact> group_facts(const Alerts& alerts, Language language) {
    std::vector<Fact> out;
    const auto add = [&](Phrase label, std::string value) {
        if (!value.empty()) out.push_back({std::string(label.in(language)), std::move(value)});
    };
    add({"Alerts", "告警"}, counts_text(alerts, language));
    if (const auto sum = total(alerts, "debt_usd")) {
        add({"Total debt", "债务合计"}, usd(*sum, language));
    }
    if (const auto sum = total(alerts, "collateral_usd")) {
        add({"Total collateral", "抵押品合计"}, usd(*sum, language));
    }
    const ReadAlert& newest = **std::max_element(
        alerts.begin(), alerts.end(),
        [](const ReadAlert* a, const ReadAlert* b) { return a->block_time < b->block_time; });
    if (newest.block_time != 0) {
        add({"Newest block", "最新数据区块"}, std::to_string(newest.block) +
                                                  std::string(Phrase{", ", "，"}.in(language)) +
                                                  time_text(newest.block_time));
    }
    return out;
}

alerts::Severity gravest(const Alerts& alerts) {
    // those that are over stand last and count only among themselves
    const bool all_over = alerts.front()->is_over();
    alerts::Severity out = alerts.front()->severity;
    for (const ReadAlert* one : alerts) {
        if (one->is_over() == all_over) out = std::max(out, one->severity);
    }
    return out;
}

}  // namespace

std::string Digest::headline() const {
    return wording::headline(mark, severity, is_over, title, language);
}

std::string Digest::line(const Fact& fact) const {
    return fact.label + std::string(Phrase{": ", "："}.in(language)) + fact.value;
}

std::string Digest::line(const Member& member) const {
    return wording::headline(member.mark, member.severity, member.is_over, member.title, language) +
           " (" + member.short_id + ")";
}

std::string Digest::more_line() const {
    if (more == 0) return {};
    return language == Language::en ? "... and " + std::to_string(more) + " more"
                                    : "……以及另外 " + std::to_string(more) + " 条";
}

Digest make_digest(const ReadAlert& alert, Language language) {
    Note note = make_note(alert, language);
    Digest out;
    out.language = language;
    out.id = alert.id;
    out.key = alert.alert_key;
    out.mark = std::move(note.mark);
    out.severity = note.severity;
    out.is_over = note.is_over;
    out.leaves_open = alert.goes_on();
    out.title = std::move(note.title);
    out.facts = std::move(note.facts);
    out.remark = std::move(note.remark);
    out.source = alert.source;
    out.condition = alert.condition;
    out.rule = alert.rule;
    out.protocol = alert.protocol;
    out.at = alert.at;
    return out;
}

Digest make_digest(std::span<const ReadAlert> members, const GroupName& name, Language language,
                   std::size_t max_listed) {
    const Alerts alerts = newest_of_each(members);
    Digest out;
    out.language = language;
    out.id = name.id;
    out.key = name.key;
    out.mark = group_mark(alerts);
    out.severity = gravest(alerts);
    out.is_over = name.open == 0 && alerts.front()->is_over();
    out.source = alerts.front()->source;
    out.condition = common(alerts, [](const ReadAlert& one) { return one.condition; });
    out.rule = common(alerts, [](const ReadAlert& one) { return one.rule; });
    out.protocol = common(alerts, [](const ReadAlert& one) { return one.protocol; });
    out.title = group_title(out, alerts.size(),
                            common(alerts, [](const ReadAlert& one) { return one.chain; }));
    out.facts = group_facts(alerts, language);
    for (const ReadAlert* one : alerts) {
        out.at = std::max(out.at, one->at);
        if (out.members.size() == max_listed) continue;
        Note note = make_note(*one, language);
        out.members.push_back({std::move(note.mark), note.severity, note.is_over,
                               std::move(note.title), std::move(note.short_id)});
    }
    out.more = alerts.size() - out.members.size();
    return out;
}

std::string plain_text(const Digest& digest) {
    std::string out;
    const auto append = [&](const std::string& line) {
        if (!line.empty()) out += line + "\n";
    };
    for (const Fact& fact : digest.facts) append(digest.line(fact));
    append(digest.remark);
    if (digest.is_group()) out += "\n";
    for (const Member& member : digest.members) append(digest.line(member));
    append(digest.more_line());
    return out + "\n" + digest.id + "\n";
}

}  // namespace plimsoll::wording
