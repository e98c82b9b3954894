#!/usr/bin/env bash
# On a machine with a GPU and nvcc: builds the tests of the CUDA backend in build-gpu/, runs them, then once more under
# compute-sanitizer where there is one, and prints one table. Needs no network; GoogleTest's source is taken from the folder
# that is named, from third_party/googletest, or from where Debian puts it, unless GoogleTest is installed.
# SPDX-License-Identifier: MIT
set -euo pipefail
cd "$(dirname "$0")/.."

usage() { echo "usage: scripts/gpu_check.sh [--googletest FOLDER] [--architectures LIST]" >&2; exit 2; }
googletest='' architectures=''
while (($#)); do
  case $1 in
    --googletest) googletest=${2-}; shift 2 || usage ;;
    --architectures) architectures=${2-}; shift 2 || usage ;;
    *) usage ;;
  esac
done
for folder in third_party/googletest /usr/src/googletest; do
  if [[ -z $googletest && -e $folder/CMakeLists.txt ]]; then googletest=$folder; fi
done
if [[ -n $googletest ]]; then googletest=$(realpath "$googletest"); fi

export PATH=$PATH:/usr/local/cuda/bin
nvcc --version >/dev/null || { echo "gpu_check: nvcc not found in PATH or /usr/local/cuda/bin" >&2; exit 1; }
card=$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null) ||
  { echo "gpu_check: there is no GPU here, expected one that nvidia-smi shows" >&2; exit 1; }

rows=() failed=0
stage() {  # NAME COMMAND...
  local name=$1 start=$SECONDS status=0 said
  shift
  "$@" >"build-gpu/$name.log" 2>&1 || status=$?
  said=$(grep -E '^\[  (PASSED|FAILED|SKIPPED)|ERROR SUMMARY' "build-gpu/$name.log" | tail -n 2 | tr -s ' \n' ' ')
  rows+=("$(printf '%-12s %5d s   %-6s %s' "$name" $((SECONDS - start)) "$([[ $status == 0 ]] && echo ok || echo FAILED)" "$said")")
  ((status == 0)) || { failed=1; tail -n 30 "build-gpu/$name.log" >&2; }
  return $status
}

mkdir -p build-gpu
tests=build-gpu/tests/cuda/cuda_tests
if stage configure cmake -S . -B build-gpu -DCMAKE_BUILD_TYPE=Release -DPOFT_CUDA=ON -DPOFT_BUILD_EXAMPLES=OFF \
     ${googletest:+-DPOFT_GOOGLETEST="$googletest"} ${architectures:+-DCMAKE_CUDA_ARCHITECTURES="$architectures"} &&
   stage build cmake --build build-gpu --parallel --target cuda_tests; then
  stage tests $tests || true
  if command -v compute-sanitizer >/dev/null; then
    stage memcheck compute-sanitizer --error-exitcode 1 $tests --gtest_filter='*heads*:*small_ones*:*trainer.is*' || true
  fi
fi
echo
echo "$card"
printf '%s\n' "${rows[@]}"
exit $failed
