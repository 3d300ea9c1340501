# shellcheck shell=bash
# Virtual functions, made and removed.

vf0=0000:01:10.0
vf1=0000:01:10.2

makes_vfs() {
  local before
  before=$(snapshot)
  says "$nic 2/7 igb" "$vf0 VF 0" 'link/ether 5a:54:00:00:01:01' "$vf1 VF 1" -- "$sriov" create "$eth" 2
  driver_is $vf0 none
  says "\"address\": \"$vf1\"" '"mac": "5a:54:00:00:01:02"' -- "$sriov" list --json
  says "$vf0 - " "of $nic ready" -- "$vfio" list
  says "$vf0 is bound" "$vf1 is bound" -- "$vfio" bind $vf0 $vf1
  says "$vf0 is back: no driver" -- "$vfio" unbind $vf0
  says "$nic has no virtual functions" -- "$sriov" destroy $nic
  unchanged "$before"
}

sets_what_is_asked() {
  "$sriov" create --mac=52:54:00:aa:00:ff --vlan=5 --trust=on --spoofchk=off --rate=100 $nic 2
  says 'vf 0 link/ether 52:54:00:aa:00:ff' 'vf 1 link/ether 52:54:00:aa:01:00' 'vlan 5' 'spoof checking off' 'trust on' \
    -- ip link show dev "$eth"
  "$sriov" destroy $nic
}

# The host's own driver gets it when asked, and only then.
keeps_the_host_away() {
  local net
  modprobe igbvf
  "$sriov" create $nic 1
  driver_is $vf0 none
  echo igbvf >/sys/bus/pci/devices/$vf0/driver_override
  echo $vf0 >/sys/bus/pci/drivers_probe
  driver_is $vf0 igbvf
  "$vfio" bind $vf0
  "$vfio" unbind $vf0
  driver_is $vf0 igbvf
  net=$(ls /sys/bus/pci/devices/$vf0/net)
  ip link set dev "$net" up
  ip route add default dev "$net"
  refuses default-route "$net" -- "$sriov" destroy $nic
  ip route del default
  "$sriov" destroy $nic
  modprobe -r igbvf
}

makes_nvme_vfs() {
  local before vf=0000:02:00.1
  before=$(snapshot)
  says "$nvme 2/4 nvme" "$vf VF 0" -- "$sriov" create nvme0 2
  nvme list-secondary /dev/nvme0 | grep -q Online || fail 'no controller is online'
  # It works: the host's own driver is served.
  echo nvme >/sys/bus/pci/devices/$vf/driver_override
  echo $vf >/sys/bus/pci/drivers_probe
  timeout 10 sh -c "until grep -q live /sys/bus/pci/devices/$vf/nvme/*/state; do usleep 100000; done" || fail "$vf is not live"
  "$vfio" bind $vf
  "$vfio" unbind $vf
  driver_is $vf nvme
  "$sriov" destroy nvme0
  unchanged "$before"
}

# With resources of its own, which its virtual functions need, and which it gets back.
borrows_from_the_pf() {
  nvme virt-mgmt /dev/nvme0 -c 0 -r 1 -a 1 -n 4
  nvme virt-mgmt /dev/nvme0 -c 0 -r 0 -a 1 -n 8
  echo 1 >/sys/bus/pci/devices/$nvme/reset
  "$sriov" create $nvme 4
  nvme primary-ctrl-caps /dev/nvme0 | grep 'vqrfap *: 0' || fail 'the physical function has kept its queues'
  "$sriov" destroy $nvme
  nvme primary-ctrl-caps /dev/nvme0 | grep 'vqrfap *: 8' || fail 'the physical function has not got its queues back'
}

test_that 'virtual functions are made with addresses, bound and removed' makes_vfs
test_that 'they get the address, VLAN, trust and rate asked for' sets_what_is_asked
test_that 'drivers of the host get them only when asked' keeps_the_host_away
test_that 'those of an NVMe controller get queues and go online' makes_nvme_vfs
test_that 'an NVMe controller gets back what it had lent to them' borrows_from_the_pf
