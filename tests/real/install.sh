#!/usr/bin/env bash
# Install what the tests against real programs need. In CI a missing component is a failure; elsewhere they skip.
set -euo pipefail
packages=()
command -v soffice >/dev/null || packages+=(libreoffice-calc)
command -v chromium >/dev/null || packages+=(chromium)
compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || command -v initdb >/dev/null || packages+=(postgresql)
[ ${#packages[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "Not installed here: ${packages[*]}. Tests that need them will skip (or fail, where CI is set)." >&2
  exit 0
fi
# One at a time: a second copy of this waits for the first one, and then finds little left to do.
exec 9>/run/lock/rosterflow-install.lock
flock 9
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "${packages[@]}" >/dev/null
