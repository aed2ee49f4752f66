#pragma once

#include "abi/address.hpp"
#include "abi/expected.hpp"
#include "config/secret.hpp"
#include "daemon/alerts/eip.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::alerts {

struct SignError {
    enum class Kind {
        bad_key,        ///< not 32 bytes of hex, or no key of the curve
        wrong_address,  ///< the key belongs to another address than expected
        no_randomness,  ///< the system gave none
        bad_signature,  ///< not 65 bytes of hex, high s, other v, or recovers to no key
    };
    Kind kind = Kind::bad_key;
    std::string message;  ///< never a part of the key
};

/// Signs alerts with one secp256k1 key, which serves nothing else and holds no funds.
///
/// A signature is `0x` and 65 bytes r, s, v in lower-case hex, v 27 or 28, s in the lower half,
/// nonce by RFC 6979 without extra data: the same body has the same signature everywhere. Safe from
/// any thread.
class Signer {
  public:
    /// The key is 32 bytes of hex, with or without `0x`; blanks around it are ignored, since it
    /// usually comes from a file. Where an address is expected, another one is an error.
    static Expected<Signer, SignError> make(const Secret& hex_key,
                                            const std::optional<Address>& expect_address);
    Signer(Signer&&) noexcept;
    Signer& operator=(Signer&&) noexcept;
    ~Signer();

    const Address& address() const;
    /// EIP-191 over the body's bytes.
    std::string sign(std::string_view body) const;
    /// EIP-712.
    std::string sign_typed(const TypedAlert& alert) const;

  private:
    struct Key;
    explicit Signer(std::unique_ptr<Key> key);
    std::string sign_digest(const Bytes32& digest) const;
    std::unique_ptr<Key> key_;
};

/// Who signed the body by EIP-191. Compare the answer with an address you know beforehand.
Expected<Address, SignError> verify(std::string_view body, std::string_view signature);
/// Who signed the typed alert by EIP-712.
Expected<Address, SignError> verify_typed(const TypedAlert& alert, std::string_view signature);

}  // namespace plimsoll::alerts
