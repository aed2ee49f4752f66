#!/usr/bin/env bash
# Builds Plimsoll and runs its main job.
#
#   scripts/run.sh                 the demonstration: local chains with real Aave V3 contracts and a
#                                  market of JustLend's shape on TRON
#   scripts/run.sh --config FILE   the daemon on your own nodes
#
# Further options of the demonstration: see scripts/run.sh --help.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/packages.sh"

config=
demo=()
while [ $# -gt 0 ]; do
    case $1 in
        --config) config=$(realpath "${2:?--config needs a file}"); shift 2 ;;
        --config=*) config=$(realpath "${1#*=}"); shift ;;
        -h | --help)
            sed -n '2,6s/^# \{0,1\}//p' "$0"
            echo
            echo "  --pace SECONDS    time a day of prices takes in the demonstration (default 4)"
            echo "  --accounts N      accounts of the demonstration (default 200)"
            echo "  --release R       3.0, latest, or both (default both)"
            echo "  --once            end when the prices have been played"
            exit 0
            ;;
        *) demo+=("$1"); shift ;;
    esac
done

"$root/scripts/build.sh"
if [ -n "$config" ]; then
    exec "$root/build/plimsoll" run --config "$config"
fi
install_devnet "$root"
say "Starting the demonstration; Ctrl-C ends it"
exec node "$root/tests/devnet/demo.mjs" --binary "$root/build/plimsoll" "${demo[@]}"
