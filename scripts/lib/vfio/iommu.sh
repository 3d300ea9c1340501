# shellcheck shell=bash
# Diagnoses of what keeps a device's DMA and interrupts within its guest: IOMMU, interrupt remapping, groups, ACS.

# iommu_words: how this machine's kind of IOMMU is called in its firmware, and what its kernel wants to hear.
iommu_words() {
  local line vendor=
  while IFS= read -r line; do
    [[ $line != vendor_id* ]] || { vendor=${line##*: } && break; }
  done 2>/dev/null <"$proc/cpuinfo"
  case $vendor in
    GenuineIntel) REPLY='VT-d ("Intel Virtualization Technology for Directed I/O") in the firmware and boot with intel_iommu=on' ;;
    AuthenticAMD | HygonGenuine) REPLY='AMD-Vi ("IOMMU", often under AMD CBS or North Bridge) in the firmware, and make sure that the kernel command line has no amd_iommu=off' ;;
    *) REPLY='the IOMMU (VT-d, AMD-Vi, SMMU) in the firmware and boot with intel_iommu=on (Intel) or without amd_iommu=off (AMD)' ;;
  esac
}

# boot_words_about TEXT: the words of the kernel's command line that contain it.
boot_words_about() {
  local word words=
  read_line "$proc/cmdline" || true
  for word in $REPLY; do
    [[ $word != *"$1"* ]] || words+="${words:+ }$word"
  done
  REPLY=${words:-nothing about it}
}

iommu_is_on() {
  local units=("$sys"/class/iommu/*)
  [[ ${#units[@]} -gt 0 ]]
}

# find_iommu_off ADDRESS: status 1 when the rest of the diagnoses makes no sense.
find_iommu_off() {
  if group_of "$1"; then return 0; fi
  if iommu_is_on; then
    finding refuse no-iommu-group "$1 has no IOMMU group although this machine has an IOMMU: the device is not behind it, as is so with some chipset and firmware devices. VFIO cannot protect the host from its DMA. Use another device or, for a card, another slot."
    return 1
  fi
  local how
  iommu_words
  how=$REPLY
  boot_words_about iommu
  finding refuse iommu-off "$1 has no IOMMU group, for the IOMMU is off: nothing would keep the device's DMA within its guest, and VFIO refuses (\"no iommu_group found\"). Switch on $how; this kernel was started with $REPLY. In a virtual machine, the host must give it a virtual IOMMU (QEMU: -device intel-iommu,intremap=on,caching-mode=on)."
  return 1
}

# remaps_interrupts: chips behind a remapping unit have names such as IR-PCI-MSI.
remaps_interrupts() {
  local line
  [[ -r $proc/interrupts ]] || return 0
  while IFS= read -r line; do
    [[ $line != *' IR-'* ]] || return 0
  done <"$proc/interrupts"
  # Other architectures have other means.
  [[ $HOSTTYPE != x86_64 ]]
}

find_interrupt_remapping() {
  local capabilities cause
  if remaps_interrupts; then return 0; fi
  cause='it is switched off'
  for capabilities in "$sys"/class/iommu/*/intel-iommu/ecap; do
    if read_line "$capabilities" && [[ $REPLY =~ ^[0-9a-f]{1,16}$ ]] && ! ((0x$REPLY & 8)); then
      cause='the IOMMU cannot do it'
    fi
  done
  if read_line "$sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts" && [[ $REPLY == Y ]]; then
    finding warn unsafe-interrupts "Interrupts are not remapped ($cause), and vfio_iommu_type1.allow_unsafe_interrupts is set: a guest with a device can send any interrupt to the host, and so attack it. Only for guests that you trust as you do the host."
    return 0
  fi
  finding refuse no-interrupt-remapping "Interrupts are not remapped: $cause. A guest with a device could send any interrupt to the host, so VFIO refuses (\"Failed to set iommu for container: Operation not permitted\"). Update the firmware and switch on interrupt remapping there (x2APIC, too, where it is offered), and remove nointremap and intremap=off from the kernel command line; in a virtual machine its host must give it an IOMMU that can (QEMU: intel-iommu,intremap=on). The parameter allow_unsafe_interrupts=1 of vfio_iommu_type1 gives this protection up; these scripts never set it."
}

# hinders_group MEMBER: whether the host drives it: then the whole group is the host's.
hinders_group() {
  if ! is_address "$1"; then REPLY='no PCI device' && return 0; fi
  if is_bridge "$1"; then return 1; fi
  if ! driver_of "$1"; then return 1; fi
  case $REPLY in vfio-pci | vfio_pci | pci-stub | pcieport) return 1 ;; esac
}

