#!/usr/bin/env bash
# The long forms of the tests on what may go wrong: a thousand kills, a kill at every system call that
# changes something, random histories of reorganisations, a thousand signed alerts, a long life in which one
# of a hundred requests and deliveries fails, the same faults for Alertmanager, and how soon alerts are on
# their way. Prints figures; ends with 1 when a claim of docs/delivery.md does not hold.
#
#   scripts/soak.sh [KILLS] [SEED] [POLLS]     default 1000, 1 and 200000: some sixty minutes
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

kills=${1:-1000} seed=${2:-1} polls=${3:-200000}
install_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
install_devnet "$PWD"
fetch_program prometheus-alertmanager prometheus-alertmanager "$PWD" \
    /usr/share/prometheus/alertmanager
say "Building"
cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DPLIMSOLL_TESTS=ON \
    -DPLIMSOLL_UNITY=ON >/dev/null
ninja -C build all delivery_bench
export PLIMSOLL_BIN=$PWD/build/plimsoll

failed=0
say "Delivery, while this machine does nothing else"
build/bench/delivery_bench || failed=1

say "$polls polls, one of a hundred requests and deliveries fails: meanwhile all that follows"
life=$(mktemp)
node tests/faults/soak.mjs --polls "$polls" --seed "$seed" >"$life" 2>&1 &
life_pid=$!
trap 'kill "$life_pid" 2>/dev/null || true; rm -f "$life"' EXIT

say "All random cases of the unit tests, of which the sanitizers try a twentieth"
ctest --test-dir build --output-on-failure --parallel "$(nproc)" -R '_tests$' || failed=1
say "$kills kills at random"
node tests/faults/kills.mjs --kills "$kills" --seed "$seed" || failed=1
say "A kill at every system call that changes something"
node tests/faults/syscalls.mjs || failed=1
say "Reorganisations of 1 to 64 blocks at any progress of the delivery"
PLIMSOLL_EFFORT=1000 build/tests/daemon/rules/rules_tests --gtest_brief=1 \
    --gtest_filter='*AnyProgress*:*Histories*:*Models*' || failed=1
say "A kill, an error and a full disk at every call of the store"
build/tests/daemon/store/store_tests --gtest_brief=1 --gtest_filter='Killed*:Disk*' || failed=1
say "Signatures: a thousand alerts, and every bit of one changed"
PLIMSOLL_LONG=1 node --test tests/integration/signatures_test.mjs || failed=1
say "Beside Alertmanager"
node tests/faults/peers.mjs --seed "$seed" || failed=1
say "Waiting for the $polls polls"
wait "$life_pid" || failed=1
cat "$life"
say "$([ "$failed" = 0 ] && echo "All promises hold" || echo "NOT all promises hold"), after $((SECONDS / 60)) minutes"
exit "$failed"
