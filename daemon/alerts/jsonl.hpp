#pragma once

#include "abi/address.hpp"
#include "abi/expected.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::alerts {

/// The line of an alert in alerts.jsonl, without its line feed: the body and, where it is signed,
/// the members `signature` (EIP-191) and `signer`, and where something held it back at a sink
/// `muted_by`, in their place by the order of keys. An error when `body` is no canonical object.
Expected<std::string, ParseError> jsonl_line(std::string_view body, std::string_view signature,
                                             std::string_view signer,
                                             std::string_view muted_by = {});

/// Puts into the object what `jsonl_line` adds to a body.
void add_archive_members(nlohmann::json& message, std::string_view signature,
                         std::string_view signer, std::string_view muted_by);

struct SignedBody {
    std::string body;
    std::string signature;  ///< empty: not signed
    std::string signer;     ///< as the line names it, which proves nothing
};
/// The reverse of `jsonl_line`, byte for byte; a line that `jsonl_line` would write otherwise is an
/// error (blanks, another order, a member twice).
Expected<SignedBody, ParseError> parse_jsonl_line(std::string_view line);

struct BadLine {
    std::size_t line = 0;  ///< counted from 1
    std::string problem;
};
struct JsonlReport {
    std::size_t lines = 0;
    std::size_t verified = 0;
    std::vector<BadLine> bad;
};
/// Checks that every line of the file is an alert signed by `signer`. Memory does not grow with
/// the file but for the list of bad lines. The error is that the file cannot be read.
Expected<JsonlReport, std::string> verify_jsonl(const std::filesystem::path& path,
                                                const Address& signer);

}  // namespace plimsoll::alerts