# find_group_shared ADDRESS TOGETHER...: TOGETHER are those that will be bound with it.
find_group_shared() {
  local address=$1 group members member hindering=() names=() port
  group_of "$address" || return 0
  group=$REPLY
  members_of "$group"
  members=("${ANSWERS[@]}")
  for member in "${members[@]}"; do
    [[ " $* " != *" $member "* ]] || continue
    if hinders_group "$member"; then
      hindering+=("$member")
      names+=("$member ($REPLY)")
    fi
  done
  [[ ${#hindering[@]} -gt 0 ]] || return 0
  listed "${names[@]}"
  finding refuse group-shared "IOMMU group $group of $address has other devices that the host drives: $REPLY. The IOMMU cannot tell the members of a group apart, so they are passed through together or not at all (\"Please ensure all devices within the iommu_group are bound to their vfio bus driver\"). Bind all of them, if the host can do without: vfio bind $address ${hindering[*]}"
  find_acs_missing "$address" "${hindering[@]}"
}

# find_acs_missing ADDRESS HINDERING...: why the group is so large.
find_acs_missing() {
  local address=$1 port why
  shift
  if [[ ${*/#"${address%.*}".*/} =~ ^\ *$ ]]; then
    finding warn acs-missing "The functions of ${address%.*} share a group, for the card does not say that it keeps them apart (no ACS in the device). Only another card or a kernel that knows better of this one (a quirk) will part them. The patch that adds pcie_acs_override only makes the kernel believe in an isolation that is not there: a guest could then reach the other functions' memory by DMA."
    return 0
  fi
  upstream_port_of "$address" || return 0
  port=$REPLY
  if attribute "$port" class && [[ $REPLY == 0x060400 ]] && ! has_pcie_type_with_acs "$port"; then
    why="leads to a conventional PCI bus, whose devices cannot be told apart"
  elif [[ ! -r $pci/devices/$port/config ]] || ((${EUID:-0} != 0)); then
    why='apparently lacks ACS (run as root to see), and without it devices below may reach each other unseen by the IOMMU'
  elif has_acs "$port"; then
    why='has ACS, so the group is as large for another reason: perhaps a port further up lacks it, or the card does'
  else
    why='lacks ACS (Access Control Services), so devices below may reach each other unseen by the IOMMU'
  fi
  finding warn acs-missing "The group is large because of the upstream port $port, which $why. Put the card into a slot under another root port, one of the processor's rather than the chipset's. The patch that adds pcie_acs_override only makes the kernel believe in an isolation that is not there: a guest could then reach other devices' memory by DMA."
}

# upstream_port_of ADDRESS: the nearest bridge above it that is in its group, else the nearest at all.
upstream_port_of() {
  place_of "$1" || return 1
  REPLY=${REPLY%/*}
  REPLY=${REPLY##*/}
  is_address "$REPLY"
}

# config_bytes ADDRESS OFFSET LENGTH: of its configuration space, as the array ANSWERS. Beyond 64 only root reads.
config_bytes() {
  read -ra ANSWERS -d '' < <(od -An -v -t u1 -j "$2" -N "$3" "$pci/devices/$1/config" 2>/dev/null) || true
  [[ ${#ANSWERS[@]} -eq $3 ]]
}

# has_pcie_type_with_acs ADDRESS: false for a bridge to conventional PCI, which is none of PCI Express's or has type 7.
has_pcie_type_with_acs() {
  local at steps
  config_bytes "$1" 52 1 || return 0
  at=${ANSWERS[0]}
  for ((steps = 0; steps < 48 && at >= 64; steps++)); do
    # Not readable: benefit of doubt.
    config_bytes "$1" "$at" 4 || return 0
    if ((ANSWERS[0] == 16)); then return $((ANSWERS[2] >> 4 == 7)); fi
    at=${ANSWERS[1]}
  done
  return 1
}

# has_acs ADDRESS: looks for extended capability 0x000d (PCI Express 4.0 §7.7.8).
has_acs() {
  local at=256 steps
  for ((steps = 0; steps < 480 && at >= 256; steps++)); do
    config_bytes "$1" "$at" 4 || return 1
    ((ANSWERS[0] != 13 || ANSWERS[1] != 0)) || return 0
    at=$(((ANSWERS[3] << 4 | ANSWERS[2] >> 4) & 4092))
  done
  return 1
}
