#!/usr/bin/env bash
# Installs what the build needs, builds Release, and leaves the binary at build/plimsoll.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

install_packages "${BUILD_PACKAGES[@]}"
if [ ! -f build/build.ninja ]; then
    say "Configuring"
    cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DPLIMSOLL_TESTS=OFF \
        -DPLIMSOLL_UNITY=ON >/dev/null
fi
say "Building (the first time takes some minutes)"
ninja -C build plimsoll
say "Built build/plimsoll"
