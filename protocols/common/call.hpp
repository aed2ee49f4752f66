#pragma once

#include "abi/codec.hpp"
#include "protocols/common/log.hpp"

#include <string_view>
#include <utility>

namespace plimsoll::protocols {

/// A call of a function by its signature, with static arguments.
template <class... Arguments>
Call call(const Address& to, std::string_view signature, const Arguments&... arguments) {
    abi::Calldata data(signature);
    (data.add(arguments), ...);
    return {to, std::move(data).take()};
}

}  // namespace plimsoll::protocols
