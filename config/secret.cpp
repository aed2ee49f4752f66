#include "config/secret.hpp"

#include <string.h>  // explicit_bzero

namespace plimsoll {

void Secret::wipe() noexcept {
    text_.resize(text_.capacity());  // never grows: reaches the bytes behind a shortened text too
    explicit_bzero(text_.data(), text_.size());
    text_.clear();
}

}  // namespace plimsoll
