#!/usr/bin/env bash
# Make the Python environment this repository works in, from the locked dependencies. Argument: its folder (.venv by default).
# What the machine itself lacks is installed by name where that is allowed, and named where it is not.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-.venv}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo "$@"; else return 1; fi
}

# Python 3.11 or newer, with what makes an environment: Debian keeps that part in a package of its own.
if ! python3 -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "Enamel needs Python 3.11 with its venv module: installing python3 and python3-venv ..."
  if ! as_root env DEBIAN_FRONTEND=noninteractive sh -c 'apt-get -o DPkg::Lock::Timeout=400 -qq update &&
      apt-get -o DPkg::Lock::Timeout=400 -qq install -y --no-install-recommends python3 python3-venv >/dev/null'; then
    echo "That needs rights this user has not. Ask for:  sudo apt install python3 python3-venv" >&2
    exit 1
  fi
fi

[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import appliance, pytest, ruff' 2>/dev/null && [ "$venv" -nt requirements-dev.lock ] && exit 0
echo "Installing what Enamel needs into $venv (about half a minute) ..."
"$venv/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.lock
"$venv/bin/python" -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
touch "$venv"
