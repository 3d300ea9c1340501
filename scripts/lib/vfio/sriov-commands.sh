# shellcheck shell=bash
# The commands of scripts/sriov.

create_vfs() {
  need_root create
  lock_records
  diagnose_create "$1" "$2"
  refuse_unless_clear "create $2 virtual functions of $1"
  half_made=$1
  undo_if_ended
  # What was left of others that are gone by now.
  if is_remembered pfs "$1"; then remove_vfs "$1" || die "$1 is not as it was: $write_error"; fi
  make_vfs "$1" "$2" || die "$1 gets no virtual functions: $write_error. All is put back as it was"
  half_made=
  [[ $dry_run ]] || list_vfs "$1"
}

destroy_vfs() {
  need_root destroy
  lock_records
  diagnose_destroy "$1"
  refuse_unless_clear "destroy the virtual functions of $1"
  remove_vfs "$1" || die "the virtual functions of $1 are not all gone: $write_error"
  unload_modules
  [[ $dry_run ]] || echo "$1 has no virtual functions"
}

list_pfs() {
  local address pfs=() ids=() separator='['
  devices
  for address in "${ANSWERS[@]}"; do
    count_of "$address" sriov_totalvfs
    if ((REPLY > 0)); then pfs+=("$address"); fi
  done
  for address in "${pfs[@]}"; do
    if ids_of "$address"; then ids+=("$REPLY"); fi
  done
  learn_names "${ids[@]}"
  if [[ $json ]]; then
    for address in "${pfs[@]}"; do
      pf_json "$address"
      printf '%s\n %s' "$separator" "$REPLY"
      separator=,
    done
    [[ $separator == , ]] || printf '['
    printf '\n]\n'
  elif [[ ${#pfs[@]} -eq 0 ]]; then
    echo 'no device here has SR-IOV (or the firmware has it switched off)'
  else
    list_vfs "${pfs[@]}"
  fi
}

# list_vfs PF...: a table of them with their virtual functions.
list_vfs() {
  local pf i vfs net details
  row ADDRESS VFS DRIVER INTERFACE GROUP DETAILS
  for pf; do
    vf_column "$pf"
    details=$REPLY
    nets_of "$pf"
    net=${ANSWERS[0]-}
    name_of "$pf"
    function_row "$pf" "$details" "$REPLY"
    vfs_of "$pf"
    vfs=("${ANSWERS[@]}")
    for i in "${!vfs[@]}"; do
      details=
      if [[ $net ]] && vf_line "$net" "$i"; then details=$REPLY; fi
      function_row "${vfs[i]}" "VF $i" "$details"
    done
  done
  print_table
}

# function_row ADDRESS VFS DETAILS
function_row() {
  local driver net
  driver_of "$1" || true
  driver=$REPLY
  nets_of "$1"
  net=${ANSWERS[0]-}
  group_of "$1" || true
  row "$1" "$2" "$driver" "$net" "$REPLY" "$3"
}

# pf_json PF: with an object for each virtual function.
pf_json() {
  local pf=$1 i vfs objects=() net line
  nets_of "$pf"
  net=${ANSWERS[0]-}
  vfs_of "$pf"
  vfs=("${ANSWERS[@]}")
  for i in "${!vfs[@]}"; do
    json_number index "$i"
    json_text address "${vfs[i]}"
    driver_of "${vfs[i]}" || true
    json_text driver "$REPLY"
    group_of "${vfs[i]}" || true
    json_number iommu_group "$REPLY"
    nets_of "${vfs[i]}"
    json_texts interfaces "${ANSWERS[@]}"
    line=
    if [[ $net ]] && vf_line "$net" "$i"; then line=$REPLY; fi
    vf_settings_json "$line"
    json_object
    objects+=("$REPLY")
  done
  json_text address "$pf"
  driver_of "$pf" || true
  json_text driver "$REPLY"
  nets_of "$pf"
  json_texts interfaces "${ANSWERS[@]}"
  group_of "$pf" || true
  json_number iommu_group "$REPLY"
  count_of "$pf" sriov_totalvfs
  json_number vfs_total "$REPLY"
  json_list vfs "${objects[@]}"
  json_object
}

# vf_settings_json LINE: of what ip shows.
vf_settings_json() {
  local mac='' vlan=''
  [[ $1 =~ link/ether\ ([0-9a-f:]{17}) ]] && mac=${BASH_REMATCH[1]}
  [[ $1 =~ vlan\ ([0-9]+) ]] && vlan=${BASH_REMATCH[1]}
  json_text mac "$mac"
  json_number vlan "$vlan"
  if [[ $1 == *'trust on'* ]]; then json_flag trust yes; else json_flag trust ''; fi
  if [[ $1 == *'spoof checking on'* ]]; then json_flag spoofchk yes; else json_flag spoofchk ''; fi
}
