# shellcheck shell=bash
# What every script of Ringside shares. Sourced, never run.

# Lines for the reader go to stderr: stdout belongs to the answer.
say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# The status of a failure; a script that passes on somebody else's status sets another one.
failure_status=1

# die MESSAGE: one clear line that names the way out, then the end.
die() {
  say "$*"
  exit "$failure_status"
}

# usage_error MESSAGE: the caller's mistake, told apart from a failure.
usage_error() {
  say "$* (try --help)"
  exit 2
}

# need PROGRAM PACKAGE: an ordinary tool of the host, and where it comes from.
need() { command -v "$1" >/dev/null || die "$1 not found: install the package $2"; }

# Where things are kept between calls.
cache_directory() {
  [[ ${XDG_CACHE_HOME-}${HOME-} ]] || die 'HOME is not set: nowhere to keep things'
  echo "${XDG_CACHE_HOME:-$HOME/.cache}/ringside"
}
