#include "config/secret.hpp"

#include <openssl/crypto.h>

namespace plimsoll {

Secret::~Secret() {
    if (!bytes_.empty()) OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

void Secret::wipe(std::string& text) {
    text.resize(text.capacity());  // a shorter text may lie over the rest of a longer one
    OPENSSL_cleanse(text.data(), text.size());
    text.clear();
}

}  // namespace plimsoll
