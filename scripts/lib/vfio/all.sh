# shellcheck shell=bash
# The parts of scripts/vfio and scripts/sriov. Each knows only those above it.

# Looking.
# shellcheck source=lib/vfio/host.sh
source "$scripts/lib/vfio/host.sh"
# shellcheck source=lib/vfio/names.sh
source "$scripts/lib/vfio/names.sh"
# shellcheck source=lib/vfio/uses.sh
source "$scripts/lib/vfio/uses.sh"
# shellcheck source=lib/vfio/text.sh
source "$scripts/lib/vfio/text.sh"
# shellcheck source=lib/vfio/json.sh
source "$scripts/lib/vfio/json.sh"
# shellcheck source=lib/vfio/records.sh
source "$scripts/lib/vfio/records.sh"

# Explaining.
# shellcheck source=lib/vfio/findings.sh
source "$scripts/lib/vfio/findings.sh"
# shellcheck source=lib/vfio/iommu.sh
source "$scripts/lib/vfio/iommu.sh"
# shellcheck source=lib/vfio/readiness.sh
source "$scripts/lib/vfio/readiness.sh"
# shellcheck source=lib/vfio/vfs.sh
source "$scripts/lib/vfio/vfs.sh"
# shellcheck source=lib/vfio/report.sh
source "$scripts/lib/vfio/report.sh"

# Doing.
# shellcheck source=lib/vfio/change.sh
source "$scripts/lib/vfio/change.sh"
# shellcheck source=lib/vfio/binding.sh
source "$scripts/lib/vfio/binding.sh"
# shellcheck source=lib/vfio/vf-settings.sh
source "$scripts/lib/vfio/vf-settings.sh"
# shellcheck source=lib/vfio/nvme.sh
source "$scripts/lib/vfio/nvme.sh"
# shellcheck source=lib/vfio/making-vfs.sh
source "$scripts/lib/vfio/making-vfs.sh"
# shellcheck source=lib/vfio/commands.sh
source "$scripts/lib/vfio/commands.sh"
# shellcheck source=lib/vfio/sriov-commands.sh
source "$scripts/lib/vfio/sriov-commands.sh"
# shellcheck source=lib/vfio/lending.sh
source "$scripts/lib/vfio/lending.sh"
