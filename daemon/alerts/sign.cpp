#include "daemon/alerts/sign.hpp"

#include "abi/hex.hpp"
#include "abi/keccak.hpp"

#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <openssl/rand.h>
#include <string.h>  // explicit_bzero
#include <utility>

namespace plimsoll::alerts {
namespace {

using KeyBytes = std::array<std::uint8_t, 32>;
using SignFault = SignError::Kind;

constexpr std::uint8_t kFirstV = 27;

struct FreeContext {
    void operator()(secp256k1_context* context) const { secp256k1_context_destroy(context); }
};
using Context = std::unique_ptr<secp256k1_context, FreeContext>;

Unexpected<SignError> sign_error(SignFault kind, std::string message) {
    return Unexpected<SignError>{SignError{kind, std::move(message)}};
}

int digit_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Reads straight into `key`, so that no copy of it is left behind.
bool read_key(std::string_view text, KeyBytes& key) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const auto begin = std::min(text.find_first_not_of(kBlanks), text.size());
    text.remove_prefix(begin);
    text = text.substr(0, text.find_last_not_of(kBlanks) + 1);
    if (text.starts_with("0x")) text.remove_prefix(2);
    if (text.size() != 2 * key.size()) return false;
    for (std::size_t i = 0; i < key.size(); ++i) {
        const int high = digit_value(text[2 * i]);
        const int low = digit_value(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        key[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return true;
}

/// The last 20 bytes of keccak256 of the uncompressed key without its leading byte.
Address address_of(const secp256k1_context* context, const secp256k1_pubkey& pubkey) {
    std::array<std::uint8_t, 65> text{};
    std::size_t size = text.size();
    secp256k1_ec_pubkey_serialize(context, text.data(), &size, &pubkey, SECP256K1_EC_UNCOMPRESSED);
    const Bytes32 hash = keccak256(std::span<const std::uint8_t>(text).subspan(1));
    Address out;
    std::copy(hash.bytes.begin() + 12, hash.bytes.end(), out.bytes.begin());
    return out;
}

Expected<Address, SignError> recover(const Bytes32& digest, std::string_view signature) {
    if (signature.size() != 2 + 2 * 65) {
        return sign_error(SignFault::bad_signature, "signature is not 0x and 130 hex digits");
    }
    const auto bytes = parse_hex(signature);
    if (!bytes) return sign_error(SignFault::bad_signature, "signature: " + bytes.error().message);
    const unsigned v = bytes->back();
    if (v != kFirstV && v != kFirstV + 1U) {
        return sign_error(SignFault::bad_signature, "signature does not end in 1b or 1c");
    }
    const secp256k1_context* context = secp256k1_context_static;
    secp256k1_ecdsa_recoverable_signature parsed;
    if (secp256k1_ecdsa_recoverable_signature_parse_compact(context, &parsed, bytes->data(),
                                                            static_cast<int>(v - kFirstV)) == 0) {
        return sign_error(SignFault::bad_signature, "signature is outside the curve's order");
    }
    secp256k1_ecdsa_signature plain;
    secp256k1_ecdsa_recoverable_signature_convert(context, &plain, &parsed);
    if (secp256k1_ecdsa_signature_normalize(context, nullptr, &plain) == 1) {
        return sign_error(SignFault::bad_signature, "signature has a high s");
    }
    secp256k1_pubkey pubkey;
    if (secp256k1_ecdsa_recover(context, &pubkey, &parsed, digest.bytes.data()) == 0) {
        return sign_error(SignFault::bad_signature, "signature belongs to no key");
    }
    return address_of(context, pubkey);
}

}  // namespace

struct Signer::Key {
    Key() = default;
    Key(const Key&) = delete;
    Key& operator=(const Key&) = delete;
    ~Key() { explicit_bzero(bytes.data(), bytes.size()); }

    KeyBytes bytes{};
    Context context;
    Address address;
};

Signer::Signer(std::unique_ptr<Key> key) : key_(std::move(key)) {}
Signer::Signer(Signer&&) noexcept = default;
Signer& Signer::operator=(Signer&&) noexcept = default;
Signer::~Signer() = default;

Expected<Signer, SignError> Signer::make(const Secret& hex_key,
                                         const std::optional<Address>& expect_address) {
    auto key = std::make_unique<Key>();
    if (!read_key(hex_key.reveal(), key->bytes)) {
        return sign_error(SignFault::bad_key, "the signing key is not 64 hex digits");
    }
    key->context.reset(secp256k1_context_create(SECP256K1_CONTEXT_NONE));
    KeyBytes seed{};
    const bool is_seeded = RAND_bytes(seed.data(), static_cast<int>(seed.size())) == 1 &&
                           secp256k1_context_randomize(key->context.get(), seed.data()) == 1;
    explicit_bzero(seed.data(), seed.size());
    if (!is_seeded) return sign_error(SignFault::no_randomness, "the system gave no random bytes");
    secp256k1_pubkey pubkey;
    if (secp256k1_ec_pubkey_create(key->context.get(), &pubkey, key->bytes.data()) == 0) {
        return sign_error(SignFault::bad_key, "the signing key is zero or above the curve's order");
    }
    key->address = address_of(key->context.get(), pubkey);
    if (expect_address && *expect_address != key->address) {
        return sign_error(SignFault::wrong_address, "the signing key belongs to " +
                                                        to_checksum(key->address) + ", expected " +
                                                        to_checksum(*expect_address));
    }
    return Signer{std::move(key)};
}

const Address& Signer::address() const { return key_->address; }

std::string Signer::sign(std::string_view body) const { return sign_digest(eip191_digest(body)); }

std::string Signer::sign_typed(const TypedAlert& alert) const {
    return sign_digest(eip712_digest(alert));
}

std::string Signer::sign_digest(const Bytes32& digest) const {
    secp256k1_ecdsa_recoverable_signature signature;
    if (secp256k1_ecdsa_sign_recoverable(key_->context.get(), &signature, digest.bytes.data(),
                                         key_->bytes.data(), nullptr, nullptr) == 0) {
        std::abort();  // only a key that `make` refuses can get here
    }
    std::array<std::uint8_t, 65> out{};
    int recovery_id = 0;
    secp256k1_ecdsa_recoverable_signature_serialize_compact(key_->context.get(), out.data(),
                                                            &recovery_id, &signature);
    out.back() = static_cast<std::uint8_t>(kFirstV + recovery_id);
    return to_hex(out);
}

Expected<Address, SignError> verify(std::string_view body, std::string_view signature) {
    return recover(eip191_digest(body), signature);
}

Expected<Address, SignError> verify_typed(const TypedAlert& alert, std::string_view signature) {
    return recover(eip712_digest(alert), signature);
}

}  // namespace plimsoll::alerts
