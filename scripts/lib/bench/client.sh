# shellcheck shell=bash
# The front-end of the block benchmark: a C program on the lab's libblkio.

# compile_client LAB SOURCE PROGRAM: makes PROGRAM, unless it is there and newer than what it is made of.
#
# It runs on the lab's libraries (libblkio is the lab's, and wants the lab's C library), but is compiled with the host's
# headers; nothing in it is newer than the lab.
compile_client() {
  local lab=$1 source=$2 program=$3 compiler candidate
  local header=$lab/libblkio-dev/usr/include/blkio.h
  [[ ! -x $program || $source -nt $program || $header -nt $program ]] || return 0
  compiler=
  for candidate in ${CC-} cc gcc clang; do
    if command -v "$candidate" >/dev/null; then
      compiler=$candidate
      break
    fi
  done
  [[ $compiler ]] || die 'no C compiler, and the client is a C program: install the package gcc (and libc6-dev)'
  mkdir -p "$(dirname "$program")"
  # Through a file of our own: two that compile at once are in nobody's way.
  "$compiler" -O2 -Wall -Wextra -Wno-unused-result -I"$(dirname "$header")" "$source" -o "$program.$$" \
    "$lab/trixie/usr/lib/x86_64-linux-gnu/libblkio.so.1" -Wl,--allow-shlib-undefined >&2 || {
    rm -f "$program.$$"
    die "$source does not compile: see above"
  }
  mv "$program.$$" "$program"
}
