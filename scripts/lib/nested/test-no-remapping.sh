# shellcheck shell=bash
# The host whose IOMMU does not remap interrupts.

refuses_without_remapping() {
  refuses no-interrupt-remapping 'the IOMMU cannot do it' 'Operation not permitted' -- "$vfio" bind $nic
  says 'no: no-interrupt-remapping' -- "$vfio" list
}

# Somebody else's decision, and it stays theirs.
warns_of_unsafe_interrupts() {
  modprobe vfio_iommu_type1 allow_unsafe_interrupts=1
  says unsafe-interrupts "$nic is bound" -- "$vfio" bind $nic
  says "$nic is back: igb" -- "$vfio" unbind $nic
  modprobe -r vfio_iommu_type1
}

test_that 'without interrupt remapping, nothing is bound' refuses_without_remapping
test_that 'unsafe interrupts that somebody has allowed are warned of' warns_of_unsafe_interrupts
