#pragma once

#include "daemon/wording/note.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::wording {

/// Gathers the facts of one alert in one language. Members of `data` that are absent or malformed
/// give no fact.
class FactList {
  public:
    /// The alert must outlive this.
    FactList(const alerts::ReadAlert& of, Language in_language)
        : alert(of), data(of.data), language(in_language) {}

    std::string in(Phrase phrase) const { return std::string(phrase.in(language)); }
    /// " (text)", "（text）"; empty for no text.
    std::string in_brackets(const std::string& text) const;
    /// "1.5 WETH (3,000.00 USD)" of the members `name` and `name`_usd; empty where there is none.
    std::string with_value(std::string_view name, std::string_view asset) const;
    /// The price in the member `price` of `holder`: in dollars, by `price_usd` where the oracle's
    /// is in something else; in that where dollars are not told. Empty where there is none.
    std::string price_in(const nlohmann::json& holder) const;
    /// "block 12, 2026-01-15 12:00:11 UTC".
    std::string block_text(std::uint64_t number, std::uint64_t time) const;
    /// Whether the member is there and true.
    bool is_set(std::string_view name) const;

    /// Nothing for an empty value.
    void add(Phrase label, std::string value);
    void add_usd(Phrase label, std::string_view name);
    void add_text(Phrase label, std::string_view name);
    std::vector<Fact> take() { return std::move(facts_); }

    const alerts::ReadAlert& alert;
    const nlohmann::json& data;
    const Language language;

  private:
    std::vector<Fact> facts_;
};

void tell_position(FactList& facts);
void tell_liquidation(FactList& facts);
void tell_activity(FactList& facts);
void tell_band(FactList& facts);
/// TVL, pauses, bad debt, series, and the oracle's prices.
void tell_market(FactList& facts);
void tell_parameters(FactList& facts);
/// Chains, endpoints, and the daemon itself.
void tell_source(FactList& facts);

/// Of `position.activity`: "deposited", "存入"; empty for one that is not known.
std::string_view action_word(std::string_view action, Language language);

}  // namespace plimsoll::wording
