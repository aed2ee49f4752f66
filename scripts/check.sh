#!/usr/bin/env bash
# Checks the form of the code: clang-format on every file, clang-tidy on the changed ones.
#
#   scripts/check.sh [BASE] [MOST]   changed since BASE (default: the commit before this one); of them
#                                    at most MOST are looked at (default 200), the smallest changes last
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

base=${1:-HEAD~1} most=${2:-200}
install_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"

say "Format"
git ls-files '*.cpp' '*.hpp' | xargs clang-format --dry-run -Werror

if ! git rev-parse --quiet --verify "$base^{commit}" >/dev/null; then
    say "No commit $base here: clang-tidy has nothing to compare with"
    exit 0
fi
mapfile -t changed < <(git diff --numstat --diff-filter=d "$base" -- '*.cpp' ':!tests' ':!bench' |
    sort -rn | cut -f3)
say "clang-tidy on ${#changed[@]} changed files"
[ "${#changed[@]}" -le "$most" ] || say "  of which the $most most changed are looked at"
[ "${#changed[@]}" != 0 ] || exit 0
CC=clang CXX=clang++ cmake -S . -B build-tidy -G Ninja -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON >/dev/null
ninja -C build-tidy -t targets all | sed -n 's/^\([^ ]*\.inc\):.*/\1/p' |
    xargs ninja -C build-tidy >/dev/null  # what is generated
printf '%s\n' "${changed[@]:0:$most}" |
    xargs -P "$(nproc)" -n 1 clang-tidy -p build-tidy --quiet 2> >(grep -v 'warnings\? generated' >&2)
