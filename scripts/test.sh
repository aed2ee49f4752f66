#!/usr/bin/env bash
# Installs what the tests need and runs all of them; ends with the runner's summary.
#
#   scripts/test.sh                everything: the form of the code, the tests under clang's sanitizers,
#                                  twenty seconds of each fuzz target
#   scripts/test.sh -R PATTERN     only test programs whose name matches (any option of ctest), without
#                                  the rest
#   scripts/test.sh --thread       only the tests of the daemon's parts that have threads, under the
#                                  sanitizer that finds data races
#
# Trees: build/ holds the program as it is shipped (g++, Release); differential tests, faults and the
# demonstration run on it. build-check/ (clang, sanitizers for addresses and undefined behaviour) holds all
# the rest; build-thread/ that for data races.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

THREADED=(app http outbox rpc sinks store)
# Tests that kill processes and break disks again and again find no races and take long.
NO_RACES='*Killed*:*Disk*:*Faults*'

configure() {  # FOLDER SANITIZER
    CC=clang CXX=clang++ cmake -S . -B "$1" -G Ninja -DCMAKE_BUILD_TYPE=Release -DPLIMSOLL_TESTS=ON \
        -DPLIMSOLL_UNITY=ON -DPLIMSOLL_SANITIZE="$2" -DPLIMSOLL_SHIPPED="$PWD/build/plimsoll" >/dev/null
}

stage() {  # TEXT: also says how long the stage before it took
    [ -z "${begun:-}" ] || echo "    took $((SECONDS - begun)) s" >&2
    begun=$SECONDS
    say "$1"
}

find_races() {
    stage "Building for the thread sanitizer, in build-thread"
    configure build-thread thread
    ninja -C build-thread "${THREADED[@]/%/_tests}"
    stage "$(printf '%s ' "${THREADED[@]}")under the thread sanitizer"
    TSAN_OPTIONS=halt_on_error=1 GTEST_FILTER="-$NO_RACES" ctest --test-dir build-thread \
        --output-on-failure --parallel "$(nproc)" -R "^($(IFS='|' && echo "${THREADED[*]}"))_tests\$"
}

stage "Installing what is missing"
install_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
install_devnet "$PWD"
fetch_program prometheus promtool "$PWD"
fetch_program prometheus-alertmanager prometheus-alertmanager "$PWD" \
    /usr/share/prometheus/alertmanager
if [ "${1:-}" = --thread ]; then
    find_races
    exit 0
fi
if [ $# = 0 ]; then
    stage "Checking the form"
    ./scripts/check.sh HEAD~1 6
fi
stage "Building what is shipped, in build"
./scripts/build.sh
if [ $# = 0 ]; then
    stage "Tests whose memory runs out, which cannot be under a sanitizer"
    cmake -S . -B build -DPLIMSOLL_TESTS=ON >/dev/null
    ninja -C build outbox_allocation_tests store_allocation_tests
    build/tests/daemon/outbox/outbox_allocation_tests --gtest_brief=1
    build/tests/daemon/store/store_allocation_tests --gtest_brief=1
fi
stage "Building with sanitizers, in build-check"
configure build-check address
ninja -C build-check
[ $# != 0 ] || find_races
stage "Running the tests"
rm -rf build-check/Testing/counts
# Many of them wait for blocks most of the time.
ctest --test-dir build-check --output-on-failure --parallel "$((2 * $(nproc)))" "$@"
if [ -d build-check/Testing/counts ]; then
    jq -rs '"of them \(length) programs with \(map(.tests) | add) unit tests"' \
        build-check/Testing/counts/*.json
fi
echo "    took $((SECONDS - begun)) s, all in all $SECONDS s" >&2
