#!/usr/bin/env bash
# The long forms of the tests on what may go wrong: a thousand kills, a kill at every system call that
# changes something, and how soon alerts are on their way. Prints figures; ends with 1 when a claim of
# docs/delivery.md does not hold.
#
#   scripts/soak.sh [KILLS] [SEED]     default 1000 and 1
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

kills=${1:-1000} seed=${2:-1}
install_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
install_devnet "$PWD"
say "Building"
cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DPLIMSOLL_TESTS=ON >/dev/null
ninja -C build plimsoll delivery_bench
export PLIMSOLL_BIN=$PWD/build/plimsoll

failed=0
say "$kills kills at random"
node tests/faults/kills.mjs --kills "$kills" --seed "$seed" || failed=1
say "A kill at every system call that changes something"
node tests/faults/syscalls.mjs || failed=1
say "Delivery"
build/bench/delivery_bench || failed=1
exit "$failed"
