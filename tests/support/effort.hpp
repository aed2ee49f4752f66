#pragma once

#include <algorithm>
#include <cstdlib>

namespace plimsoll::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr unsigned kUsualPercent = 15;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr unsigned kUsualPercent = 15;
#else
inline constexpr unsigned kUsualPercent = 100;
#endif
#else
inline constexpr unsigned kUsualPercent = 100;
#endif

/// Of so many random cases, how many a test tries: PLIMSOLL_EFFORT percent of them, if that is set;
/// else all, or a part under a sanitizer, where each takes ten times as long. At least one.
inline unsigned effort(unsigned cases) {
    const char* wanted = std::getenv("PLIMSOLL_EFFORT");
    const auto percent = wanted == nullptr
                             ? kUsualPercent
                             : static_cast<unsigned>(std::strtoul(wanted, nullptr, 10));
    return std::max(cases * percent / 100U, 1U);
}

}  // namespace plimsoll::test
