#!/usr/bin/env bash
# Runs a PyTorch program under one of several settings, of which the fastest is the competitor.
# SPDX-License-Identifier: MIT
#
#   strong_pytorch.sh --list               the settings that this machine has
#   strong_pytorch.sh SETTING COMMAND ...
#
#   default   as installed
#   memory    malloc keeps freed memory, so that no page faults are timed, and OpenBLAS shares PyTorch's threads
#             (Debian's libopenblas0-openmp; the other build spins beside them)
#   avx512    the same, and AVX-512 kernels: ATen's, which PyTorch 1.13 has but does not choose by itself, and
#             OpenBLAS's, which 0.3.21 does not choose on processors that came after it
set -euo pipefail

if [ "${1:-}" = --list ]; then
  echo default
  echo memory
  grep -q -w avx512vl /proc/cpuinfo 2>/dev/null && echo avx512
  exit 0
fi
setting=$1
shift
environment=(POFT_SETTING="$setting")
case $setting in
  default) ;;
  memory | avx512)
    environment+=(MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000 MALLOC_TOP_PAD_=67108864)
    for library in /usr/lib/*/openblas-openmp/libblas.so.3; do
      if [ -e "$library" ]; then
        environment+=(LD_LIBRARY_PATH="$(dirname "$library")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}")
      fi
    done
    if [ "$setting" = avx512 ]; then
      core=SkylakeX
      grep -q -w avx512_bf16 /proc/cpuinfo && core=Cooperlake
      environment+=(ATEN_CPU_CAPABILITY=avx512 OPENBLAS_CORETYPE=$core)
    fi
    ;;
  *) echo "strong_pytorch.sh: setting '$setting', expected default, memory or avx512" >&2; exit 2 ;;
esac
exec env "${environment[@]}" "$@"
