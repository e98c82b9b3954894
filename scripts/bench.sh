#!/usr/bin/env bash
# Measures this library beside PyTorch on this machine and prints the tables of bench/README.md.
# SPDX-License-Identifier: MIT
set -Eeuo pipefail
cd "$(dirname "$0")/.."

all_groups=(losses bandit products primitives model ppo pipeline compile_time)
usage() {
  cat <<END
usage: scripts/bench.sh [--quick] [--only GROUP]... [--rounds N] [--write]
  --only GROUP  one group of tables, and another if said again: ${all_groups[*]}; all if not said
  --quick       one short round (a try, not a measurement)
  --rounds N    rounds of ours and PyTorch in turn; 3 if not said, at least 2 for --write
  --write       put the tables into bench/README.md, and the short ones into README.md
Builds in build-bench/, build-bench-plain/ (without -march) and build-study/ (the group pipeline); tables and raw results are left in build-bench/results/GROUP/.
llm.c takes part in the group model where POFT_LLM_C names a clone of it.
Nothing is installed. Other work on the machine spoils the figures; the load is part of the tables.
END
}
refuse() {
  echo "scripts/bench.sh: $*" >&2
  usage >&2
  exit 2
}

rounds=3 seconds=1.0 seconds_of_each=0.2 seconds_of_model=2.0 write=no groups=()
while [ $# -gt 0 ]; do
  case $1 in
    --quick) rounds=1 seconds=0.1 seconds_of_each=0.02 seconds_of_model=0.2 ;;
    --only)
      [[ " ${all_groups[*]} " == *" ${2:-} "* ]] || refuse "--only '${2:-}', expected one of ${all_groups[*]}"
      groups+=("$2")
      shift
      ;;
    --rounds)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || refuse "--rounds '${2:-}', expected a number from 1"
      rounds=$2
      shift
      ;;
    --write) write=yes ;;
    --help) usage; exit ;;
    *) refuse "unknown option '$1'" ;;
  esac
  shift
done
[ ${#groups[@]} -gt 0 ] || groups=("${all_groups[@]}")
if [ $write = yes ] && [ "$rounds" = 1 ]; then
  refuse "--write with one round, expected at least 2: a try is no figure for bench/README.md"
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
strong=bench/competitors/strong_pytorch.sh
mapfile -t settings < <($strong --list)

# What a group builds: its programs, those also built without -march, those also built with Eigen's BLAS switch; and the
# cases of its competitor.
of_group() {
  programs=() plain=() with_blas=() cases=() of_ours=.
  local objective
  case $1 in
    losses)
      programs=(evaluate_bench logits_bench) plain=(evaluate_bench logits_bench)
      for objective in dpo poft; do
        cases+=(level_1/$objective/{1000000,10000000} level_2/$objective/{50257,128256})
      done
      ;;
    bandit)
      programs=(step_bench) plain=(step_bench)
      cases=(bandit/best_of_n/10 bandit/ipo/{10,100} bandit_tokens/{best_of_n,ipo}/10)
      ;;
    products)
      programs=(hidden_bench gemm_bench) with_blas=(hidden_bench gemm_bench)
      cases=(level_3/poft/50257 level_3/poft_nano/100 gemm)
      ;;
    primitives)
      programs=(attention_bench layer_norm_bench linear_bench rows_bench)
      cases=(primitive/{attention,linear}_step/{gpt_nano,gpt_mini,gpt2,gpt2_long}
        primitive/{layer_norm,rms_norm,gelu,swiglu,relu,tanh,log_softmax,rotary,dropout,embedding,add}_step/{gpt_nano,gpt2})
      of_ours='/(attention|linear)_step/|/gpt_nano/|/gpt2/' # the same
      ;;
    model)
      programs=(transformer_bench trainer_bench generate_bench hugging_face_io_bench) with_blas=(transformer_bench)
      cases=(train_step/gpt_nano/{1000x10,100x10} train_step/gpt_nano_dropout/1000x10
        train_step/gpt_mini/{16x128,1x1024,128x8} train_step/gpt2/4x64
        generate/gpt_nano/1000x1+10 generate/gpt2/4x16+16)
      ;;
    ppo)
      programs=(ppo_bench)
      cases=(ppo_round/gpt_length/128x8+32)
      ;;
  esac
}

build() { # FOLDER MARCH PROGRAM ...
  cmake --preset bench -B "$1" --log-level=WARNING -DPOFT_MARCH="$2" >&2
  cmake --build "$1" --target "${@:3}" >&2
}

ours() { # FOLDER PROGRAM FILTER FILE [WRAPPER ...]
  local least=$seconds_of_each
  case $2 in
    logits_bench | hidden_bench* | step_bench) least=$seconds ;;
    transformer_bench* | trainer_bench | generate_bench | ppo_bench) least=$seconds_of_model ;;
  esac
  "${@:5}" "$1/bench/$2" --benchmark_min_time="$least" --benchmark_filter="$3" --benchmark_format=json \
    >"$results/$4.json" 2>>"$results/log"
}

