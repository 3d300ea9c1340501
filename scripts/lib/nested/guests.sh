# shellcheck shell=bash
# scripts/guest with devices of the host that is played, as far as it goes without booting the guest.

# Paused, for it need not boot: it has the device all the same.
holds_its_device() {
  local before guest
  before=$(snapshot)
  "$scripts/guest" --vf="$eth" --small --memory=256M --disk=none --net=none -- -S </dev/null &
  guest=$!
  await 200 is_held || fail 'QEMU does not get the device'
  expect 1 vf-in-use -- "$sriov" destroy "$eth"
  expect 1 'is left as it is' -- "$vfio" restore
  # Killed outright, it cannot put anything back; the kernel ends its QEMU.
  kill -KILL $guest
  await 60 is_free || fail 'QEMU has not ended'
  "$vfio" restore
  unchanged "$before"
}

# By its process, which is that of the loader by which the lab's programs run.
is_held() { "$vfio" status | grep '(ld-linux\|(qemu'; }
is_free() { ! is_held; }

# await SECONDS CONDITION
await() {
  local deadline=$((SECONDS + $1))
  until $2; do
    ((SECONDS < deadline)) || return
    sleep 0.5
  done
}

test_that 'a guest holds its virtual function, and restore puts all back when it is killed' holds_its_device
