#!/usr/bin/env bash
# On a machine with a GPU and nvcc: builds the tests and benches of the CUDA backend in build-gpu/, runs them beside the
# PyTorch that is there, then some tests once more under compute-sanitizer where there is one, and prints one table. Ends
# within 9 minutes: every stage has a limit, and what a stage leaves is the next ones'. Needs no network; GoogleTest's source
# is taken from the folder that is named, from third_party/googletest, or from where Debian puts it, unless GoogleTest is
# installed.
# SPDX-License-Identifier: MIT
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  echo "usage: scripts/gpu_check.sh [--googletest FOLDER] [--architectures LIST] [--no-bench] [--seconds N]" >&2
  exit 2
}
googletest='' architectures='' bench=1 seconds=530
while (($#)); do
  case $1 in
    --googletest) googletest=${2-}; shift 2 || usage ;;
    --architectures) architectures=${2-}; shift 2 || usage ;;
    --no-bench) bench=0; shift ;;
    --seconds) seconds=${2-}; shift 2 || usage ;;
    *) usage ;;
  esac
done
[[ $seconds =~ ^[0-9]+$ ]] || usage
for folder in third_party/googletest /usr/src/googletest; do
  if [[ -z $googletest && -e $folder/CMakeLists.txt ]]; then googletest=$folder; fi
done
if [[ -n $googletest ]]; then googletest=$(realpath "$googletest"); fi

export PATH=$PATH:/usr/local/cuda/bin
nvcc --version >/dev/null || { echo "gpu_check: nvcc not found in PATH or /usr/local/cuda/bin" >&2; exit 1; }
card=$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null) ||
  { echo "gpu_check: there is no GPU here, expected one that nvidia-smi shows" >&2; exit 1; }

rows=() failed=0
stage() {  # NAME LIMIT COMMAND...
  local name=$1 limit=$2 start=$SECONDS status=0 said result=ok
  shift 2
  ((limit < seconds - SECONDS)) || limit=$((seconds - SECONDS))
  if ((limit <= 0)); then
    rows+=("$(printf '%-13s %5s     no time left' "$name" -)") failed=1
    return 1
  fi
  timeout --kill-after 5 "$limit" "$@" >"build-gpu/$name.log" 2>"build-gpu/$name.errors" || status=$?
  ((status == 0)) || { result=FAILED; failed=1; }
  ((status != 124 && status != 137)) || result="stopped after $limit s"
  said=$(cat "build-gpu/$name".{log,errors} | grep -E '^\[  (PASSED|FAILED|SKIPPED)|ERROR SUMMARY' | tail -n 2 | tr -s ' \n' ' ' || true)
  rows+=("$(printf '%-13s %5d s   %-8s %s' "$name" $((SECONDS - start)) "$result" "$said")")
  ((status == 0)) || tail -n 30 "build-gpu/$name".{log,errors} >&2
  return $status
}

mkdir -p build-gpu
rm -f build-gpu/*.log build-gpu/*.errors
tests=build-gpu/tests/cuda/cuda_tests
benches=(level_1_bench level_2_bench level_3_bench model_bench bandit_bench)
if stage configure 60 cmake -S . -B build-gpu -DCMAKE_BUILD_TYPE=Release -DPOFT_CUDA=ON -DPOFT_BUILD_EXAMPLES=OFF \
     ${googletest:+-DPOFT_GOOGLETEST="$googletest"} ${architectures:+-DCMAKE_CUDA_ARCHITECTURES="$architectures"}; then
  stage build 240 cmake --build build-gpu --parallel --target cuda_tests && stage tests 90 $tests || true
  if ((bench)); then
    stage build_benches 120 cmake --build build-gpu --parallel --target cuda_benches || true
    for name in "${benches[@]}"; do
      [[ ! -x build-gpu/bench/cuda_$name ]] || stage $name 90 build-gpu/bench/cuda_$name || true
    done
  fi
  if [[ -x $tests ]] && command -v compute-sanitizer >/dev/null && ((SECONDS < seconds)); then
    before=$failed
    stage memcheck 80 compute-sanitizer --error-exitcode 1 $tests --gtest_filter='*heads*:*small_ones*:*trainer.is*' ||
      [[ ${rows[-1]} != *stopped* ]] || failed=$before  # of a slow tool, what it looked at was right
  fi
  if ((bench)); then
    python=$(command -v python3 || true)
    if [[ -z $python ]] || ! "$python" -c 'import torch' 2>/dev/null; then
      rows+=("there is no PyTorch here: its columns stay empty")
    else
      before=$failed
      for case in level_1 level_2 level_3 train_step generate; do  # apart, so that a compiler that hangs costs one of them
        stage pytorch_$case 45 "$python" bench/competitors/pytorch_cuda.py $case || true
      done
      failed=$before  # a competitor that cannot run is no failure of ours
    fi
  fi
fi
echo
echo "$card"
printf '%s\n' "${rows[@]}"
if ((bench)); then
  echo
  logs=()
  for log in build-gpu/*_bench.log build-gpu/pytorch_*.log; do [[ ! -s $log ]] || logs+=("$log"); done
  if [[ -n ${python-} && ${#logs[@]} != 0 ]]; then
    "$python" bench/cuda/table.py "${logs[@]}" || failed=1
  elif ((${#logs[@]})); then
    cat "${logs[@]}"
  fi
fi
echo
echo "$SECONDS s in all"
exit $failed
