#!/usr/bin/env bash
# Installs what the tests need and runs all of them; ends with the runner's summary.
#
#   scripts/test.sh                everything
#   scripts/test.sh -R PATTERN     only tests whose name matches (any option of ctest)
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

install_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
install_devnet "$PWD"
fetch_program prometheus promtool "$PWD"
fetch_program prometheus-alertmanager prometheus-alertmanager "$PWD" \
    /usr/share/prometheus/alertmanager
say "Building with tests"
cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DPLIMSOLL_TESTS=ON >/dev/null
ninja -C build
say "Running the tests"
ctest --test-dir build --output-on-failure --parallel "$(nproc)" --progress "$@"
