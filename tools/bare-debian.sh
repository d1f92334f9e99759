#!/usr/bin/env bash
# Does on a bare Debian 12 what the README says, as root and as an ordinary user, with nothing of this machine there:
#   tools/bare-debian.sh [--bind FOLDER]... [root|user]...
# Needs root, mmdebstrap and systemd-nspawn. Packages come through Debian's and pip's ordinary clients, set up as they
# are here; --bind shows a folder inside (of wheels, say). What is then run, `make test` and `make run`, has no network.
set -euo pipefail
cd "$(dirname "$0")/.."

users=() shown=()
while (($#)); do
  case $1 in
    --bind) shown+=("--bind-ro=$2") && shift 2 ;;
    root | user) users+=("$1") && shift ;;
    *) sed -n 's/^# //p' "$0" >&2 && exit 2 ;;
  esac
done
((${#users[@]})) || users=(root user)
mapfile -t pip < <(compgen -e | grep '^PIP_')
export SYSTEMD_NSPAWN_TMPFS_TMP=0 # Debian 12 has /tmp on its disk, not in a tenth of its memory

box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
mmdebstrap --quiet --variant=minbase --include=ca-certificates,git,make,python3 bookworm "$box/bare.tar"
mkdir "$box/disk"
tar -C "$box/disk" -xf "$box/bare.tar" --exclude='./dev/*'
echo '127.0.0.1 localhost' >"$box/disk/etc/hosts"
cp /etc/ssl/certs/ca-certificates.crt "$box/disk/etc/ssl/certs/"
if [ -e /etc/pip.conf ]; then cp /etc/pip.conf "$box/disk/etc/"; fi

# inside NETWORK USER COMMAND: runs it in a shell as that user's login gives it.
inside() {
  local network=--private-network
  if [ "$1" = online ]; then network=--resolv-conf=copy-host; fi
  systemd-nspawn --quiet --register=no --keep-unit --machine="bare-$$" --directory="$box/disk" --console=pipe --as-pid2 \
    "$network" "${shown[@]}" "${pip[@]/#/--setenv=}" \
    su --whitelist-environment="$(IFS=, && echo "LANG,${pip[*]}")" - "$2" -c "$3" </dev/null
}

failed=()
for user in "${users[@]}"; do
  if [ "$user" = user ]; then
    chroot "$box/disk" useradd --create-home --shell /bin/bash user
    inside online root 'apt-get -qq update && apt-get -qq install -y python3-venv >/dev/null'
  fi
  home=$(chroot "$box/disk" sh -c "echo ~$user")
  git clone --quiet --no-hardlinks . "$box/disk$home/enamel"
  chroot "$box/disk" chown -R "$user:" "$home/enamel"
  echo "== $user: make setup"
  inside online "$user" 'make -C enamel setup'
  for check in 'make test' '.venv/bin/python tools/try_run.py'; do
    echo "== $user: $check"
    inside offline "$user" "cd enamel && $check" || failed+=("$user: $check")
  done
done
for one in "${failed[@]}"; do echo "failed: $one" >&2; done
((${#failed[@]} == 0))
