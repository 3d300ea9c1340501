# shellcheck shell=bash
# Virtual functions that a guest of scripts/guest has for as long as it runs.

# lend_vf PF: says the address of one that is bound to vfio-pci now. What happens on the way goes to stderr.
lend_vf() {
  local pf=$1 vf
  need_root lend
  lock_records
  count_of "$pf" sriov_numvfs
  if ((REPLY == 0)); then
    # What it would be refused for then.
    forget_findings
    find_modules
    if find_iommu_off "$pf"; then find_interrupt_remapping; fi
    refuse_unless_clear "lend a virtual function of $pf"
    create_vfs "$pf" 1 >&2
    # If the rest fails, it goes again.
    half_made=$pf
  elif [[ $settings_asked ]]; then
    die "$pf has virtual functions already: give them --mac, --vlan and the like when creating them"
  fi
  free_vf_of "$pf" || die "$pf has no virtual function that is free, without a driver: make as many as guests before the first one, with scripts/sriov create $pf COUNT"
  vf=$REPLY
  # Whatever comes now is undone as one.
  bind_devices "$vf" >&2
  half_made=
  echo "$vf"
}

# free_vf_of PF: the first without a driver, for nobody has done anything with it.
free_vf_of() {
  local vf vfs
  vfs_of "$1"
  vfs=("${ANSWERS[@]}")
  for vf in "${vfs[@]}"; do
    if ! driver_of "$vf" && ! is_remembered devices "$vf"; then
      REPLY=$vf
      return 0
    fi
  done
  return 1
}

# take_back: what has been lent to $guest.
take_back() {
  local address trouble=
  need_root take-back
  lock_records
  remembered devices
  for address in "${ANSWERS[@]}"; do
    recall devices "$address" guest
    [[ $REPLY != "$guest" ]] || restore_one devices "$address" give_back >/dev/null || trouble=yes
  done
  remembered pfs
  for address in "${ANSWERS[@]}"; do
    recall pfs "$address" guest
    [[ $REPLY != "$guest" ]] || restore_one pfs "$address" remove_made_vfs >/dev/null || trouble=yes
  done
  unload_modules
  [[ ! $trouble ]]
}
