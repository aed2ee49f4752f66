#pragma once

#include <algorithm>
#include <cstdlib>

namespace plimsoll::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr unsigned kUsualPercent = 5;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr unsigned kUsualPercent = 5;
#else
inline constexpr unsigned kUsualPercent = 100;
#endif
#else
inline constexpr unsigned kUsualPercent = 100;
#endif

/// PLIMSOLL_EFFORT, if that is set; else 100, or less under a sanitizer, where each case takes ten
/// times as long.
inline unsigned effort_percent() {
    const char* wanted = std::getenv("PLIMSOLL_EFFORT");
    return wanted == nullptr ? kUsualPercent
                             : static_cast<unsigned>(std::strtoul(wanted, nullptr, 10));
}

/// Of so many random cases, how many a test tries. At least one.
inline unsigned effort(unsigned cases) { return std::max(cases * effort_percent() / 100U, 1U); }

/// Of places that are tried one after the other, how far apart those are that a test tries, in
/// place of `usual`. At least that.
inline int stride(int usual) {
    return usual * static_cast<int>(100U / std::clamp(effort_percent(), 1U, 100U));
}

}  // namespace plimsoll::test
