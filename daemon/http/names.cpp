#include "daemon/http/names.hpp"

#include "config/error.hpp"

#include <algorithm>
#include <vector>

namespace plimsoll::http {

std::string known_names(std::string_view given, std::span<const std::string> known) {
    if (known.empty()) return "there are none";
    std::string out = config::did_you_mean(given, {known.begin(), known.end()});
    if (!out.empty()) out += ' ';
    out += "known: ";
    for (const std::string& name : known) out += (&name == &known.front() ? "" : ", ") + name;
    return out;
}

std::optional<std::string> unknown_name(std::string_view what, std::string_view given,
                                        std::span<const std::string> known) {
    if (std::ranges::find(known, given) != known.end()) return std::nullopt;
    return "there is no " + std::string(what) + " " + config::in_quotes(given) + "; " +
           known_names(given, known);
}

}  // namespace plimsoll::http
