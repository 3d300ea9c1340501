# shellcheck shell=bash
# The host whose IOMMU is off.

refuses_without_iommu() {
  refuses iommu-off 'VT-d' 'intel_iommu=on' -- "$vfio" bind $nic
  says 'no: iommu-off' -- "$vfio" list
}

makes_vfs_for_the_host() {
  says iommu-off 'no guest' 0000:01:10.0 -- "$sriov" create $nic 1
  refuses iommu-off -- "$vfio" bind 0000:01:10.0
  says "$nic has no virtual functions" -- "$sriov" destroy $nic
  refuses iommu-off -- "$sriov" lend --guest=1 $nic
}

test_that 'without an IOMMU, nothing is bound' refuses_without_iommu
test_that 'virtual functions are made, but not for guests' makes_vfs_for_the_host
