#!/usr/bin/env bash
# package.sh WAY: takes poft into a foreign project by one way, builds the program there and runs it.
# From the environment: POFT the checkout, PLACE a folder to work in, CMAKE and CXX. Exit code 77: a tool is
# missing here.
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
way=$1
own=$PLACE/$way

needs() { command -v "$1" >/dev/null || { echo "$1 is missing"; exit 77; }; }
consume() {  # consume FOLDER CMAKE-OPTION...
  local folder=$1
  shift
  "$CMAKE" -S "$here/$folder" -B "$own" --fresh -DCMAKE_CXX_COMPILER="$CXX" "$@"
  "$CMAKE" --build "$own"
  "$own/program"
}
compile() {  # compile FLAG...
  mkdir -p "$own"
  "$CXX" -std=c++20 "$here/program.cpp" "$@" -o "$own/program"
  "$own/program"
}

case $way in
  make)
    rm -rf "$PLACE"
    "$CMAKE" -S "$POFT" -B "$PLACE/make" -DCMAKE_CXX_COMPILER="$CXX" -DPOFT_BUILD_TESTS=OFF \
      -DPOFT_BUILD_EXAMPLES=OFF -DPOFT_BUILD_BENCH=OFF -DPOFT_CUDA=OFF
    "$CMAKE" --install "$PLACE/make" --prefix "$PLACE/prefix"
    if command -v dpkg-deb >/dev/null; then
      (cd "$PLACE/make" && "$(dirname "$CMAKE")/cpack" -G DEB -B "$PLACE/packages")
      dpkg-deb -x "$PLACE"/packages/libpoft-dev_*_all.deb "$PLACE/deb"
    fi
    ;;
  plain_include) compile -I "$POFT/include" ;;
  find_package) consume find_package -DCMAKE_PREFIX_PATH="$PLACE/prefix" ;;
  find_package_eigen) consume find_package -DCMAKE_PREFIX_PATH="$PLACE/prefix" -DCOMPONENT=eigen ;;
  unknown_component)
    if consume find_package -DCMAKE_PREFIX_PATH="$PLACE/prefix" -DCOMPONENT=abacus >"$PLACE/log" 2>&1; then
      echo "component 'abacus' was found"
      exit 1
    fi
    tr -s ' \n' ' ' <"$PLACE/log" | grep -o "component 'abacus' is unknown"
    ;;
  add_subdirectory) consume add_subdirectory -DPOFT="$POFT" ;;
  add_subdirectory_eigen) consume add_subdirectory -DPOFT="$POFT" -DCOMPONENT=eigen ;;
  pkg_config)
    needs pkg-config
    compile $(PKG_CONFIG_PATH="$PLACE/prefix/share/pkgconfig" pkg-config --cflags poft)
    ;;
  deb)
    needs dpkg-deb
    consume find_package -Dpoft_DIR="$PLACE/deb/usr/share/cmake/poft"
    ;;
  *) echo "package.sh: unknown way '$way'" >&2; exit 2 ;;
esac
