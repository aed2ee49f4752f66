#include "config/base64.hpp"

#include <cstdint>
#include <openssl/evp.h>

namespace plimsoll::config {

std::string base64(std::string_view bytes) {
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP writes a final NUL
    const int size = EVP_EncodeBlock(reinterpret_cast<std::uint8_t*>(out.data()),
                                     reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

}  // namespace plimsoll::config
