# shellcheck shell=bash
# The host that has all, and scripts that end in the middle, at each of their steps.

# crashes_at_each_step PREPARE COMMAND...: killed there, `vfio restore` puts all back. PREPARE brings about what COMMAND
# starts from, `restore` what was before.
crashes_at_each_step() {
  local before prepare=$1 step status=137
  shift
  before=$(snapshot)
  for ((step = 1; status == 137; step++)); do
    $prepare
    status=0
    at_step $step KILL "$@" || status=$?
    ((status == 0 || status == 137)) || fail "step $step ends with $status"
    "$vfio" restore
    unchanged "$before"
  done
  ((step > 3)) || fail 'has never been killed'
  echo "$step steps"
}

# A signal is another matter: the script itself puts all back.
stops_at_each_step() {
  local before step status=130
  before=$(snapshot)
  for ((step = 1; status == 130; step++)); do
    status=0
    at_step $step INT "$@" || status=$?
    ((status == 130)) || break
    unchanged "$before"
  done
  ((step > 3)) || fail 'has never been stopped'
  ((status == 0)) || fail "step $step ends with $status"
  "$vfio" restore
  unchanged "$before"
}

bound() { "$vfio" bind $nvme; }
a_vf() { "$sriov" create $nic 1; }

test_that 'bind, killed at each step, is undone by restore' crashes_at_each_step : "$vfio" bind $first $second
test_that 'unbind, killed at each step, is completed by restore' crashes_at_each_step bound "$vfio" unbind $nvme
test_that 'create, killed at each step, is undone by restore' crashes_at_each_step : "$sriov" create $nic 2
test_that 'destroy, killed at each step, is completed by restore' crashes_at_each_step a_vf "$sriov" destroy $nic
test_that 'restore, killed at each step, is completed by restore' crashes_at_each_step bound "$vfio" restore
test_that 'create and bind for a guest, killed at each step, are undone by restore' \
  crashes_at_each_step : "$sriov" lend --guest=1 $nvme
test_that 'bind, interrupted at each step, undoes itself' stops_at_each_step "$vfio" bind $first $second
test_that 'create, interrupted at each step, undoes itself' stops_at_each_step "$sriov" create $nic 1
