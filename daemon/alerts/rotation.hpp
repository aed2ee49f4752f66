#pragma once

#include "abi/address.hpp"
#include "daemon/alerts/alert.hpp"

#include <cstdint>

namespace plimsoll::alerts {

/// The alert that says which key signs from now on. It is to be signed by the key of `from`:
/// whoever trusts that one learns from it whom to trust next. One rotation has one id.
Alert signer_update(const Address& from, const Address& to, std::uint64_t at);

}  // namespace plimsoll::alerts
