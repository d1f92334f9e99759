#!/usr/bin/env bash
# Every test, with the branch coverage of the rooms that must be whole. Argument: the Python environment.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:?the Python environment}
# The box boots in its own time on the second core while the rest runs; both closing lines are shown.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if compgen -G 'tests/box/test_*.py' >/dev/null; then
  "$venv/bin/python" -m pytest -q tests/box >"$log" 2>&1 &
  box=$!
fi
rest=0
"$venv/bin/python" -m pytest -q -n auto --dist loadfile --ignore=tests/box --cov --cov-report= --durations=15 || rest=$?
appliance=0
if [ -n "${box:-}" ]; then
  wait "$box" || appliance=$?
  cat "$log"
fi
[ "$rest" = 0 ] && [ "$appliance" = 0 ]
whole='appliance/keys/*,appliance/store/*,appliance/audit/*,appliance/dicom/*'
"$venv/bin/coverage" report --fail-under=100 --skip-covered --show-missing --include="$whole"
