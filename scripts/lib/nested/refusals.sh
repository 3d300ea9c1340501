# shellcheck shell=bash
# What is refused, why, and that nothing has been changed then.

refuses_a_shared_group() {
  refuses group-shared "$second (e1000)" "vfio bind $first $second" acs-missing 'upstream port 0000:03:00.0' 'conventional PCI bus' \
    -- "$vfio" bind $first
}

refuses_a_bridge() { refuses is-bridge -- "$vfio" bind 0000:00:10.0; }

refuses_the_default_route() {
  ip route add default dev "$eth"
  refuses default-route "$eth" -- "$vfio" bind $nic
  ip route del default
  ip link add link "$eth" name vlan9 type vlan id 9
  ip link set dev vlan9 up
  ip -6 route add default dev vlan9
  refuses default-route vlan9 -- "$vfio" bind $nic
  ip link del vlan9
}

refuses_a_mounted_disk() {
  mkfs.ext4 -q /dev/nvme0n1
  mount /dev/nvme0n1 /mnt
  refuses mounted 'mounted on /mnt' -- "$vfio" bind $nvme
  umount /mnt
  mkswap /dev/nvme0n1
  swapon /dev/nvme0n1
  refuses in-use-as-swap -- "$vfio" bind $nvme
  swapoff /dev/nvme0n1
}

refuses_a_busy_group() {
  local group before holder
  "$sriov" create $nic 2
  "$vfio" bind $vf0
  group=$(echo /dev/vfio/[0-9]*)
  exec 8<>"$group"
  holder="$BASHPID (bash)"
  refuses in-use "$holder" -- "$vfio" check $vf0
  refuses in-use "$holder" -- "$vfio" unbind $vf0
  refuses vf-in-use "$vf0" "$holder" -- "$sriov" destroy $nic
  refuses "$nic is left as it is" vf-in-use -- "$vfio" restore
  says "$holder" -- "$vfio" status
  exec 8<&-
  "$vfio" unbind $vf0
  "$sriov" destroy $nic
}

refuses_other_numbers() {
  refuses too-many-vfs '7 virtual functions, not 8' -- "$sriov" create $nic 8
  "$sriov" create $nic 1
  refuses vfs-exist -- "$sriov" create $nic 2
  refuses has-vfs -- "$vfio" bind $nic
  "$sriov" destroy $nic
}

refuses_when_down() {
  ip link set dev "$eth" down
  refuses pf-down "ip link set dev $eth up" -- "$sriov" create $nic 1
  ip link set dev "$eth" up
}

refuses_what_has_none() {
  refuses not-sriov -- "$sriov" create $first 1
  refuses not-a-nic -- "$sriov" create --vlan=5 $nvme 1
  "$vfio" bind $nvme
  refuses pf-without-driver "vfio unbind $nvme" -- "$sriov" create $nvme 1
  "$vfio" unbind $nvme
}

refuses_unknown_devices() {
  refuses 'no PCI device 0f:00.0' -- "$vfio" bind 0f:00.0
  refuses 'no PCI device nosuch' -- "$sriov" destroy nosuch
}

test_that 'a member of a shared group is refused alone' refuses_a_shared_group
test_that 'a bridge is refused' refuses_a_bridge
test_that 'the NIC of the default route is refused, also through a VLAN' refuses_the_default_route
test_that 'a disk with a mounted file system or swap is refused' refuses_a_mounted_disk
test_that 'a device that a process holds is left to it' refuses_a_busy_group
test_that 'too many virtual functions, or others than there are, are refused' refuses_other_numbers
test_that 'a physical function that is down is refused' refuses_when_down
test_that 'what has no virtual functions is refused' refuses_what_has_none
test_that 'unknown devices are refused' refuses_unknown_devices
