# shellcheck shell=bash
# A guest within the host that is played, itself a guest: it gets a virtual function of the NIC and one of the NVMe
# controller, and uses them.

# What the guest does: it pings QEMU's gateway by the NIC, and writes to the disk what it then reads back.
readonly IN_THE_GUEST='
  for second in $(seq 60); do
    if ip route get 10.0.2.2 >/dev/null 2>&1; then break; fi
    sleep 1
  done
  cat /sys/class/net/eth0/address
  readlink /sys/class/net/eth0/device/driver | xargs basename
  ping -c 3 -W 20 10.0.2.2 || exit
  head -c 1048576 /dev/urandom >/tmp/data
  dd if=/tmp/data of=/dev/nvme0n1 bs=64k oflag=direct 2>/dev/null || exit
  dd if=/dev/nvme0n1 bs=64k count=16 iflag=direct 2>/dev/null | cmp - /tmp/data || exit
  echo "verified $(sha256sum </tmp/data)"'

uses_virtual_functions() {
  local before sum
  before=$(snapshot)
  "$scripts/guest" --vf="$eth,mac=52:54:00:00:02:00" --vf=nvme0 --small --memory=256M --disk=none --timeout=420 \
    --run="$IN_THE_GUEST" >/tmp/answer || { cat /tmp/answer && fail 'the guest has failed'; }
  cat /tmp/answer
  says '52:54:00:00:02:00 igbvf' '3 packets transmitted, 3 packets received, 0% packet loss' verified -- cat /tmp/answer
  # The host sees by its physical function what the guest has written by its virtual one, but for what it had cached.
  sum=$(dd if=/dev/nvme0n1 bs=64k count=16 iflag=direct 2>/dev/null | sha256sum)
  says "verified ${sum%% *}" -- cat /tmp/answer
  unchanged "$before"
}

test_that 'a guest pings by a virtual function, and verifies what it writes to another' uses_virtual_functions
