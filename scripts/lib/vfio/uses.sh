# shellcheck shell=bash
# Who uses a device: the host itself, for its network or its file systems, or a process, by VFIO.

# default_route_nets: the interfaces by which the host reaches the rest of the world.
default_route_nets() {
  local net destination flags mask prefix
  ANSWERS=()
  if [[ -r $proc/net/route ]]; then
    while read -r net destination _ flags _ _ _ mask _; do
      [[ $destination == 00000000 && $mask == 00000000 ]] && ((0x$flags & 1)) && ANSWERS+=("$net")
    done <"$proc/net/route"
  fi 2>/dev/null
  if [[ -r $proc/net/ipv6_route ]]; then
    while read -r destination prefix _ _ _ _ _ _ _ net; do
      [[ $destination =~ ^0{32}$ && $prefix == 00 && $net != lo ]] && ANSWERS+=("$net")
    done <"$proc/net/ipv6_route"
  fi
  return 0
}

# uppers_of NET...: adds what stands on these interfaces (bridges, bonds, VLANs), and what stands on that.
uppers_of() {
  local i link
  ANSWERS=("$@")
  for ((i = 0; i < ${#ANSWERS[@]} && i < 1000; i++)); do
    for link in "$sys/class/net/${ANSWERS[i]}"/upper_*; do
      link=${link##*/upper_}
      [[ $'\n'$(printf '%s\n' "${ANSWERS[@]}")$'\n' == *$'\n'"$link"$'\n'* ]] || ANSWERS+=("$link")
    done
  done
}

# carries_default_route ADDRESS: REPLY tells by which interface.
carries_default_route() {
  local mine net
  nets_of "$1"
  [[ ${#ANSWERS[@]} -gt 0 ]] || return 1
  uppers_of "${ANSWERS[@]}"
  mine=("${ANSWERS[@]}")
  default_route_nets
  for net in "${ANSWERS[@]}"; do
    for REPLY in "${mine[@]}"; do
      [[ $REPLY != "$net" ]] || return 0
    done
  done
  return 1
}

# disks_of ADDRESS: its block devices with their partitions, and what is made of them (LVM, RAID, encryption).
disks_of() {
  local place controller subsystem i holder found=()
  ANSWERS=()
  place_of "$1" || return 0
  place=$REPLY
  entries_below "$place" block
  found=("${ANSWERS[@]}")
  # With native multipath, a namespace belongs to the NVMe subsystem and not to one of its controllers.
  for controller in "$place"/nvme/*; do
    for subsystem in "$sys"/class/nvme-subsystem/*; do
      if [[ -e $subsystem/${controller##*/} ]] && resolve "$subsystem"; then
        entries_below "$REPLY" block
        found+=("${ANSWERS[@]}")
      fi
    done
  done
  for ((i = 0; i < ${#found[@]} && i < 1000; i++)); do
    for holder in "$sys/class/block/${found[i]}"/holders/*; do found+=("${holder##*/}"); done
  done
  ANSWERS=("${found[@]}")
}

# mounts_of ADDRESS: where its disks are mounted; swap space is mounted on "swap".
mounts_of() {
  local disk numbers point source points=() line rest
  local -A mine=()
  disks_of "$1"
  for disk in "${ANSWERS[@]}"; do
    mine[$disk]=yes
    if read_line "$sys/class/block/$disk/dev"; then mine[$REPLY]=yes; fi
  done
  if [[ ${#mine[@]} -gt 0 && -r $proc/self/mountinfo ]]; then
    while IFS= read -r line; do
      read -r _ _ numbers _ point _ <<<"$line"
      rest=${line#* - }
      read -r _ source _ <<<"$rest"
      # By name, too: btrfs has numbers of its own.
      if [[ ${mine[$numbers]-} || ${mine[${source##*/}]-} ]]; then points+=("${point//\\040/ }"); fi
    done <"$proc/self/mountinfo"
  fi
  if [[ ${#mine[@]} -gt 0 && -r $proc/swaps ]]; then
    while read -r source _; do
      if [[ $source && ${mine[${source##*/}]-} ]]; then points+=(swap); fi
    done <"$proc/swaps"
  fi
  ANSWERS=("${points[@]}")
}

# vfio_nodes_of ADDRESS: by what a process gets hold of it: the group's, and since Linux 6.6 the device's own.
vfio_nodes_of() {
  local entry
  ANSWERS=()
  if group_of "$1"; then ANSWERS+=("$host_root/dev/vfio/$REPLY"); fi
  for entry in "$pci/devices/$1"/vfio-dev/vfio*; do ANSWERS+=("$host_root/dev/vfio/devices/${entry##*/}"); done
}

is_busy_message() { IFS= read -r REPLY && [[ $REPLY == *'resource busy' ]]; }

# holders_of ADDRESS: the processes that have it open, as "1234 (qemu-system-x86)". Those of other users show to root only.
holders_of() {
  local nodes=() node descriptor pid
  local -A pids=()
  vfio_nodes_of "$1"
  for node in "${ANSWERS[@]}"; do [[ ! -e $node ]] || nodes+=("$node"); done
  ANSWERS=()
  [[ ${#nodes[@]} -gt 0 ]] || return 0
  for descriptor in "$proc"/[0-9]*/fd/*; do
    for node in "${nodes[@]}"; do
      [[ $descriptor -ef $node ]] || continue
      pid=${descriptor#"$proc"/}
      pids[${pid%%/*}]=yes
    done
  done
  # A process of a container may have another name for the node; but only one can have it open.
  if [[ ${#pids[@]} -eq 0 ]] && { { : <>"${nodes[0]}"; } 2>&1 || true; } | is_busy_message; then
    ANSWERS=('a process that is not to be seen from here')
  fi
  for pid in "${!pids[@]}"; do
    read_line "$proc/$pid/comm" || true
    ANSWERS+=("$pid ($REPLY)")
  done
}

# listed WORD...: REPLY is the words with commas.
listed() {
  local word
  REPLY=
  for word; do REPLY+="${REPLY:+, }$word"; done
}
