#include "config/secret_source.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace plimsoll::config {
namespace {

constexpr std::size_t kMostSecretBytes = 64 * 1024;

/// Closes what it holds.
class OpenFile {
  public:
    explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    ~OpenFile() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    int get() const { return descriptor_; }

  private:
    int descriptor_;
};

Unexpected<ParseError> cannot_read_secret(const std::filesystem::path& path, int code) {
    return parse_error("cannot read " + path.string() + ": " +
                       std::generic_category().message(code));
}

/// Whose eyes a file is kept from. The group's bits of a credential say nothing: they are the mask
/// of the access list by which systemd lets the service's user read it.
enum class Kept { from_group_and_others, from_others };

/// Why a secret must not come from a file like this; empty: it may.
std::string exposure(const struct stat& status, Kept kept) {
    const mode_t forbidden =
        kept == Kept::from_others ? S_IRWXO | S_IWGRP : S_IRWXO | S_IRGRP | S_IWGRP;
    if ((status.st_mode & forbidden) != 0) {
        return " can be read or written by others; make it mode 0600";
    }
    const uid_t user = ::geteuid();
    if (user != 0 && status.st_uid != user && status.st_uid != 0) {
        return " belongs to another user; it must be this user's or root's";
    }
    return {};
}

Expected<Secret, ParseError> read_secret(const std::filesystem::path& path, Kept kept) {
    // O_NONBLOCK: a named pipe must not hang the start
    const OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return cannot_read_secret(path, errno);
    if (!S_ISREG(status.st_mode)) {
        return parse_error("cannot read " + path.string() + ": not a regular file");
    }
    if (const std::string why = exposure(status, kept); !why.empty()) {
        return parse_error(path.string() + why);
    }
    if (status.st_size > static_cast<off_t>(kMostSecretBytes)) {
        return parse_error(path.string() + " is larger than 64 KiB");
    }
    std::string text(static_cast<std::size_t>(status.st_size), '\0');
    std::size_t length = 0;
    while (length < text.size()) {
        const ssize_t got = ::read(file.get(), text.data() + length, text.size() - length);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return cannot_read_secret(path, errno);
        if (got == 0) break;
        length += static_cast<std::size_t>(got);
    }
    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r')) --length;
    text.resize(length);
    if (text.empty()) return parse_error(path.string() + " is empty");
    return Secret(std::move(text));
}

}  // namespace

Expected<Secret, ParseError> SystemSecrets::environment(const std::string& name) {
    const char* const value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): at start
    if (value == nullptr) return parse_error("environment variable " + name + " is not set");
    if (*value == '\0') return parse_error("environment variable " + name + " is empty");
    return Secret(value);
}

Expected<Secret, ParseError> SystemSecrets::file(const std::filesystem::path& path) {
    return read_secret(path, Kept::from_group_and_others);
}

Expected<Secret, ParseError> SystemSecrets::credential(const std::string& name) {
    const char* const directory =
        std::getenv("CREDENTIALS_DIRECTORY");  // NOLINT(concurrency-mt-unsafe): at start
    if (directory == nullptr || *directory == '\0') {
        return parse_error("credential " + name +
                           ": CREDENTIALS_DIRECTORY is not set (systemd sets it where the unit "
                           "has LoadCredential)");
    }
    return read_secret(std::filesystem::path(directory) / name, Kept::from_others);
}

}  // namespace plimsoll::config
