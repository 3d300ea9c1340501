# shellcheck shell=bash
# Making virtual functions and removing them.

# make_vfs PF COUNT: without drivers of the host, which would take them before their guests can.
make_vfs() {
  local pf=$1 count=$2 i net='' autoprobe resources=()
  nets_of "$pf"
  [[ ${#ANSWERS[@]} -eq 0 ]] || net=${ANSWERS[0]}
  if is_nvme "$pf"; then
    own_resources "$pf"
    read -ra resources <<<"$REPLY"
  fi
  attribute "$pf" sriov_drivers_autoprobe || true
  autoprobe=$REPLY
  remember pfs "$pf" "vfs=$count" "autoprobe=$autoprobe" "${resources[@]}"
  if is_nvme "$pf"; then release_resources "$pf" || return 1; fi
  # Kernels before 4.12 do not ask.
  if [[ $autoprobe ]]; then write 0 "$pci/devices/$pf/sriov_drivers_autoprobe" || return 1; fi
  write "$count" "$pci/devices/$pf/sriov_numvfs" || return 1
  vfs_of "$pf"
  [[ $dry_run || ${#ANSWERS[@]} -eq $count ]] || {
    write_error="the kernel has made ${#ANSWERS[@]} virtual functions: see the end of dmesg"
    return 1
  }
  if [[ $net && $rate ]]; then await_link "$net"; fi
  for ((i = 0; i < count; i++)); do
    if [[ $net ]]; then set_vf "$net" "$i" || return 1; fi
    if is_nvme "$pf"; then give_resources "$pf" "$i" "$count" || return 1; fi
  done
}

# remove_made_vfs PF: as recorded. If there are others by now, somebody else has made them.
remove_made_vfs() {
  local now
  count_of "$1" sriov_numvfs
  now=$REPLY
  recall pfs "$1" vfs
  if ((now > 0)) && [[ $REPLY != "$now" ]]; then
    say "$1 has $now virtual functions, not the $REPLY that were made here: they are left alone"
    forget pfs "$1"
  else
    remove_vfs "$1"
  fi
}

# remove_vfs PF: the records of the virtual functions go with them.
remove_vfs() {
  local pf=$1 i vfs
  count_of "$pf" sriov_numvfs
  if ((REPLY > 0)); then
    vfs_of "$pf"
    vfs=("${ANSWERS[@]}")
    for i in "${!vfs[@]}"; do
      if is_nvme "$pf"; then take_offline "$pf" "$i"; fi
    done
    write 0 "$pci/devices/$pf/sriov_numvfs" || return 1
    for i in "${!vfs[@]}"; do forget devices "${vfs[i]}"; done
  fi
  recall pfs "$pf" autoprobe
  if [[ $REPLY ]]; then write "$REPLY" "$pci/devices/$pf/sriov_drivers_autoprobe" || return 1; fi
  if is_nvme "$pf"; then take_resources_back "$pf" || return 1; fi
  forget pfs "$pf"
}
