#include "abi/keccak.hpp"

#include <cryptopp/keccak.h>

namespace plimsoll {

Bytes32 keccak256(std::span<const std::uint8_t> bytes) {
    Bytes32 out;
    CryptoPP::Keccak_256 hash;
    hash.Update(bytes.data(), bytes.size());
    hash.Final(out.bytes.data());
    return out;
}

Bytes32 keccak256(std::string_view text) {
    return keccak256(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

}  // namespace plimsoll
