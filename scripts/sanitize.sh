#!/usr/bin/env bash
# Builds with the address and undefined-behaviour sanitizers into build-sanitize/ and runs the tests.
#
#   scripts/sanitize.sh                everything
#   scripts/sanitize.sh -R PATTERN     only tests whose name matches (any option of ctest)
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

install_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
install_devnet "$PWD"
say "Building with sanitizers"
cmake -S . -B build-sanitize -G Ninja -DCMAKE_BUILD_TYPE=Release -DPLIMSOLL_TESTS=ON \
    -DPLIMSOLL_SANITIZE=ON -DCMAKE_CXX_FLAGS_RELEASE="-O1 -DNDEBUG" >/dev/null
ninja -C build-sanitize
say "Running the tests"
ctest --test-dir build-sanitize --output-on-failure --parallel "$(nproc)" --progress "$@"
