#!/usr/bin/env bash
# Runs every quick study, those of before going on where they were, and joins their claims in build-study/all_studies/report.html.
# SPDX-License-Identifier: MIT
set -euo pipefail
cd "$(dirname "$0")/.."

results=build-study/all_studies
for name in study length_study poft_study; do
  "scripts/$name.sh" --out "$results/$name" "$@"
done
cmake --build build-study --target join_studies
exec build-study/examples/join_studies --out "$results" "$results"/study "$results"/length_study "$results"/poft_study