theirs() { # CASE VARIANT SETTING THREADS FILE; every variant if it is -
  local kind what size program least=$seconds variant=()
  IFS=/ read -r kind what size <<<"$1"
  case $kind in
    level_*) program=(pytorch_losses.py "$kind" "$what" "$size") ;;
    bandit | bandit_tokens) program=("pytorch_$kind.py" "$what" "$size") ;;
    gemm) program=(pytorch_gemm.py) least=$seconds_of_each ;;
    primitive) program=(pytorch_primitives.py "$what" "$size") least=$seconds_of_each ;;
    train_step) program=(pytorch_transformer.py "$what" "$size") ;;
    generate) program=(pytorch_generate.py "$what" "$size") ;;
    ppo_round) program=(pytorch_ppo.py "$what" "$size") ;;
  esac
  [ "$2" = - ] || variant=(--variant "$2")
  $strong "$3" $python "bench/competitors/${program[0]}" "${program[@]:1}" "${variant[@]}" --threads "$4" \
    --seconds "$least" >>"$results/$5.jsonl" 2>>"$results/log"
}

measure() { # GROUP
  of_group "$1"
  build build-bench native "${programs[@]}"
  [ ${#plain[@]} = 0 ] || build build-bench-plain '' "${plain[@]}"
  if [ ${#with_blas[@]} -gt 0 ] && ! build build-bench native "${with_blas[@]/%/_blas}"; then
    say "CMake found no BLAS: without the figures of Eigen's switch"
    with_blas=()
  fi
  local setting case variant threads round program filter
  if [ $competitor = yes ]; then
    say "$1: first look at the competitor's settings"
    for setting in "${settings[@]}"; do
      for case in "${cases[@]}"; do
        [[ $case != bandit* && $case != gemm ]] || theirs "$case" - "$setting" 1 look # where two threads may be too many
        theirs "$case" - "$setting" 2 look
      done
    done
  fi
  for round in $(seq "$rounds"); do
    say "$1: round $round of $rounds, ours"
    for program in "${programs[@]}"; do
      ours build-bench "$program" "$of_ours" "native-$program-$round"
    done
    for program in "${with_blas[@]}"; do # one-threaded OpenBLAS, as strong as the competitor has it; our memory is our own
      ours build-bench "${program}_blas" . "blas-$program-$round" $strong "${settings[-1]}" \
        env -u MALLOC_MMAP_MAX_ -u MALLOC_TRIM_THRESHOLD_ -u MALLOC_TOP_PAD_
    done
    if [ $competitor = yes ]; then
      say "$1: round $round of $rounds, PyTorch"
      while read -r case variant setting threads; do
        theirs "$case" "$variant" "$setting" "$threads" "round$round" </dev/null
      done < <(python3 bench/merge.py fastest "$results")
    fi
    if [ "$1" = model ] && [ -n "${POFT_LLM_C:-}" ]; then
      $python bench/competitors/llm_c.py "$POFT_LLM_C" --threads 2 >>"$results/round$round.jsonl" 2>>"$results/log"
    fi
  done
  for program in "${plain[@]}"; do
    case $program in
      evaluate_bench) filter='/(dpo|poft)/.*threads:2' ;;
      logits_bench) filter='float/.*threads:2' ;;
      *) filter='threads:2' ;;
    esac
    ours build-bench-plain "$program" "$filter" "plain-$program"
  done
}

load() { cut -d' ' -f1 /proc/loadavg 2>/dev/null || echo unknown; }
for group in "${groups[@]}"; do
  results=build-bench/results/$group
  rm -rf "$results"
  mkdir -p "$results"
  trap 'say "stopped; what the programs said is in $results/log"' ERR
  load_before=$(load)
  say "$group: load average before: $load_before; it should be near 0"
  if [ "$group" = compile_time ]; then
    scripts/compile_time.sh >"$results/of_each.md"
  elif [ "$group" = pipeline ]; then
    cmake --preset study --log-level=WARNING >&2
    cmake --build build-study --target poft_pipeline >&2
    $python bench/pipeline/programs.py "$PWD/build-study/examples/poft" "$results/work" --rounds "$rounds" --large \
      >"$results/of_each.md"
    rm -rf "$results/work"
  else
    cat >"$results/machine.md" <<END
$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, $(g++ --version | head -n 1), \
$($python -c 'import torch; print("PyTorch", torch.__version__)' 2>/dev/null || echo 'no PyTorch'), \
$(date +%Y-%m-%d), load average before $load_before (a machine that does nothing else has less than 0.2).
Medians of the calls of a round, then over the rounds ($rounds).
END
    measure "$group"
  fi
  python3 bench/merge.py tables "$group" "$results" >"$results/tables.md"
  python3 bench/merge.py short "$group" "$results" >"$results/short.md"
  cat "$results/tables.md"
  if [ $write = yes ]; then
    python3 bench/merge.py write "$group" "$results/tables.md" bench/README.md
    [ ! -s "$results/short.md" ] || python3 bench/merge.py write "$group" "$results/short.md" README.md
  fi
done
