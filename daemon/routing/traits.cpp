#include "daemon/routing/traits.hpp"

#include "config/pattern.hpp"

namespace plimsoll::routing {

std::string Traits::value(std::string_view label) const {
    if (label == "type") return alert.condition;
    if (label == "rule") return alert.rule;
    if (label == "severity") return std::string(alerts::to_string(alert.severity));
    if (label == "chain") return alert.chain;
    if (label == "protocol") return alert.protocol;
    if (label == "subject") return alert.subject;
    const auto found = alert.labels.find(std::string(label));
    return found == alert.labels.end() ? std::string() : found->second;
}

bool Traits::fits(std::string_view label, std::string_view pattern) const {
    const bool is_negated = pattern.starts_with('!');
    if (is_negated) pattern.remove_prefix(1);
    bool fit = config::fits(pattern, value(label));
    if (label == "type") fit = fit || config::fits(pattern, alert.type);
    if (label == "chain" && !chain_name.empty()) fit = fit || config::fits(pattern, chain_name);
    return fit != is_negated;
}

Expected<Traits, ParseError> traits_of(std::string_view body, const std::string& chain_name) {
    auto alert = alerts::read_body(body);
    if (!alert) return Unexpected<ParseError>{alert.error()};
    Traits out;
    out.chain_name = chain_name;
    if (alert->condition.starts_with("band.")) {
        for (const auto& one : alerts::list_at(alert->data, "top")) {
            out.accounts.insert(alerts::text_at(one, "account"));
        }
    }
    out.alert = std::move(*alert);
    return out;
}

}  // namespace plimsoll::routing
