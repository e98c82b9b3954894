#!/usr/bin/env bash
# Prints what including headers costs as a markdown table: compile_time.sh [HEADER[+HEADER...]...], paths as they
# are included. Default: every objective, level 1 with Eigen, and a program that uses it. Best of three; g++ -O2
# unless CXX and CXXFLAGS say otherwise.
# SPDX-License-Identifier: MIT
set -euo pipefail
cd "$(dirname "$0")/.."

compile() { ${CXX:-g++} -std=c++20 ${CXXFLAGS:--O2} -I include -isystem /usr/include/eigen3 -x c++ "$@" -; }

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

echo "| header | preprocessed lines | seconds | goal | met? |"
echo "|---|---:|---:|---:|---:|"
if [ $# -gt 0 ]; then
  for headers in "$@"; do
    row "${headers//+/ + }" 0 "$(includes "$headers")"
  done
  exit
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
