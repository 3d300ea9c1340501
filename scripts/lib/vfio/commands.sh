# shellcheck shell=bash
# The commands of scripts/vfio that take devices: look at all of them, then do, and if that fails half-way, put back.

# find_addresses WHAT...: the addresses, each once.
find_addresses() {
  local what addresses=()
  for what; do
    find_address "$what" || die "no PCI device $what: scripts/vfio list shows what there is"
    [[ " ${addresses[*]} " == *" $REPLY "* ]] || addresses+=("$REPLY")
  done
  ANSWERS=("${addresses[@]}")
}

owner='' persist='' # options of bind

check_devices() {
  local address trouble='' separator='['
  for address; do
    if [[ $memory ]]; then diagnose_for_guest "$address" "$memory" "$@"; else diagnose "$address" "$@"; fi
    if ! is_clear; then trouble=yes; fi
    [[ ! $json ]] || printf '%s\n ' "$separator"
    separator=,
    print_check "$address"
  done
  [[ ! $json ]] || echo ']'
  [[ ! $trouble ]]
}

bind_devices() {
  local address module
  need_root bind
  [[ ! $persist ]] || command -v driverctl >/dev/null || die '--persist needs driverctl: install the package driverctl'
  lock_records
  for address; do
    diagnose "$address" "$@"
    refuse_unless_clear "bind $address"
  done
  undo_if_ended
  for module in $VFIO_MODULES; do load_module "$module"; done
  for address; do
    if ! driver_of "$address" || [[ $REPLY != vfio-pci ]]; then half_bound+=("$address"); fi
    bind_device "$address" || die "$address cannot be bound: $write_error. All is put back as it was"
  done
  half_bound=()
  [[ $dry_run ]] || for address; do hand_over "$address"; done
}

# What is begun and not yet done.
half_bound=()
half_made=

# undo_if_ended: from now on, if the script ends before it is done, by a failure or a signal, it puts back what it has
# begun. Only a SIGKILL leaves that to `vfio restore`.
undo_if_ended() {
  trap undo_half EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}

undo_half() {
  local address
  trap '' INT TERM HUP
  for address in "${half_bound[@]}"; do
    give_back "$address" || say "$address is not as it was: $write_error; scripts/vfio restore tries again"
  done
  if [[ $half_made ]]; then
    remove_vfs "$half_made" || say "$half_made is not as it was: $write_error; scripts/vfio restore tries again"
  fi
  unload_modules
}

# hand_over ADDRESS: says where it is now, and lets --owner have it.
hand_over() {
  local node
  group_of "$1"
  node=$host_root/dev/vfio/$REPLY
  [[ ! $owner ]] || run chown -- "$owner" "$node" || die "$node cannot be given to $owner: $write_error"
  echo "$1 is bound to vfio-pci ($node): scripts/guest --device=$1"
}

unbind_devices() {
  local address trouble=
  need_root unbind
  lock_records
  for address; do
    forget_findings
    find_holders "$address"
    refuse_unless_clear "unbind $address"
  done
  for address; do
    if give_back "$address"; then
      driver_of "$address" || true
      [[ $dry_run ]] || echo "$address is back: ${REPLY:-no driver}"
    else
      say "$address is not back: $write_error"
      trouble=yes
    fi
  done
  unload_modules
  [[ ! $trouble ]]
}

# restore_all: devices before their PFs, and modules last.
restore_all() {
  local address trouble=
  need_root restore
  lock_records
  remembered devices
  for address in "${ANSWERS[@]}"; do
    restore_one devices "$address" give_back || trouble=yes
  done
  remembered pfs
  for address in "${ANSWERS[@]}"; do
    restore_one pfs "$address" remove_made_vfs || trouble=yes
  done
  unload_modules
  [[ ! $trouble ]]
}

# restore_one KIND ADDRESS COMMAND
restore_one() {
  if ! place_of "$2"; then
    say "$2 is gone: nothing to restore"
    forget "$1" "$2"
    return 0
  fi
  forget_findings
  if [[ $1 == pfs ]]; then find_vfs_in_use "$2"; else find_holders "$2"; fi
  if ! is_clear; then
    say "$2 is left as it is:"
    print_findings >&2
    return 1
  fi
  if "$3" "$2"; then
    [[ $dry_run ]] || echo "$2 is as it was"
  else
    say "$2 is not as it was: $write_error"
    return 1
  fi
}
