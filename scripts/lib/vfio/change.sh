# shellcheck shell=bash
# Changing the host. All that these scripts do to it goes through `write` and `run`, which --dry-run makes speak instead,
# and before the first of them stands a record (records.sh), so that it can be undone by whoever comes next.

dry_run=

need_root() {
  [[ $dry_run || $EUID -eq 0 || $host_root ]] || die "$1 needs root: sudo $0 $1 ... (looking, and --dry-run, do not)"
}

# write VALUE FILE: one of sysfs. An empty value is a newline, by which the kernel means nothing. Sets $write_error when it fails.
write() {
  if [[ $dry_run ]]; then
    printf "would write '%s' to %s\n" "$1" "$2"
    return 0
  fi
  resolve "${2%/*}" && [[ $REPLY == "$sys"/* && -f $2 && ! -L $2 ]] || {
    write_error="no such file"
    return 1
  }
  write_error=$({ printf '%s\n' "$1" >"$2"; } 2>&1) && return 0
  write_error=${write_error##*: }
  return 1
}

# run COMMAND...: a tool that changes something. Sets $write_error when it fails.
run() {
  if [[ $dry_run ]]; then
    printf 'would run %s\n' "$*"
    return 0
  fi
  write_error=$("$@" 2>&1 >/dev/null) && return 0
  write_error=${write_error%%$'\n'*}
  return 1
}

# load_module NAME
load_module() {
  [[ ! -d $sys/module/${1//-/_} ]] || return 0
  remember modules "$1"
  run modprobe "$1" || die "modprobe $1 failed: $write_error"
}
