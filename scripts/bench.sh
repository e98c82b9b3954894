#!/usr/bin/env bash
# Measures this library beside PyTorch on this machine and prints the tables of bench/README.md.
# SPDX-License-Identifier: MIT
set -Eeuo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'END'
usage: scripts/bench.sh [--quick] [--rounds N] [--out FILE] [--write]
  --quick     one short round (a try, not a measurement)
  --rounds N  rounds of ours and PyTorch in turn; 3 if not said, at least 2 for --write
  --out FILE  put the tables there, too
  --write     put the tables into bench/README.md
Builds in build-bench/ and build-bench-plain/ (without -march); raw results are left in build-bench/results/.
Nothing is installed. Other work on the machine spoils the figures; the load is part of the tables.
END
}

rounds=3 seconds=1.0 seconds_of_each=0.2 out='' write=no
while [ $# -gt 0 ]; do
  case $1 in
    --quick) rounds=1 seconds=0.1 seconds_of_each=0.02 ;;
    --rounds)
      if ! [[ ${2:-} =~ ^[1-9][0-9]*$ ]]; then usage >&2; exit 2; fi
      rounds=$2
      shift
      ;;
    --out)
      if [ $# -lt 2 ]; then usage >&2; exit 2; fi
      out=$2
      shift
      ;;
    --write) write=yes ;;
    --help) usage; exit ;;
    *) echo "scripts/bench.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
  esac
  shift
done
if [ $write = yes ] && [ $rounds = 1 ]; then
  echo "scripts/bench.sh: --write with one round, expected at least 2: a try is no figure for bench/README.md" >&2
  exit 2
fi

say() { echo "bench: $*" >&2; }

missing=()
for needed in cmake:cmake ninja:ninja-build g++:g++ python3:python3; do
  command -v "${needed%%:*}" >/dev/null || missing+=("${needed##*:}")
