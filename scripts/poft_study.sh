#!/usr/bin/env bash
# Installs what is missing (dictionaries too), builds the text study in build-study/ and runs it; --help lists its options.
# SPDX-License-Identifier: MIT
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install.sh g++ cmake ninja-build libeigen3-dev nlohmann-json3-dev libcli11-dev gnuplot-nox gzip \
  dict-foldoc dict-gcide dict-jargon dict-devil
cmake --preset study --log-level=WARNING
cmake --build build-study --target poft_study
dictionaries=build-study/dictionaries
mkdir -p "$dictionaries"
for name in foldoc gcide jargon devil; do
  if [ -e "/usr/share/dictd/$name.index" ] && [ ! -e "$dictionaries/$name.index" ]; then
    gunzip -c "/usr/share/dictd/$name.dict.dz" >"$dictionaries/$name.dict"
    cp "/usr/share/dictd/$name.index" "$dictionaries/$name.index"
  fi
done
exec build-study/examples/poft_study --dictionaries "$dictionaries" "$@"
