#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

namespace plimsoll::cli {

/// Makes a signing key in a new file that only its owner can read, and prints its address. An
/// existing file is never touched. Answers an exit code.
int keygen(const std::filesystem::path& file, bool json, std::ostream& out, std::ostream& err);

/// Checks that every line of the files is an alert signed by `signer`, and prints the lines that
/// are not as `file:line: problem`. 65 when there is one.
int verify(const std::vector<std::filesystem::path>& files, const std::string& signer, bool json,
           std::ostream& out, std::ostream& err);

}  // namespace plimsoll::cli
