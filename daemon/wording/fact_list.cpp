#include "daemon/wording/fact_list.hpp"

namespace plimsoll::wording {

std::string FactList::in_brackets(const std::string& text) const {
    return text.empty() ? "" : in({" (", "（"}) + text + in({")", "）"});
}

std::string FactList::with_value(std::string_view name, std::string_view asset) const {
    const auto amount = alerts::amount_at(data, name);
    if (!amount) return {};
    const auto value = alerts::amount_at(data, std::string(name) + "_usd");
    return token_amount(*amount, asset) + in_brackets(value ? usd(*value, language) : "");
}

std::string FactList::price_in(const nlohmann::json& holder) const {
    if (const auto dollars = alerts::amount_at(holder, "price_usd")) {
        return price(*dollars, language);
    }
    const auto stated = alerts::amount_at(holder, "price");
    if (!stated) return {};
    const bool is_own = holder.contains("price_quote");
    const std::string quote = alerts::text_at(is_own ? holder : data, "price_quote");
    return quote.empty() ? price(*stated, language) : token_amount(*stated, quote);
}

std::string FactList::block_text(std::uint64_t number, std::uint64_t time) const {
    return in({"block ", "区块 "}) + std::to_string(number) + in({", ", "，"}) + time_text(time);
}

bool FactList::is_set(std::string_view name) const {
    const auto found = data.find(name);
    return found != data.end() && *found == true;
}

void FactList::add(Phrase label, std::string value) {
    if (!value.empty()) facts_.push_back({in(label), std::move(value)});
}

void FactList::add_usd(Phrase label, std::string_view name) {
    if (const auto amount = alerts::amount_at(data, name)) add(label, usd(*amount, language));
}

void FactList::add_text(Phrase label, std::string_view name) {
    add(label, one_line(alerts::text_at(data, name)));
}

}  // namespace plimsoll::wording
