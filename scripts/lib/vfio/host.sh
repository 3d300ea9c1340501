# shellcheck shell=bash
# Looking at the host: where a fact about a PCI device is read. Nothing here changes anything, and root is not needed.
#
# All paths start at $host_root, which is empty except in tests. What sysfs holds is input: a name may be anything, a file
# may be missing, a link may lead elsewhere. So an address is believed only if it looks like one, and a link only if it
# leads to where such a link has to lead.
#
# (What succeeds says `return 0`: in a trap, a mere `return` would tell how the script has ended.)
#
# Functions answer in REPLY, those with several answers in the array ANSWERS; the status tells whether there is one.
# Answers by $(...) would take seconds on a machine with hundreds of devices.

shopt -s nullglob

host_root=
[[ -z ${RINGSIDE_HOST_ROOT-} ]] || host_root=$(cd -P -- "$RINGSIDE_HOST_ROOT" && pwd)
readonly host_root
readonly sys=$host_root/sys proc=$host_root/proc
readonly pci=$sys/bus/pci
readonly ADDRESS='[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]'

is_address() { [[ $1 =~ ^$ADDRESS$ ]]; }

# read_line FILE: its first line.
read_line() {
  REPLY=
  [[ -f $1 && -r $1 ]] || return 1
  # One that a driver refuses to tell is as good as missing.
  { IFS= read -r -n 4096 REPLY <"$1" || [[ $REPLY ]]; } 2>/dev/null
}

# attribute ADDRESS NAME
attribute() { read_line "$pci/devices/$1/$2"; }

# count_of ADDRESS NAME: an attribute that is a number, 0 if it is missing or none.
count_of() {
  attribute "$1" "$2" || true
  [[ $REPLY =~ ^-?[0-9]{1,9}$ ]] || REPLY=0
}

# resolve LINK: the directory that it leads to.
resolve() { REPLY=$(cd -P -- "$1" 2>/dev/null && printf %s "$PWD") && [[ $REPLY ]]; }

# link_into LINK DIRECTORY: the name of the entry of DIRECTORY that LINK leads to.
link_into() {
  resolve "$1" && [[ ${REPLY%/*} == "$2" ]] && REPLY=${REPLY##*/} && return 0
  REPLY=
  return 1
}

# place_of ADDRESS: the device's own directory, in which those of its network interfaces and disks lie.
place_of() {
  resolve "$pci/devices/$1" && [[ $REPLY == "$sys/devices/"*"/$1" ]] && return 0
  REPLY=
  return 1
}

# devices: all addresses, in order.
devices() {
  local entry
  ANSWERS=()
  for entry in "$pci"/devices/*; do
    entry=${entry##*/}
    if is_address "$entry" && place_of "$entry"; then ANSWERS+=("$entry"); fi
  done
}

driver_of() { link_into "$pci/devices/$1/driver" "$pci/drivers"; }

# override_of ADDRESS: the driver that is to be preferred; the kernel's word for none is (null).
override_of() {
  attribute "$1" driver_override || true
  [[ $REPLY != '(null)' ]] || REPLY=
  [[ $REPLY ]]
}

group_of() { link_into "$pci/devices/$1/iommu_group" "$sys/kernel/iommu_groups" && [[ $REPLY =~ ^[0-9]+$ ]]; }

# members_of GROUP: all that is in it. What is no PCI device has a name that is no address.
members_of() {
  local entry
  ANSWERS=()
  for entry in "$sys/kernel/iommu_groups/$1"/devices/*; do ANSWERS+=("${entry##*/}"); done
}

# class_of ADDRESS: six digits, such as 020000 for an Ethernet controller.
class_of() {
  attribute "$1" class && [[ $REPLY =~ ^0x([0-9a-f]{6})$ ]] && REPLY=${BASH_REMATCH[1]} && return 0
  REPLY=
  return 1
}

# is_bridge ADDRESS: of any kind. Bridges stay with the host, and do not hinder others of their group.
is_bridge() { class_of "$1" && [[ $REPLY == 06* ]]; }

# ids_of ADDRESS: vendor and device, as 8086:10c9.
ids_of() {
  local vendor
  attribute "$1" vendor && [[ $REPLY =~ ^0x([0-9a-f]{4})$ ]] && vendor=${BASH_REMATCH[1]} &&
    attribute "$1" device && [[ $REPLY =~ ^0x([0-9a-f]{4})$ ]] && REPLY=$vendor:${BASH_REMATCH[1]} && return 0
  REPLY=
  return 1
}

# numa_node_of ADDRESS: none where the machine has but one.
numa_node_of() {
  attribute "$1" numa_node && [[ $REPLY =~ ^[0-9]+$ ]] && return 0
  REPLY=
  return 1
}

# reset_methods_of ADDRESS: what can bring the device back to its beginning between two guests.
reset_methods_of() {
  attribute "$1" reset_method && [[ $REPLY ]] && return 0
  # Kernels before 5.15 tell only whether.
  [[ -e $pci/devices/$1/reset && ! -e $pci/devices/$1/reset_method ]] && REPLY=yes
}

# pf_of ADDRESS: the physical function of a virtual one.
pf_of() {
  resolve "$pci/devices/$1/physfn" && [[ $REPLY == "$sys"/devices/* ]] && REPLY=${REPLY##*/} && is_address "$REPLY" && return 0
  REPLY=
  return 1
}

# vfs_of PF: the addresses of its virtual functions, in their order.
vfs_of() {
  local link number
  ANSWERS=()
  for link in "$pci/devices/$1"/virtfn*; do
    number=${link##*/virtfn}
    [[ $number =~ ^[0-9]{1,5}$ ]] || continue
    if resolve "$link" && [[ $REPLY == "$sys"/devices/* ]] && is_address "${REPLY##*/}"; then
      ANSWERS[10#$number]=${REPLY##*/}
    fi
  done
}

# Where the devices of a class (net, block) are, by class/name: looked up once, for each takes a subshell.
declare -A class_places=()

learn_places() {
  local class entry
  class_places[known]=yes
  for class in net block; do
    for entry in "$sys/class/$class"/*; do
      if resolve "$entry"; then class_places["$class/${entry##*/}"]=$REPLY; fi
    done
  done
}

# entries_below PLACE CLASS: the names of those that lie in a directory.
entries_below() {
  local entry
  [[ ${class_places[known]-} ]] || learn_places
  ANSWERS=()
  for entry in "${!class_places[@]}"; do
    if [[ $entry == "$2"/* && ${class_places[$entry]} == "$1"/* ]]; then ANSWERS+=("${entry#*/}"); fi
  done
}

# nets_of ADDRESS: the names of its network interfaces.
nets_of() {
  ANSWERS=()
  if place_of "$1"; then entries_below "$REPLY" net; fi
}

# find_address WHAT: by its address, with or without domain, or by the name of an interface or NVMe controller.
find_address() {
  local what=${1,,}
  is_address "$what" || what=0000:$what
  if is_address "$what"; then
    place_of "$what" && REPLY=$what
  else
    address_of_interface "$1"
  fi
}

address_of_interface() {
  local class
  for class in net nvme block; do
    [[ $1 != */* && -e $sys/class/$class/$1 ]] || continue
    resolve "$sys/class/$class/$1" && [[ $REPLY == "$sys"/devices/* ]] || return 1
    while [[ $REPLY == */* ]]; do
      is_address "${REPLY##*/}" && REPLY=${REPLY##*/} && return 0
      REPLY=${REPLY%/*}
    done
  done
  return 1
}
