# shellcheck shell=bash
# What was lost.

errors=0

complain() {
  errors=$((errors + 1))
  say "ERROR: $*"
}

# rounds disk|net: so far, without error.
rounds() { grep -c "^$1 ok" "$work/out" || true; }

# percentile N VALUE...: of values in ascending order.
percentile() {
  local n=$1
  shift
  (($# > 0)) || { echo 0 && return; }
  local at=$(((n * $# + 99) / 100))
  echo "${!at}"
}

# The last line, and the end.
report() {
  local bad hung what sorted p50 p99 most
  if ! is_alive "$qemu_pid"; then
    complain 'QEMU has ended'
    last_lines "$work/qemu$vm.log"
  fi
  bad=$(grep -c ' BAD$' "$work/out" || true)
  if ((bad > 0)); then
    errors=$((errors + bad - 1))
    complain "$bad rounds of the guest found an error"
    grep -A 20 ' BAD$' "$work/out" | head -n 60 >&2
  fi
  hung=$(grep -cE 'blocked for more than|I/O error|Kernel panic|Oops|BUG:|NETDEV WATCHDOG' "$work/console" || true)
  if ((hung > 0)); then
    complain "the guest's kernel complains"
    last_lines "$work/console"
  fi
  mapfile -t sorted < <(printf '%s\n' "${pauses[@]}" | sort -n)
  p50=$(percentile 50 "${sorted[@]}") p99=$(percentile 99 "${sorted[@]}") most=$(percentile 100 "${sorted[@]}")
  case $mode in
    kill) what="kills=$kills" ;;
    migrate) what="migrations=$migrations" ;;
    takeover) what="takeovers=$takeovers" ;;
  esac
  echo "$what errors=$errors resets=$resets disk_rounds=$(rounds disk) net_rounds=$(rounds net)" \
    "pause_ms=$p50/$p99/$most"
  ((errors == 0)) || exit 1
  exit 0
}
