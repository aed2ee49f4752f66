#include "daemon/follow/standing.hpp"

#include <charconv>
#include <sstream>

namespace plimsoll::follow {
namespace {

constexpr std::string_view kSaved = "saved";
constexpr std::string_view kUnsaved = "-";
constexpr std::string_view kTip = "tip";

std::optional<BlockNumber> parse_block(std::string_view text) {
    BlockNumber out = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return out;
}

}  // namespace

bool is_about(const Standing& standing, const config::ProtocolSettings& protocol) {
    return standing.address == protocol.address && standing.start_block == protocol.start_block;
}

std::string to_text(const Standings& standings) {
    std::string out;
    for (const auto& [name, one] : standings) {
        out += to_lower_hex(one.address) + " " + std::to_string(one.start_block) + " ";
        out += one.saved ? kSaved : kUnsaved;
        out += " " + (one.told ? std::to_string(*one.told) : std::string(kTip));
        out += " " + name + "\n";
    }
    return out;
}

Standings parse_standings(std::string_view text) {
    Standings out;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string name;
        std::string address;
        std::string start;
        std::string saved;
        std::string told;
        if (!(words >> address >> start >> saved >> told >> std::ws) || !std::getline(words, name))
            continue;
        const auto parsed = parse_address(address);
        const auto parsed_start = parse_block(start);
        Standing one;
        if (told != kTip) one.told = parse_block(told);
        const bool is_good = parsed && parsed_start && (told == kTip || one.told) &&
                             (saved == kSaved || saved == kUnsaved);
        if (!is_good) continue;
        one.address = *parsed;
        one.start_block = *parsed_start;
        one.saved = saved == kSaved;
        out[name] = one;
    }
    return out;
}

std::string standings_key(const std::string& chain) { return "follow/" + chain; }

}  // namespace plimsoll::follow
