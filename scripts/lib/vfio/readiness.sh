# shellcheck shell=bash
# Diagnoses of a device that is to be passed through: what the host does with it, and what VFIO lacks.

# diagnose ADDRESS TOGETHER...: all there is to say before it is bound, together with others.
diagnose() {
  forget_findings
  find_bridge "$1" || return 0
  find_pf_with_vfs "$1"
  find_host_use "$1"
  find_holders "$1"
  find_override_left "$1"
  find_no_reset "$1"
  find_modules
  find_iommu_off "$1" || return 0
  find_interrupt_remapping
  find_group_shared "$@"
}

# diagnose_for_guest ADDRESS MEMORY TOGETHER...: all there is to say before a guest of MEMORY MiB is started with it.
diagnose_for_guest() {
  local address=$1 memory=$2
  shift 2
  diagnose "$address" "$@"
  if ! driver_of "$address" || [[ $REPLY != vfio-pci ]]; then
    finding refuse not-bound "$address is not bound to vfio-pci but to ${REPLY:-no driver}, so no guest can have it. Bind it first: vfio bind $address (as root)"
    return 0
  fi
  find_node_access "$address"
  find_memlock "$memory"
}

find_bridge() {
  is_bridge "$1" || return 0
  finding refuse is-bridge "$1 is a bridge. Bridges stay with the host; what can be passed through is what is behind them."
  return 1
}

find_pf_with_vfs() {
  local count
  count_of "$1" sriov_numvfs
  count=$REPLY
  ((count > 0)) || return 0
  if driver_of "$1" && [[ $REPLY == vfio-pci ]]; then return 0; fi
  finding refuse has-vfs "$1 has $count virtual functions, which all go when its driver is taken away, whoever uses them. Remove them first: sriov destroy $1"
}

# find_host_use ADDRESS: what would stop working here.
find_host_use() {
  local point
  if carries_default_route "$1"; then
    finding force default-route "$1 has the interface $REPLY, by which this host reaches the rest of the network: with it the host loses its connection, and you perhaps yours to the host. Move the default route to another interface first, or pass a virtual function through instead."
  fi
  mounts_of "$1"
  for point in "${ANSWERS[@]}"; do
    case $point in
      /) finding force root-file-system "The root file system of this host is on $1: without it the host stops." ;;
      swap) finding force in-use-as-swap "This host swaps to a disk on $1: processes whose memory is there would be lost. swapoff it first." ;;
      *) finding force mounted "A file system on $1 is mounted on $point, and would lose what is not written yet. umount it first." ;;
    esac
  done
  if attribute "$1" boot_vga && [[ $REPLY == 1 ]]; then
    finding force boot-display "$1 is the display adapter that this host was started with: its console goes dark."
  fi
}

find_holders() {
  holders_of "$1"
  [[ ${#ANSWERS[@]} -gt 0 ]] || return 0
  listed "${ANSWERS[@]}"
  local who=$REPLY
  group_of "$1" || true
  finding refuse in-use "$1 (or its IOMMU group ${REPLY:-}) is in use by process $who. Only one process can have a group. End the guest that has it."
}

# find_override_left ADDRESS: by somebody who has unbound it and left the rest.
find_override_left() {
  local override driver
  override_of "$1" || return 0
  override=$REPLY
  driver_of "$1" || true
  driver=$REPLY
  [[ $driver != "$override" ]] || return 0
  finding warn override-left "driver_override of $1 says \"$override\", but its driver is ${driver:-none}: somebody has set that and not cleared it, and no other driver will take the device (\"No such device\"). vfio unbind $1 clears it and gives the device to its own driver."
}

find_no_reset() {
  if reset_methods_of "$1"; then return 0; fi
  finding warn no-reset "$1 cannot be reset by itself (its reset_method is empty). What one guest has left in it, such as keys, data or running DMA, the next one finds. Pass it through to one guest only, or reboot in between."
}

# has_module NAME: loaded, built in, or to be loaded when needed.
has_module() {
  [[ -d $sys/module/${1//-/_} ]] || has_module_file "$1"
}

has_module_file() {
  local list line release
  read_line "$proc/sys/kernel/osrelease" || return 1
  release=$REPLY
  for list in "$host_root/lib/modules/$release"/modules.{builtin,dep}; do
    while IFS= read -r line; do
      line=${line%%:*}
      line=${line##*/}
      line=${line%%.*}
      [[ ${line//-/_} != "${1//-/_}" ]] || return 0
    done 2>/dev/null <"$list"
  done
  return 1
}

# The modules that VFIO is made of, and those of them that are missing: looked for once.
readonly VFIO_MODULES='vfio-pci vfio_iommu_type1'
modules_missing=unknown

find_modules() {
  local module missing=
  if [[ $modules_missing == unknown ]]; then
    for module in $VFIO_MODULES; do has_module "$module" || missing+=" $module"; done
    modules_missing=$missing
  fi
  [[ $modules_missing ]] || return 0
  finding refuse no-module "This kernel has no module$modules_missing: without vfio-pci no device can be bound, and without vfio_iommu_type1 QEMU ends with \"No available IOMMU models\". Install the modules of the running kernel (Ubuntu: linux-modules-extra, Fedora: kernel-modules), or boot the kernel whose modules are installed."
}

# find_node_access ADDRESS: whether QEMU, started by this user, may open the group.
find_node_access() {
  local node
  group_of "$1" || return 0
  node=$host_root/dev/vfio/$REPLY
  if [[ ! -e $node ]]; then
    finding refuse no-vfio-node "$node is not there although $1 is bound to vfio-pci: the container or chroot you are in has a /dev of its own. Start QEMU outside, or hand the node in."
  elif [[ ! -r $node || ! -w $node ]]; then
    finding refuse no-access "$node belongs to $(stat -c '%U, mode %a' "$node"), so $(id -un) cannot open it. Give it away when binding: vfio bind --owner=$(id -un) $1 (as root)"
  fi
}

# What QEMU locks beside the guest's memory: firmware, video memory and the like. The same in KiB.
readonly MEMLOCK_SLACK=$((64 * 1024))

# find_memlock MIB: the guest's memory will be locked, for the device may write to it at any time.
find_memlock() {
  local limit capabilities
  limit=$(ulimit -l)
  [[ $limit != unlimited ]] || return 0
  while read -r capabilities REPLY; do [[ $capabilities != CapEff: ]] || break; done </proc/self/status
  # CAP_IPC_LOCK
  ((!(0x$REPLY & 1 << 14))) || return 0
  ((limit < $1 * 1024 + MEMLOCK_SLACK)) || return 0
  finding refuse memlock "A guest with a device has all of its memory locked, here $1 MiB and some, and you may lock $((limit / 1024)) MiB (ulimit -l): QEMU would end with \"vfio_container_dma_map ... -12 (Cannot allocate memory)\". Raise the limit to the guest's memory and 1 GiB more: a line \"$(id -un) - memlock $(($1 * 1024 + 1024 * 1024))\" in /etc/security/limits.conf and a new login, or LimitMEMLOCK= in a systemd unit."
}
