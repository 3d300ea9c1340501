# shellcheck shell=bash
# What has been changed and not yet been put back: one small file for each thing, in a directory that a reboot empties, as
# it undoes the changes themselves.
#
#   devices/ADDRESS   driver= and override= as they were before vfio bind
#   pfs/ADDRESS       vfs= made by sriov create, and autoprobe= as it was before
#   modules/NAME      a module that was not loaded before
#
# What is lent to a guest also has guest=, the process id of its scripts/guest, which takes it back.
#
# A record is there before the change and goes after it has been undone: what has a record may have been changed in part.

readonly records=$host_root/run/ringside/vfio

# lock_records: one script at a time changes anything. Held until the script ends.
lock_records() {
  [[ ! $dry_run && ! ${records_lock-} ]] || return 0
  need flock util-linux
  mkdir -p "$records"/{devices,pfs,modules} 2>/dev/null || die "cannot write to $records, where changes are recorded"
  exec {records_lock}>"$records/lock"
  flock -n "$records_lock" || {
    say 'another of these scripts is at work: waiting'
    flock "$records_lock"
  }
}

# remember KIND NAME KEY=VALUE...: how it is before the first change. A record that is there knows better.
remember() {
  local file=$records/$1/$2
  shift 2
  [[ ! -e $file ]] || return 0
  if [[ $dry_run ]]; then
    printf 'would record in %s: %s\n' "$file" "$*"
    return 0
  fi
  # At once or not at all.
  printf '%s\n' "$@" "guest=${guest-}" >"$file.new" && mv "$file.new" "$file"
}

is_remembered() { [[ -f $records/$1/$2 ]]; }

# recall KIND NAME KEY
recall() {
  local key value
  REPLY=
  while IFS='=' read -r key value; do
    [[ $key != "$3" ]] || REPLY=$value
  done 2>/dev/null <"$records/$1/$2" || true
}

# forget KIND NAME: it is as it was.
forget() {
  if [[ $dry_run ]]; then
    [[ ! -e $records/$1/$2 ]] || printf 'would remove %s\n' "$records/$1/$2"
    return 0
  fi
  rm -f "$records/$1/$2"
}

# remembered KIND: the names of its records.
remembered() {
  local file
  ANSWERS=()
  for file in "$records/$1"/*; do
    [[ $file == *.new ]] || ANSWERS+=("${file##*/}")
  done
}
