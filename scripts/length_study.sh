#!/usr/bin/env bash
# Installs what is missing, builds the study on lengths in build-study/ and runs it; --help lists its options.
# SPDX-License-Identifier: MIT
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install.sh g++ cmake ninja-build libeigen3-dev nlohmann-json3-dev libcli11-dev gnuplot-nox
cmake --preset study --log-level=WARNING
cmake --build build-study --target length_study
exec build-study/examples/length_study "$@"
