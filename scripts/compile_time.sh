#!/usr/bin/env bash
# Prints what including headers costs as a markdown table: compile_time.sh [HEADER[+HEADER...]...], paths as they
# are included. Default: every objective, then level 1 with Eigen. Best of three; g++ -O2 unless CXX and CXXFLAGS
# say otherwise.
# SPDX-License-Identifier: MIT
set -euo pipefail
cd "$(dirname "$0")/.."

compile() { ${CXX:-g++} -std=c++20 ${CXXFLAGS:--O2} -I include -isystem /usr/include/eigen3 -x c++ "$@" -; }

if [ $# -eq 0 ]; then
  set -- $(cd include && ls poft/objective/*.hpp) poft/backend/eigen/backend.hpp+poft/batch/evaluate.hpp
fi
echo "| header | preprocessed lines | seconds |"
echo "|---|---:|---:|"
for headers in "$@"; do
  source=$(printf '#include "%s"\n' ${headers//+/ })
  lines=$(compile -E -P <<<"$source" | wc -l)
  best=999999999999
  for _ in 1 2 3; do
    start=$(date +%s%N)
    compile -c -o /dev/null <<<"$source"
    took=$(($(date +%s%N) - start))
    best=$((took < best ? took : best))
  done
  printf '| %s | %d | %d.%02d |\n' "${headers//+/ + }" "$lines" $((best / 1000000000)) $((best / 10000000 % 100))
done
