#include "daemon/alerts/jsonl.hpp"

#include "daemon/alerts/canonical.hpp"
#include "daemon/alerts/read.hpp"
#include "daemon/alerts/sign.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

namespace plimsoll::alerts {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxLine = std::size_t{1} << 20U;

Expected<std::string, ParseError> written(const json& value) {
    auto text = canonical_json(value);
    if (!text) return parse_error(text.error().message);
    return std::move(*text);
}

/// Removes a text member and returns it; empty when there is none.
Expected<std::string, ParseError> take_text(json& object, const char* name) {
    const auto member = object.find(name);
    if (member == object.end()) return std::string();
    if (!member->is_string()) return parse_error(std::string(name) + " is no string");
    std::string out = member->get<std::string>();
    object.erase(member);
    return out;
}

std::string check_line(std::string_view line, const Address& signer) {
    const auto parsed = parse_jsonl_line(line);
    if (!parsed) return parsed.error().message;
    if (parsed->signature.empty()) return "not signed";
    const auto found = verify(parsed->body, parsed->signature);
    if (!found) return found.error().message;
    if (*found != signer) return "signed by " + to_checksum(*found);
    if (parsed->signer != to_checksum(signer)) return "names another signer than the one it has";
    return {};
}

/// Reads up to a line feed or the end. Of a line above the limit only its beginning is kept.
bool next_line(std::istream& in, std::string& line, bool& is_too_long) {
    line.clear();
    is_too_long = false;
    auto* buffer = in.rdbuf();
    constexpr auto kEnd = std::char_traits<char>::eof();
    int c = buffer->sbumpc();
    if (c == kEnd) return false;
    for (; c != kEnd && c != '\n'; c = buffer->sbumpc()) {
        if (line.size() == kMaxLine) {
            is_too_long = true;
        } else {
            line.push_back(std::char_traits<char>::to_char_type(c));
        }
    }
    return true;
}

}  // namespace

Expected<std::string, ParseError> jsonl_line(std::string_view body, std::string_view signature,
                                             std::string_view signer, std::string_view muted_by) {
    auto message = parse_object(body);
    if (!message) return parse_error("the body is no JSON object");
    auto again = written(*message);
    if (!again) return again;
    if (*again != body) return parse_error("the body is not canonical JSON");
    add_archive_members(*message, signature, signer, muted_by);
    return written(*message);
}

void add_archive_members(nlohmann::json& message, std::string_view signature,
                         std::string_view signer, std::string_view muted_by) {
    if (!muted_by.empty()) message["muted_by"] = std::string(muted_by);
    if (signature.empty()) return;
    message["signature"] = std::string(signature);
    message["signer"] = std::string(signer);
}

Expected<SignedBody, ParseError> parse_jsonl_line(std::string_view line) {
    auto message = parse_object(line);
    if (!message) return parse_error("no JSON object");
    auto again = written(*message);
    if (!again) return parse_error(again.error().message);
    if (*again != line) return parse_error("not canonical JSON");
    const auto signature = take_text(*message, "signature");
    if (!signature) return parse_error(signature.error().message);
    const auto signer = take_text(*message, "signer");
    if (!signer) return parse_error(signer.error().message);
    const auto muted_by = take_text(*message, "muted_by");
    if (!muted_by) return parse_error(muted_by.error().message);
    auto body = written(*message);
    if (!body) return parse_error(body.error().message);
    if (jsonl_line(*body, *signature, *signer, *muted_by) != std::string(line)) {
        return parse_error("`signature` and `signer` stand only together");
    }
    return SignedBody{std::move(*body), *signature, *signer};
}

Expected<JsonlReport, std::string> verify_jsonl(const std::filesystem::path& path,
                                                const Address& signer) {
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        return Unexpected<std::string>{path.string() + ": " +
                                       std::generic_category().message(errno)};
    }
    JsonlReport report;
    std::string line;
    bool is_too_long = false;
    while (next_line(in, line, is_too_long)) {
        ++report.lines;
        std::string problem = is_too_long ? "longer than 1 MiB" : check_line(line, signer);
        if (problem.empty()) {
            ++report.verified;
        } else {
            report.bad.push_back({report.lines, std::move(problem)});
        }
    }
    return report;
}

}  // namespace plimsoll::alerts
