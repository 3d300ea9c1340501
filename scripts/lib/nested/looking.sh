# shellcheck shell=bash
# What the scripts say of a host, which they leave as it is.

lists_devices() {
  says "$nic igb " 'flr,pm,bus - 0/7 ready' "$nvme nvme " "$first e1000 " 'no: group-shared' -- "$vfio" list
  ! "$vfio" list | grep 0000:00:10.0 || fail 'lists a bridge without --all'
  says '0000:00:10.0 pcieport' 'no: is-bridge' -- "$vfio" list --all
}

lists_as_json() {
  says "\"address\": \"$nic\"" '"driver": "igb"' "\"interfaces\": [\"$eth\"]" '"vfs_total": 7' '"ready": true' -- "$vfio" list --json
}

lists_pfs() {
  says "$nic 0/7 igb $eth" "$nvme 0/4 nvme" -- "$sriov" list
  says '"vfs_total": 4' -- "$sriov" list --json
}

checks_ready() { says "$nic is ready for passthrough" -- "$vfio" check $nic; }

dry_run_changes_nothing() {
  local before
  before=$(snapshot)
  says "would write 'vfio-pci' to /sys/bus/pci/devices/$nic/driver_override" \
    "would write '$nic' to /sys/bus/pci/drivers/igb/unbind" "would write '$nic' to /sys/bus/pci/drivers_probe" \
    -- "$vfio" bind --dry-run $nic
  says "would write '2' to /sys/bus/pci/devices/$nic/sriov_numvfs" "would run ip link set dev $eth vf 1 mac" \
    'vlan 7' -- "$sriov" create --dry-run --vlan=7 $nic 2
  unchanged "$before"
}

test_that 'list shows devices, drivers, groups and whether they are ready' lists_devices
test_that 'list --json says the same' lists_as_json
test_that 'sriov list shows physical functions' lists_pfs
test_that 'check finds a NIC ready' checks_ready
test_that '--dry-run says what would be written, and writes nothing' dry_run_changes_nothing
