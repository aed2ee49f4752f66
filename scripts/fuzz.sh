#!/usr/bin/env bash
# Runs one fuzz target over its kept corpus. Needs the build of scripts/test.sh.
#
#   scripts/fuzz.sh TARGET [SECONDS]           60 seconds by default; a find is left in the folder it names
#   scripts/fuzz.sh --keep TARGET [SECONDS]    adds to tests/fuzz/corpus/TARGET what reached new code
#   scripts/fuzz.sh --binary FILE TARGET [SECONDS]
#
# Targets: tests/fuzz/*_fuzz.cpp
set -euo pipefail
cd "$(dirname "$0")/.."

keep=no binary=
while [[ ${1:-} == --* ]]; do
    case $1 in
    --keep) keep=yes ;;
    --binary) binary=$2 && shift ;;
    *) echo "fuzz.sh: unknown option $1" >&2 && exit 64 ;;
    esac
    shift
done
target=${1:?which target? see the head of this file}
seconds=${2:-60}
binary=${binary:-build-check/tests/fuzz/${target}_fuzz}
corpus=tests/fuzz/corpus/$target
[ -x "$binary" ] || { echo "fuzz.sh: no $binary; run scripts/test.sh first" >&2 && exit 66; }

work=$(mktemp -d)
mkdir "$work/corpus" "$work/finds"
"$binary" -max_total_time="$seconds" -timeout=2 -rss_limit_mb=1024 -max_len=4096 -print_final_stats=1 \
    -artifact_prefix="$work/finds/" "$work/corpus" "$corpus" 2>&1 | tail -n 12 || {
    echo "fuzz.sh: $target found something: $work/finds" >&2
    exit 70
}
if [ "$keep" = yes ]; then
    mkdir "$work/least"
    "$binary" -merge=1 -max_len=4096 "$work/least" "$corpus" "$work/corpus" 2>&1 | tail -n 1
    find "$work/least" -type f -size -2k -exec cp -t "$corpus" {} +
fi
rm -rf "$work"
