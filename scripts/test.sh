#!/usr/bin/env bash
# Installs what is missing, builds tests and examples in build/ and runs all tests.
# With --sanitize it does so for the unit tests of texts, files and model, in build-asan/, under the address
# and undefined-behaviour sanitizers.
# SPDX-License-Identifier: MIT
set -euo pipefail
cd "$(dirname "$0")/.."

preset=dev
case "${1:-}" in
  '') ;;
  --sanitize) preset=asan ;;
  *) echo "usage: scripts/test.sh [--sanitize], not '$1'" >&2; exit 2 ;;
esac

stage() {
  local name=$1 start=$SECONDS status=0
  shift
  echo "== $name"
  "$@" || status=$?
  echo "== $name: $((SECONDS - start)) s"
  return $status
}

stage install scripts/install.sh g++ cmake ninja-build ccache pkg-config libeigen3-dev libgtest-dev \
  libbenchmark-dev nlohmann-json3-dev libsentencepiece-dev libcli11-dev libopenmpi-dev gnuplot-nox
stage configure cmake --preset $preset
stage build cmake --build --preset $preset --parallel "$(nproc)"  # two more, as ninja has it, take an eighth longer
stage test ctest --preset $preset
