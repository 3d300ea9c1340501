# shellcheck shell=bash
# What `vfio list`, `check` and `status` say.

# state_of ADDRESS: in a word or a few: whether a guest can have it. Uses the findings.
state_of() {
  local driver
  driver_of "$1" || true
  driver=$REPLY
  obstacles
  if [[ ${#ANSWERS[@]} -gt 0 ]]; then
    listed "${ANSWERS[@]}"
    REPLY="no: $REPLY"
  elif [[ $driver == vfio-pci ]]; then
    REPLY=bound
  else
    REPLY=ready
  fi
}

# others_of GROUP ADDRESS: the rest of its group.
others_of() {
  local member others=()
  members_of "$1"
  for member in "${ANSWERS[@]}"; do [[ $member == "$2" ]] || others+=("$member"); done
  ANSWERS=("${others[@]}")
}

list_devices() {
  local addresses=() address ids=()
  devices
  for address in "${ANSWERS[@]}"; do
    if [[ $all ]] || ! is_bridge "$address"; then addresses+=("$address"); fi
  done
  for address in "${addresses[@]}"; do
    if ids_of "$address"; then ids+=("$REPLY"); fi
  done
  learn_names "${ids[@]}"
  if [[ $json ]]; then print_devices_json "${addresses[@]}"; else print_devices "${addresses[@]}"; fi
}

print_devices() {
  local address line group
  row ADDRESS DRIVER GROUP 'ALSO IN GROUP' RESET NUMA VFS READY NAME
  for address; do
    line=("$address")
    driver_of "$address" || true
    line+=("$REPLY")
    group_of "$address" || true
    group=$REPLY
    line+=("$group")
    ANSWERS=()
    [[ -z $group ]] || others_of "$group" "$address"
    listed "${ANSWERS[@]}"
    line+=("${REPLY//, /,}")
    reset_methods_of "$address" || true
    line+=("${REPLY// /,}")
    numa_node_of "$address" || true
    line+=("$REPLY")
    vf_column "$address"
    line+=("$REPLY")
    diagnose "$address" "$address"
    state_of "$address"
    line+=("$REPLY")
    name_of "$address"
    row "${line[@]}" "$REPLY"
  done
  print_table
}

# vf_column ADDRESS: how many of how many, or whose it is.
vf_column() {
  local count
  if pf_of "$1"; then
    REPLY="of $REPLY"
    return 0
  fi
  count_of "$1" sriov_numvfs
  count=$REPLY
  count_of "$1" sriov_totalvfs
  if ((REPLY > 0)); then REPLY=$count/$REPLY; else REPLY=; fi
}

print_devices_json() {
  local address separator='['
  for address; do
    diagnose "$address" "$address"
    device_json "$address"
    printf '%s\n %s' "$separator" "$REPLY"
    separator=,
  done
  [[ $separator == , ]] || printf '['
  printf '\n]\n'
}

# device_json ADDRESS: one object, with the findings that there are.
device_json() {
  local address=$1 ids group
  json_text address "$address"
  ids_of "$address" || true
  ids=$REPLY
  json_text vendor_id "${ids%:*}"
  json_text device_id "${ids#*:}"
  json_text vendor_name "${ids:+${pci_names[${ids%:*}]-}}"
  json_text device_name "${ids:+${pci_names[$ids]-}}"
  class_of "$address" || true
  json_text class "$REPLY"
  driver_of "$address" || true
  json_text driver "$REPLY"
  override_of "$address" || true
  json_text driver_override "$REPLY"
  group_of "$address" || true
  group=$REPLY
  json_number iommu_group "$group"
  ANSWERS=()
  [[ -z $group ]] || members_of "$group"
  json_texts group_members "${ANSWERS[@]}"
  reset_methods_of "$address" || true
  json_text reset_methods "$REPLY"
  numa_node_of "$address" || true
  json_number numa_node "$REPLY"
  nets_of "$address"
  json_texts interfaces "${ANSWERS[@]}"
  pf_of "$address" || true
  json_text physical_function "$REPLY"
  count_of "$address" sriov_totalvfs
  json_number vfs_total "$REPLY"
  count_of "$address" sriov_numvfs
  json_number vfs "$REPLY"
  if is_clear; then json_flag ready yes; else json_flag ready ''; fi
  json_findings findings
  json_object
}

# print_check ADDRESS: what stands in the way of one device.
print_check() {
  if [[ $json ]]; then
    device_json "$1"
    printf '%s\n' "$REPLY"
  elif is_clear; then
    driver_of "$1" || true
    if [[ $REPLY == vfio-pci ]]; then echo "$1 is bound: a guest can have it"; else echo "$1 is ready for passthrough"; fi
    print_findings
  else
    echo "$1 is not ready for passthrough:"
    print_findings
  fi
}

# print_status: the devices that are bound, and what is recorded.
print_status() {
  local address separator='[' addresses=() kind
  local -A shown=()
  devices
  for address in "${ANSWERS[@]}"; do
    if driver_of "$address" && [[ $REPLY == vfio-pci ]]; then addresses+=("$address") shown[$address]=yes; fi
  done
  for kind in devices pfs; do
    remembered "$kind"
    for address in "${ANSWERS[@]}"; do
      if is_address "$address" && [[ ! ${shown[$address]-} ]]; then addresses+=("$address") shown[$address]=yes; fi
    done
  done
  [[ $json ]] || row ADDRESS DRIVER 'WAS BOUND TO' GROUP NODE 'IN USE BY' CHANGED
  for address in "${addresses[@]}"; do
    status_of "$address"
    if [[ $json ]]; then
      printf '%s\n %s' "$separator" "$REPLY"
      separator=,
    fi
  done
  if [[ $json ]]; then
    [[ $separator == , ]] || printf '['
    printf '\n]\n'
  elif [[ ${#addresses[@]} -eq 0 ]]; then
    rows=()
    echo 'no device is bound to vfio-pci, and nothing is to be restored'
  else
    print_table
  fi
}

# status_of ADDRESS: adds a row, or answers with an object.
status_of() {
  local address=$1 driver group node='' access='' was='' changed='' holders vfs
  driver_of "$address" || true
  driver=$REPLY
  group_of "$address" || true
  group=$REPLY
  if [[ $group && -e $host_root/dev/vfio/$group ]]; then
    node=/dev/vfio/$group
    access=$(stat -c '%U %a' "$host_root$node")
  fi
  if is_remembered devices "$address"; then
    recall devices "$address" driver
    was=$REPLY
    changed='driver'
  fi
  if is_remembered pfs "$address"; then
    recall pfs "$address" vfs
    vfs=$REPLY
    changed+="${changed:+, }$vfs VFs"
  fi
  holders_of "$address"
  holders=("${ANSWERS[@]}")
  if [[ $json ]]; then
    json_text address "$address"
    json_text driver "$driver"
    json_text driver_before "$was"
    json_number iommu_group "$group"
    json_text node "$node"
    json_text node_owner "${access% *}"
    json_texts holders "${holders[@]}"
    json_text changed "$changed"
    json_object
  else
    listed "${holders[@]}"
    row "$address" "$driver" "$was" "$group" "$node${access:+ ($access)}" "$REPLY" "${changed:-by others}"
  fi
}
