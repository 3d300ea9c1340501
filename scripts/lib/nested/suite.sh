#!/usr/bin/env bash
# Runs in a host that is played (see hosts.sh): suite.sh HOST
set -uo pipefail
here=$(dirname "$0")
# shellcheck source=harness.sh
source "$here/harness.sh"

export RINGSIDE_LAB=/lab RINGSIDE_NO_BUILD=yes
scripts=/ringside/scripts
vfio=$scripts/vfio
sriov=$scripts/sriov
nic=0000:01:00.0
nvme=0000:02:00.0
first=0000:04:01.0
second=0000:04:02.0

# Nobody changes routes and interfaces behind the tests.
killall udhcpc 2>/dev/null
while ip route del default 2>/dev/null; do :; done
eth=$(ls /sys/bus/pci/devices/$nic/net)
# shellcheck source=test-whole.sh
source "$here/test-${1}.sh"
((failures == 0))
