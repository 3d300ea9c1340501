#!/usr/bin/env bash
# Runs in a host that is played (see hosts.sh): compare.sh JAVA_HOME OPTION...: what scripts/compare reports there.
set -euo pipefail

export JAVA_HOME=$1 RINGSIDE_LAB=/lab RINGSIDE_NO_BUILD=yes
shift
directory=/run/compare

# The guest has the libraries of its own programs, of which a JVM wants some more: those that are there stay.
libraries=usr/lib/x86_64-linux-gnu
ln -s /lab/trixie/$libraries/lib*.so.* /$libraries/ 2>/dev/null || true

modprobe tun
# Under a name that no other interface gets while this one is in a namespace.
peer=$(ls /sys/bus/pci/devices/0000:00:13.0/virtio*/net)
ip link set dev "$peer" down
ip link set dev "$peer" name cable

status=0
/ringside/scripts/compare --accel=tcg --nic=0000:01:00.0 --nic-peer=cable --nvme=0000:02:00.0 \
  --output=$directory "$@" >/dev/null || status=$?
# Something may have failed: that is in the report.
if [[ -f $directory/report.json ]]; then cat $directory/report.json; else exit $status; fi
