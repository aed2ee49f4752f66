#pragma once

#include "abi/word.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::alerts {

/// EIP-191 version 0x45 ("personal_sign") of the body's bytes.
Bytes32 eip191_digest(std::string_view body);

/// An alert as EIP-712 has it: of fixed size, so that a contract can check one.
/// `Alert(string id,string type,string chain,string subject,uint64 block,uint64 time,bytes32
/// bodyHash)` in the domain `{name: "Plimsoll Alert", version: "1"}`.
struct TypedAlert {
    std::string id;
    std::string type;
    std::string chain;
    std::string subject;
    std::uint64_t block = 0;
    std::uint64_t time = 0;  ///< unix seconds of the body's `timestamp`
    Bytes32 body_hash;       ///< keccak256 of the body

    friend bool operator==(const TypedAlert&, const TypedAlert&) = default;
};
/// Out of a body; none when a member it needs is missing or of another type.
std::optional<TypedAlert> typed_alert(std::string_view body);

Bytes32 eip712_type_hash();
Bytes32 eip712_domain_separator();
Bytes32 eip712_struct_hash(const TypedAlert& alert);
Bytes32 eip712_digest(const TypedAlert& alert);

}  // namespace plimsoll::alerts
