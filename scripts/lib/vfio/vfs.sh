# shellcheck shell=bash
# Diagnoses of virtual functions: whether they can be made, and whether they can go.

# diagnose_create PF COUNT: all there is to say before virtual functions are made.
diagnose_create() {
  local count=$2 now total
  forget_findings
  find_not_sriov "$1" || return 0
  count_of "$1" sriov_totalvfs
  total=$REPLY
  count_of "$1" sriov_numvfs
  now=$REPLY
  if ((now > 0)); then
    finding refuse vfs-exist "$1 has $now virtual functions, and their number cannot be changed but by way of none (\"Device or resource busy\"). If nobody uses them: sriov destroy $1, then create again."
  fi
  if ((count > total)); then
    finding refuse too-many-vfs "$1 can have $total virtual functions, not $count (\"Numerical result out of range\"). Some cards have a setting of their own for more (mlxconfig NUM_OF_VFS, the card's firmware menu)."
  fi
  find_no_mmio "$1"
  find_pf_down "$1"
  find_no_settings "$1"
  find_no_nvme_cli "$1"
  if ! group_of "$1" && ! iommu_is_on; then
    finding warn iommu-off "The IOMMU is off: this host can use the virtual functions, but no guest. scripts/vfio check $1 tells what to do."
  fi
}

# find_not_sriov PF: status 1 when the rest makes no sense.
find_not_sriov() {
  local driver
  if pf_of "$1"; then
    finding refuse not-sriov "$1 is a virtual function itself, of $REPLY: name that."
    return 1
  fi
  count_of "$1" sriov_totalvfs
  if ((REPLY == 0)); then
    finding refuse not-sriov "$1 has no SR-IOV capability, or its firmware setting is off: look for SR-IOV in the firmware's menu and in the card's. scripts/sriov list shows what has."
    return 1
  fi
  if ! driver_of "$1"; then
    finding refuse pf-without-driver "$1 has no driver, and it is the driver that makes virtual functions. Load it, or give the device back: vfio unbind $1"
    return 1
  fi
  driver=$REPLY
  if [[ $driver == vfio-pci ]]; then
    finding refuse pf-without-driver "$1 is bound to vfio-pci, for a guest, and it is the host's driver that makes virtual functions. Give it back: vfio unbind $1"
    return 1
  fi
}

# find_no_mmio PF: where the kernel has found no room for the registers of virtual functions, which are the lines from the
# seventh on.
find_no_mmio() {
  local number=0 start end
  [[ -r $pci/devices/$1/resource ]] || return 0
  while read -r start end _; do
    ((number++ < 7)) || [[ $start =~ ^0x0*$ || $end == "$start" ]] || return 0
  done <"$pci/devices/$1/resource"
  # Without these lines, it is a kernel that does not tell.
  ((number > 7)) || return 0
  finding refuse no-mmio-space "There is no address space for the virtual functions' registers (\"not enough MMIO resources for SR-IOV\"): the firmware has left no room for them. Switch on SR-IOV and \"Above 4G decoding\" in the firmware's menu, or boot with pci=realloc."
}

# find_pf_down PF: a NIC's virtual functions have a link only while its own interface is up.
find_pf_down() {
  local net nets
  nets_of "$1"
  nets=("${ANSWERS[@]}")
  [[ ${#nets[@]} -gt 0 ]] || return 0
  for net in "${nets[@]}"; do
    if read_line "$sys/class/net/$net/flags" && [[ $REPLY =~ ^0x[0-9a-f]{1,8}$ ]] && ((REPLY & 1)); then return 0; fi
  done
  finding refuse pf-down "The interface ${nets[0]} of $1 is down: its virtual functions would have no link, and some drivers refuse to make them. ip link set dev ${nets[0]} up"
}

# find_no_settings PF: what a setting needs.
find_no_settings() {
  nets_of "$1"
  if [[ ${#ANSWERS[@]} -eq 0 ]]; then
    [[ ! ${settings_asked-} ]] ||
      finding refuse not-a-nic "$1 is no network interface of this host: --mac, --vlan and the like are for NICs."
  elif ! command -v ip >/dev/null; then
    finding refuse no-ip "The program ip, which sets the virtual functions' addresses, is not there: install the package iproute2."
  fi
}

find_no_nvme_cli() {
  class_of "$1" || true
  [[ $REPLY == 010802 ]] || return 0
  if ! command -v nvme >/dev/null; then
    finding refuse no-nvme-cli "The virtual functions of an NVMe controller have no queues until they are given some, by the program nvme, which is not there: install the package nvme-cli."
  fi
}

# diagnose_destroy PF
diagnose_destroy() {
  forget_findings
  find_not_sriov "$1" || return 0
  find_vfs_in_use "$1"
}

# find_vfs_in_use PF: a VM that has one would block the kernel, in uninterruptible sleep, until it ends.
find_vfs_in_use() {
  local vf vfs
  vfs_of "$1"
  vfs=("${ANSWERS[@]}")
  for vf in "${vfs[@]}"; do
    holders_of "$vf"
    if [[ ${#ANSWERS[@]} -gt 0 ]]; then
      listed "${ANSWERS[@]}"
      finding refuse vf-in-use "The virtual function $vf of $1 is in use by process $REPLY. To remove it now would block until that ends. End the guest first."
    fi
    find_host_use "$vf"
  done
}
