# shellcheck shell=bash
# The front-end of the block benchmark: a C program on the lab's libblkio. It runs on the lab's libraries, because libblkio
# wants the lab's C library.

# compile_client LAB SOURCE PROGRAM: makes PROGRAM, unless it is there and newer than what it is made of.
compile_client() {
  local lab=$1 source=$2 program=$3 compiler
  local header=$lab/libblkio-dev/usr/include/blkio.h library=$lab/trixie/usr/lib/x86_64-linux-gnu/libblkio.so.1
  [[ ! -x $program || $source -nt $program || $header -nt $program ]] || return 0
  mkdir -p "$(dirname "$program")"
  # Through a file of our own: two that compile at once are in nobody's way.
  if compiler=$(host_compiler); then
    "$compiler" -O2 -Wall -Wextra -Wno-unused-result -I"${header%/*}" "$source" -o "$program.$$" \
      "$library" -Wl,--allow-shlib-undefined >&2
  else
    "$scripts/lab" --dir="$lab" --with=tcc
    compile_with_tcc "$lab" -I"${header%/*}" "$source" "$library" -o "$program.$$"
  fi || {
    rm -f "$program.$$"
    die "$source does not compile: see above"
  }
  mv "$program.$$" "$program"
}

# host_compiler: the host's C compiler, if it has one that has headers, too.
host_compiler() {
  local candidate
  for candidate in ${CC-} cc gcc clang; do
    command -v "$candidate" >/dev/null || continue
    "$candidate" -E -include stdio.h - </dev/null >/dev/null 2>&1 || continue
    echo "$candidate"
    return
  done
  return 1
}

# compile_with_tcc LAB ARGUMENT...: for hosts without a compiler. It optimises nothing, but the client's time is spent in
# libblkio and the kernel. All that it would look for on the host is named.
compile_with_tcc() {
  local lab=$1 lib=$1/tcc/usr/lib/x86_64-linux-gnu include=$1/tcc/usr/include
  shift
  # The C library stands before what depends on it: tcc would take the host's for that.
  "$lab/tcc/lib64/ld-linux-x86-64.so.2" --library-path "$lib" "$lab/tcc/usr/bin/tcc" -w -B"$lib/tcc" -nostdinc -nostdlib \
    -I"$lib/tcc/include" -I"$include/x86_64-linux-gnu" -I"$include" "$lib"/crt1.o "$lib"/crti.o "$lib/libc.so.6" \
    "$lib/ld-linux-x86-64.so.2" "$@" "$lib/libc_nonshared.a" "$lib/tcc/libtcc1.a" "$lib/crtn.o" >&2
}
