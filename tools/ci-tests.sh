#!/usr/bin/env bash
# Every test, with the branch coverage of the rooms that must be whole. Argument: the Python environment.
# Ends with the closing lines of its three runs of pytest; it fails when one fails, or when a branch is untested.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:?the Python environment}
whole='appliance/keys/*,appliance/store/*,appliance/audit/*,appliance/retention/*,appliance/dicom/*'
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

failed=()
# What the clock judges runs while nothing else does.
"$venv/bin/python" -m pytest -q -m alone --durations=10 2>&1 | tee "$logs/alone" || failed+=(alone)

# The box boots in its own time while the rest runs.
"$venv/bin/python" -m pytest -q tests/box >"$logs/box" 2>&1 &
box=$!
# Half as many processes again as there are processors: a third of the tests' time is waiting for something.
processes=$(($(nproc) + $(nproc) / 2))
"$venv/bin/python" -m pytest -q -n "$processes" --dist loadfile --no-loadscope-reorder -m "not alone" --ignore=tests/box --cov --cov-report= --durations=25 2>&1 |
  tee "$logs/rest" || failed+=(tests)
wait "$box" || failed+=(box)
"$venv/bin/coverage" report --fail-under=100 --skip-covered --show-missing --include="$whole" || failed+=(coverage)

cat "$logs/box"
tail -n 1 "$logs/alone"
tail -n 1 "$logs/rest"
if ((${#failed[@]})); then
  echo "failed: ${failed[*]}" >&2
  exit 1
fi
