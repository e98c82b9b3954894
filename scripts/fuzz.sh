#!/usr/bin/env bash
# Fuzzes every reader of files for some seconds each (20), under the address and undefined-behaviour sanitizers, with clang's
# libFuzzer: scripts/fuzz.sh [SECONDS]. What it finds lies in build-fuzz/; an input that fails goes to tests/fuzz/corpus.
# SPDX-License-Identifier: MIT
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-20}
if ! [[ $seconds =~ ^[1-9][0-9]*$ ]]; then
  echo "usage: scripts/fuzz.sh [SECONDS], not '$1'" >&2
  exit 2
fi

scripts/install.sh clang libclang-rt-dev nlohmann-json3-dev
mkdir -p build-fuzz
fuzz() {
  local source=$1 target name
  target=$(basename "$source" .cpp)
  name=${target%_fuzz}
  clang++ -std=c++20 -O1 -g1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
    -I include "$source" -o "build-fuzz/$target"
  mkdir -p "build-fuzz/$name"
  "build-fuzz/$target" -max_total_time="$seconds" -timeout=10 -print_final_stats=1 -verbosity=0 \
    -dict=tests/fuzz/json.dict -artifact_prefix="build-fuzz/$name-" \
    "build-fuzz/$name" "tests/fuzz/corpus/$name" 2>"build-fuzz/$name.log" ||
    { tail -n 60 "build-fuzz/$name.log" >&2; return 255; }
  echo "== $target: $(grep -o 'executed_units.*' "build-fuzz/$name.log")" | tr -s ' '
}
export -f fuzz
export seconds
# One per core; a finding ends the others.
printf '%s\0' tests/fuzz/*_fuzz.cpp | xargs -0 -P "$(nproc)" -I {} bash -euo pipefail -c 'fuzz {}'
