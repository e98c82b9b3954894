#!/usr/bin/env bash
# Prints what including headers costs as a markdown table: compile_time.sh [--write] [HEADER[+HEADER...]...], paths as
# they are included. Default: every objective, level 1 with Eigen, and a program that uses it. Best of three; g++ -O2
# unless CXX and CXXFLAGS say otherwise. --write puts the table, objectives summed up, into bench/README.md; other work on
# the machine spoils it.
# SPDX-License-Identifier: MIT
set -euo pipefail
cd "$(dirname "$0")/.."

write=no
if [ "${1:-}" = --write ]; then
  write=yes
  shift
fi
compiler=${CXX:-g++} flags=${CXXFLAGS:--O2}
compile() { $compiler -std=c++20 $flags -I include -isystem /usr/include/eigen3 -x c++ "$@" -; }

# row NAME GOAL_IN_MS SOURCE
row() {
  local lines best=999999999999 start took goal='' met=''
  lines=$(compile -E -P <<<"$3" | wc -l)
  for _ in 1 2 3; do
    start=$(date +%s%N)
    compile -c -o /dev/null <<<"$3"
    took=$(($(date +%s%N) - start))
    best=$((took < best ? took : best))
  done
  if [ "$2" -gt 0 ]; then
    goal="< $(($2 / 1000)).$(($2 % 1000 / 100))"
    met=$([ $((best / 1000000)) -lt "$2" ] && echo yes || echo no)
  fi
  printf '| %s | %d | %d.%02d | %s | %s |\n' "$1" "$lines" \
    $((best / 1000000000)) $((best / 10000000 % 100)) "$goal" "$met"
}
includes() { printf '#include "%s"\n' ${1//+/ }; }

rows() {
  echo "$($compiler --version | head -n 1), $flags, best of three, $(date +%Y-%m-%d), load average before" \
    "$(cut -d' ' -f1 /proc/loadavg 2>/dev/null || echo unknown)."
  echo
  echo "| header | preprocessed lines | seconds | goal | met? |"
  echo "|---|---:|---:|---:|---:|"
  if [ $# -gt 0 ]; then
    for headers in "$@"; do
      row "${headers//+/ + }" 0 "$(includes "$headers")"
    done
    return
  fi
  for header in include/poft/objective/*.hpp; do
    row "${header#include/}" 200 "$(includes "${header#include/}")"
  done
  level_1=$(includes poft/backend/eigen/backend.hpp+poft/batch/evaluate.hpp)
  row "poft/backend/eigen/backend.hpp + poft/batch/evaluate.hpp" 2000 "$level_1"
  row "the same, and DPO's loss and gradient of a batch" 2000 "$level_1
$(includes poft/objective/dpo.hpp)
double loss(poft::preference_pair<std::span<float const>> const& pairs,
            poft::preference_pair<std::span<float>> const& d) {
  return poft::batch_loss_and_gradient(poft::eigen::backend{}, poft::objective::dpo{}, pairs, d);
}"
}

if [ $write = no ]; then
  rows "$@"
  exit
fi
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
rows "$@" | tee "$folder/of_each.md"
python3 bench/merge.py tables compile_time "$folder" >"$folder/compile_time.md"
python3 bench/merge.py write compile_time "$folder/compile_time.md" bench/README.md
