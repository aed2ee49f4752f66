#!/usr/bin/env bash
# Builds with clang's sanitizers and runs the tests under them, and each fuzz target for 20 seconds.
#
#   scripts/sanitize.sh                address and undefined behaviour: everything, in build-sanitize/
#   scripts/sanitize.sh -R PATTERN     only tests whose name matches (any option of ctest)
#   scripts/sanitize.sh --thread       data races: the tests of the daemon's parts that have threads,
#                                      in build-thread/
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

THREADED=(follow http outbox query rpc sinks snapshots store)

configure() {  # FOLDER SANITIZER
    say "Configuring $1 (clang, $2 sanitizer)"
    CC=clang CXX=clang++ cmake -S . -B "$1" -G Ninja -DCMAKE_BUILD_TYPE=Release -DPLIMSOLL_TESTS=ON \
        -DPLIMSOLL_SANITIZE="$2" >/dev/null
}

install_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
if [ "${1:-}" = --thread ]; then
    configure build-thread thread
    ninja -C build-thread "${THREADED[@]/%/_tests}"
    for name in "${THREADED[@]}"; do
        say "$name under the thread sanitizer"
        TSAN_OPTIONS=halt_on_error=1 "build-thread/tests/daemon/$name/${name}_tests" --gtest_brief=1
    done
    exit 0
fi
install_devnet "$PWD"
configure build-sanitize address
ninja -C build-sanitize
say "Running the tests"
ctest --test-dir build-sanitize --output-on-failure --parallel "$(nproc)" --progress "$@"
