#include "daemon/cli/keys.hpp"

#include "abi/address.hpp"
#include "abi/hex.hpp"
#include "config/secret.hpp"
#include "daemon/alerts/jsonl.hpp"
#include "daemon/alerts/sign.hpp"
#include "daemon/app/daemon.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <ostream>
#include <sys/random.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace plimsoll::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string reason(int code) { return std::generic_category().message(code); }

int exit_code(int code) {
    if (code == EACCES || code == EPERM || code == EROFS) return app::kPermission;
    return code == ENOENT || code == ENOTDIR ? app::kNoInput : app::kIo;
}

/// 32 random bytes in hex that are a key of the curve; none: the system gave no randomness.
std::optional<std::pair<Secret, Address>> random_key() {
    for (int tries = 0; tries < 8; ++tries) {  // one in 2^127 is no key
        std::array<std::uint8_t, 32> bytes{};
        if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
            return std::nullopt;
        }
        std::string hex = to_hex(bytes);
        Secret key(std::string_view(hex).substr(2));
        Secret::wipe(hex);
        ::explicit_bzero(bytes.data(), bytes.size());
        const auto signer = alerts::Signer::make(key, std::nullopt);
        if (signer) return std::pair(std::move(key), signer->address());
    }
    return std::nullopt;
}

/// Writes and syncs; 0, or the error number. The file is gone after an error.
int write_new(const std::filesystem::path& file, std::string_view text) {
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return errno;
    int error = 0;
    while (error == 0 && !text.empty()) {
        const ssize_t count = ::write(fd, text.data(), text.size());
        if (count < 0 && errno != EINTR) error = errno;
        if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
    }
    if (error == 0 && ::fchmod(fd, 0600) != 0) error = errno;
    if (error == 0 && ::fsync(fd) != 0) error = errno;
    if (::close(fd) != 0 && error == 0) error = errno;
    if (error != 0) ::unlink(file.c_str());
    return error;
}

}  // namespace

int keygen(const std::filesystem::path& file, bool json, std::ostream& out, std::ostream& err) {
    const auto key = random_key();
    if (!key) {
        err << "plimsoll: the system gave no randomness\n";
        return app::kInternal;
    }
    if (const int code = write_new(file, key->first.reveal()); code != 0) {
        err << "plimsoll: " << file.string() << ": "
            << (code == EEXIST ? std::string("exists already; a key is never overwritten, choose "
                                             "another name")
                               : reason(code))
            << "\n";
        return exit_code(code);
    }
    const std::string address = to_checksum(key->second);
    if (json) {
        out << Json{{"address", address}, {"file", file.string()}}.dump() << "\n";
        return app::kOk;
    }
    out << address << "\n";
    err << "The key is in " << file.string()
        << ", readable by you only. It signs alerts; never send money to its address. In the "
           "configuration:\n\n[signing]\nkey = \"${file:"
        << std::filesystem::absolute(file).string() << "}\"\nexpect_address = \"" << address
        << "\"\n";
    return app::kOk;
}

int verify(const std::vector<std::filesystem::path>& files, const std::string& signer, bool json,
           std::ostream& out, std::ostream& err) {
    const auto address = parse_address(signer);
    if (!address) {
        err << "plimsoll: --signer: " << address.error().message << "\n";
        return app::kUsage;
    }
    std::size_t bad = 0;
    for (const auto& file : files) {
        if (std::filesystem::is_directory(file)) {
            err << "plimsoll: " << file.string() << ": " << reason(EISDIR) << "\n";
            return app::kNoInput;
        }
        errno = 0;
        const auto report = alerts::verify_jsonl(file, *address);
        if (!report) {
            const int code = errno;
            err << "plimsoll: " << report.error() << "\n";
            return code == 0 ? static_cast<int>(app::kNoInput) : exit_code(code);
        }
        bad += report->bad.size();
        for (const auto& line : report->bad) {
            if (json) {
                out << Json{{"file", file.string()}, {"line", line.line}, {"problem", line.problem}}
                           .dump()
                    << "\n";
            } else {
                out << file.string() << ":" << line.line << ": " << line.problem << "\n";
            }
        }
        if (json) {
            out << Json{{"file", file.string()},
                        {"lines", report->lines},
                        {"verified", report->verified},
                        {"bad", report->bad.size()}}
                       .dump()
                << "\n";
        } else {
            out << file.string() << ": " << report->verified << " of " << report->lines
                << " lines signed by " << to_checksum(*address) << "\n";
        }
    }
    return bad == 0 ? app::kOk : app::kStateData;
}

}  // namespace plimsoll::cli
