#pragma once

#include <cstdlib>

namespace plimsoll::rules {

/// How many random histories there are: PLIMSOLL_SEEDS, or this many.
inline unsigned seeds(unsigned usual) {
    const char* wanted = std::getenv("PLIMSOLL_SEEDS");
    return wanted == nullptr ? usual : static_cast<unsigned>(std::strtoul(wanted, nullptr, 10));
}

}  // namespace plimsoll::rules
