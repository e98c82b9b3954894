#!/usr/bin/env bash
# Installs those of the named Debian packages that are missing: install.sh PACKAGE...
# Without apt it names them and goes on: what is there under another name, the configure step finds.
# SPDX-License-Identifier: MIT
set -euo pipefail

if ! command -v apt-get >/dev/null; then
  echo "No apt here. If something is missing below, install what these Debian packages hold: $*" >&2
  exit 0
fi
missing=()
for package in "$@"; do
  dpkg-query -W -f='${Status}\n' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "Missing, and neither root nor sudo here; as root run: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
echo "installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
