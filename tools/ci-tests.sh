#!/usr/bin/env bash
# Every test, with the branch coverage of the rooms that must be whole. Argument: the Python environment.
# Ends with the closing lines of its four runs of pytest; it fails when one fails, or when a branch is untested.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:?the Python environment}
whole='appliance/keys/*,appliance/store/*,appliance/audit/*,appliance/retention/*,appliance/dicom/*'
# Those rooms' tests, and what of others' walks the branches left: only they run traced, which is slow.
traced=(
  tests/retention tests/keys tests/store tests/audit tests/dicom
  tests/assembly/test_decommissioning.py tests/assembly/test_restored_box.py tests/cli/test_erasure.py
  tests/deidentify/test_copying.py tests/web/test_keeping_erasures.py tests/web/test_own_account.py
)
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

failed=()
# What the clock judges runs while nothing else does.
"$venv/bin/python" -m pytest -q -m alone --durations=10 2>&1 | tee "$logs/alone" || failed+=(alone)

# The box boots in its own time while the rest runs.
"$venv/bin/python" -m pytest -q tests/box >"$logs/box" 2>&1 &
box=$!
# Two processes a processor: half of the tests' time is waiting for something.
processes=$(($(nproc) * 2))
beside=(-q -n "$processes" --dist loadfile --no-loadscope-reorder -m "not alone" --durations=25)
"$venv/bin/python" -m pytest "${beside[@]}" --cov --cov-report= "${traced[@]}" 2>&1 | tee "$logs/traced" || failed+=(traced)
"$venv/bin/python" -m pytest "${beside[@]}" --ignore=tests/box "${traced[@]/#/--ignore=}" 2>&1 | tee "$logs/rest" || failed+=(tests)
wait "$box" || failed+=(box)
"$venv/bin/coverage" report --fail-under=100 --skip-covered --show-missing --include="$whole" || failed+=(coverage)

cat "$logs/box"
tail -qn 1 "$logs/alone" "$logs/traced" "$logs/rest"
if ((${#failed[@]})); then
  echo "failed: ${failed[*]}" >&2
  exit 1
fi