done
[ -e /usr/include/eigen3/Eigen/Core ] || missing+=(libeigen3-dev)
[ -e /usr/include/benchmark/benchmark.h ] || missing+=(libbenchmark-dev)
if [ ${#missing[@]} -gt 0 ]; then
  say "missing here: ${missing[*]} (Debian packages); nothing was measured"
  exit 1
fi
# Debian's PyTorch belongs to Debian's python3, whatever other comes first in PATH.
python=/usr/bin/python3
[ -x $python ] || python=python3
competitor=yes
if ! $python -c 'import torch' 2>/dev/null; then
  say "PyTorch is missing (Debian's python3-torch, libopenblas0-openmp): the tables will be without a competitor"
  competitor=no
fi

build() { # FOLDER MARCH [PROGRAM ...]
  local folder=$1
  cmake -S . -B "$1" -G Ninja --log-level=WARNING -DCMAKE_BUILD_TYPE=Release -DPOFT_MARCH="$2" \
    -DPOFT_BUILD_TESTS=OFF -DPOFT_BUILD_EXAMPLES=OFF -DPOFT_BUILD_BENCH=ON -DPOFT_CUDA=OFF >&2
  shift 2
  cmake --build "$folder" --target evaluate_bench logits_bench step_bench "$@" >&2
}
build build-bench native hidden_bench gemm_bench
build build-bench-plain ''
blas=no # Eigen's switch, where CMake found a BLAS
if cmake --build build-bench --target hidden_bench_blas gemm_bench_blas >&2; then blas=yes; fi

results=build-bench/results
rm -rf $results
mkdir -p $results
trap 'say "stopped; what the programs said is in $results/log"' ERR
load() { cut -d' ' -f1 /proc/loadavg 2>/dev/null || echo unknown; }
load_before=$(load)
say "load average before: $load_before; it should be near 0"
cat >$results/machine.md <<END
$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, $(g++ --version | head -n 1), \
$($python -c 'import torch; print("PyTorch", torch.__version__)' 2>/dev/null || echo 'no PyTorch'), \
$(date +%Y-%m-%d), load average before $load_before (a machine that does nothing else has less than 0.2).
Medians of the calls of a round, then over the rounds ($rounds).
END

ours() { # BUILD PROGRAM SECONDS FILTER FILE
  local folder=$1/bench
  "$folder/$2" --benchmark_min_time="$3" --benchmark_filter="$4" --benchmark_format=json >"$results/$5.json" 2>>$results/log
}
with_blas() { # PROGRAM SECONDS FILTER FILE; OpenBLAS as the competitor has it
  [ $blas = yes ] || return 0
  bench/competitors/strong_pytorch.sh "$(bench/competitors/strong_pytorch.sh --list | tail -n 1)" "build-bench/bench/$1_blas" \
    --benchmark_min_time="$2" --benchmark_filter="$3" --benchmark_format=json >"$results/$4.json" 2>>$results/log
}
theirs() { # CASE SIZE ... as fastest prints them: LEVEL OBJECTIVE SIZE VARIANT SETTING THREADS, variant may be -; FILE
  local variant=()
  if [ "$1" = bandit ]; then
    bench/competitors/strong_pytorch.sh "$5" $python bench/competitors/pytorch_bandit.py "$2" "$3" \
      --threads "$6" --seconds "$seconds" >>"$results/$7.jsonl" 2>>$results/log
  else
    [ "$4" = - ] || variant=(--variant "$4")
    bench/competitors/strong_pytorch.sh "$5" $python bench/competitors/pytorch_losses.py "$1" "$2" "$3" \
      "${variant[@]}" --threads "$6" --seconds "$seconds" >>"$results/$7.jsonl" 2>>$results/log
  fi
}

if [ $competitor = yes ]; then
  say "first look: the competitor's settings"
  for setting in $(bench/competitors/strong_pytorch.sh --list); do
    for objective in dpo poft; do
      for size in 1000000 10000000; do theirs level_1 $objective $size - "$setting" 2 look; done
      for size in 50257 128256; do theirs level_2 $objective $size - "$setting" 2 look; done
    done
    theirs level_3 poft 50257 - "$setting" 2 look
    theirs level_3 poft_nano 100 - "$setting" 2 look
    for threads in 1 2; do
      bench/competitors/strong_pytorch.sh "$setting" $python bench/competitors/pytorch_gemm.py --threads $threads \
        --seconds $seconds_of_each >>$results/gemm.jsonl 2>>$results/log
      for case in 'best_of_n 10' 'ipo 10' 'ipo 100'; do theirs bandit $case - "$setting" $threads look; done
    done
  done
fi
for round in $(seq $rounds); do
  say "round $round of $rounds: ours"
  ours build-bench evaluate_bench $seconds_of_each . native-level_1-$round
  ours build-bench logits_bench $seconds . native-level_2-$round
  ours build-bench step_bench $seconds . native-bandit-$round
  ours build-bench hidden_bench $seconds . native-level_3-$round
  ours build-bench gemm_bench $seconds_of_each . native-gemm-$round
  with_blas hidden_bench $seconds . blas-level_3-$round
  with_blas gemm_bench $seconds_of_each . blas-gemm-$round
  if [ $competitor = yes ]; then
    say "round $round of $rounds: PyTorch"
    while read -r run; do
      theirs $run round$round </dev/null
    done < <(python3 bench/merge.py fastest $results)
  fi
done
say "without -march"
ours build-bench-plain evaluate_bench $seconds_of_each '/(dpo|poft)/.*threads:2' plain-level_1
ours build-bench-plain logits_bench $seconds 'float/.*threads:2' plain-level_2
ours build-bench-plain step_bench $seconds 'threads:2' plain-bandit
say "compile times"
scripts/compile_time.sh >$results/compile_time_of_each.md

python3 bench/merge.py tables $results >$results/tables.md
python3 bench/merge.py products $results >$results/products.md
python3 bench/merge.py compile_time $results/compile_time_of_each.md >$results/compile_time.md
say "load average after: $(load), of which about 2 are this script's"
cat $results/tables.md $results/products.md $results/compile_time.md
if [ -n "$out" ]; then
  cat $results/tables.md $results/products.md $results/compile_time.md >"$out"
fi
if [ $write = yes ]; then
  python3 bench/merge.py write tables $results/tables.md bench/README.md
  python3 bench/merge.py write products $results/products.md bench/README.md
  python3 bench/merge.py write compile_time $results/compile_time.md bench/README.md
fi
