# shellcheck shell=bash
# Tests in a host that is played: each is a function, and a line of the report.

failures=0

# test_that WHAT FUNCTION...: runs it by itself. What it says is shown only if it fails.
test_that() {
  local what=$1 output start=$EPOCHREALTIME milliseconds
  shift
  if output=$(set -e && "$@" 2>&1); then
    milliseconds=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
    printf 'ok   %s (%d.%d s)\n' "$what" $((milliseconds / 1000)) $((milliseconds % 1000 / 100))
  else
    ((++failures))
    printf 'FAIL %s\n' "$what"
    printf '%s\n' "$output" | sed 's/^/     | /'
  fi
}

# fail MESSAGE: ends the test.
fail() {
  echo "** $*"
  exit 1
}

# says TEXT... -- COMMAND...: the command succeeds, and says all of the TEXTs.
says() { expect 0 "$@"; }

# refuses TEXT... -- COMMAND...: the command fails, says all of the TEXTs, and has changed nothing.
refuses() {
  local before
  before=$(snapshot)
  expect 1 "$@"
  unchanged "$before"
}

expect() {
  local status=0 wanted=$1 texts=() output text words
  shift
  while [[ $1 != -- ]]; do texts+=("$1") && shift; done
  shift
  output=$("$@" 2>&1) || status=$?
  printf '$ %s\n%s\n' "$*" "$output"
  ((status == wanted)) || fail "status $status, not $wanted"
  # As one line with single spaces: paragraphs are folded, and tables have columns.
  read -rd '' -a words <<<"$output" || true
  output=${words[*]}
  for text in "${texts[@]}"; do
    [[ $output == *"$text"* ]] || fail "does not say: $text"
  done
}

# snapshot: all of the host that the scripts may change.
snapshot() {
  local device attribute value
  for device in /sys/bus/pci/devices/*; do
    printf '%s' "${device##*/}"
    [[ ! -e $device/driver ]] || printf ' %s' "$(cd -P "$device/driver" && echo "${PWD##*/}")"
    for attribute in driver_override sriov_numvfs sriov_drivers_autoprobe; do
      value=
      [[ ! -r $device/$attribute ]] || read -r value <"$device/$attribute"
      printf ' %s' "$value"
    done
    echo
  done
  echo "vfio nodes:" /dev/vfio/*
  echo "records:" /run/ringside/vfio/*/*
  for value in vfio vfio_pci vfio_iommu_type1; do [[ ! -d /sys/module/$value ]] || echo "module $value"; done
}

# unchanged BEFORE
unchanged() {
  local now
  now=$(snapshot)
  [[ $now == "$1" ]] || fail "the host has changed:
$(diff <(echo "$1") <(echo "$now"))"
}

driver_is() {
  local driver=none
  [[ ! -e /sys/bus/pci/devices/$1/driver ]] || driver=$(cd -P "/sys/bus/pci/devices/$1/driver" && echo "${PWD##*/}")
  [[ $driver == "$2" ]] || fail "$1 is bound to $driver, not $2"
}

# at_step N SIGNAL COMMAND...: runs COMMAND, one of the scripts, and sends it SIGNAL before its Nth change. The status is
# that of the command, so 137 after KILL, and 0 when it has fewer steps. The scripts themselves know nothing of this: bash
# reads a file of our choice first, and the trap in there waits until all functions are there to be replaced.
at_step() {
  local status=0
  cat >/tmp/at-step.sh <<END
if [[ \$0 == $scripts/* ]]; then
  trap '! declare -F take_back >/dev/null || { trap - DEBUG; count_steps; }' DEBUG
fi
count_steps() {
  local function
  steps=0
  for function in write run remember forget; do
    eval "real_\$(declare -f \$function)"
    eval "\$function() { ((++steps != $1)) || kill -$2 \$\$; real_\$function \"\\\$@\"; }"
  done
}
END
  shift 2
  BASH_ENV=/tmp/at-step.sh "$@" || status=$?
  return $status
}
