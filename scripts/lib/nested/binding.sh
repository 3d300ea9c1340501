# shellcheck shell=bash
# Real bindings, and back.

binds_and_gives_back() {
  local before
  before=$(snapshot)
  says "$2 is bound to vfio-pci (/dev/vfio/" -- "$vfio" bind "$1"
  driver_is "$2" vfio-pci
  says "$2 vfio-pci $3" '(root 600)' -- "$vfio" status
  says "$2 is bound: a guest can have it" -- "$vfio" check --memory=256M "$2"
  says 'already' -- "$vfio" bind "$2"
  says "$2 is back: $3" -- "$vfio" unbind "$2"
  driver_is "$2" "$3"
  says 'no device is bound' -- "$vfio" status
  unchanged "$before"
}

binds_a_group() {
  local before
  before=$(snapshot)
  says "$first is bound" "$second is bound" -- "$vfio" bind $first $second
  says 'is back: e1000' -- "$vfio" unbind $second $first
  unchanged "$before"
}

# An override that somebody has left behind keeps the driver away.
clears_what_is_left_behind() {
  local before device=/sys/bus/pci/devices/$first
  before=$(snapshot)
  echo vfio-pci >$device/driver_override
  echo $first >$device/driver/unbind
  says override-left "driver_override of $first says \"vfio-pci\"" -- "$vfio" check $first $second
  says "$first is back: e1000" -- "$vfio" unbind $first
  unchanged "$before"
}

gives_nodes_away() {
  local node
  echo 'user:x:1000:1000::/:/bin/sh' >>/etc/passwd
  "$vfio" bind $nvme
  node=$(echo /dev/vfio/[0-9]*)
  expect 1 no-access "$node belongs to root, mode 600" -- as_user "$vfio" check --memory=256M $nvme
  "$vfio" bind --owner=user $nvme
  [[ $(stat -c %U "$node") == user ]] || fail "$node is not the user's"
  # What QEMU would meet next.
  ulimit -l 65536
  expect 1 memlock 'you may lock 64 MiB' 'LimitMEMLOCK' -- as_user "$vfio" check --memory=256M $nvme
  ulimit -l unlimited
  says "$nvme is bound: a guest can have it" -- as_user "$vfio" check --memory=256M $nvme
  "$vfio" unbind $nvme
}

as_user() { setpriv --reuid=1000 --regid=1000 --clear-groups --bounding-set=-all "$@"; }

wants_root() {
  refuses 'bind needs root' -- as_user "$vfio" bind $nic
  refuses 'create needs root' -- as_user "$sriov" create $nic 1
  says "$nic igb" -- as_user "$vfio" list
}

test_that 'a NIC is bound and given back' binds_and_gives_back "$eth" $nic igb
test_that 'an NVMe controller is bound and given back' binds_and_gives_back nvme0 $nvme nvme
eth=$(ls /sys/bus/pci/devices/$nic/net)
ip link set dev "$eth" up
test_that 'a whole group is bound and given back' binds_a_group
test_that 'an override that was left behind is cleared' clears_what_is_left_behind
test_that 'a user gets a device by --owner, and hears of memlock' gives_nodes_away
test_that 'changing wants root, looking does not' wants_root
