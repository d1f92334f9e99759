#!/usr/bin/env bash
# Make the Python environment this repository works in. Argument: its folder (.venv by default).
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-.venv}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import appliance, pytest, ruff' 2>/dev/null && exit 0
echo "Installing what Enamel needs into $venv (about half a minute) ..."
if [ -f requirements-dev.txt ]; then
  "$venv/bin/python" -m pip install -q --require-hashes -r requirements-dev.txt
  "$venv/bin/python" -m pip install -q --no-deps --no-build-isolation -e .
else
  "$venv/bin/python" -m pip install -q -e '.[dev]'
fi
