# shellcheck shell=bash
# The guest: in a QEMU with backends of its own, and in the next one after it has migrated.

vm=0         # the number of the present one
victims=()   # its backends
migrations=0
resets=0
last_reset=-60

# vm_start N [incoming]: a QEMU with its backends, which becomes the present one; without the second word it boots.
vm_start() {
  local n=$1 incoming=${2-} name reconnect=reconnect-ms=50 argument words=() nic_packed=$packed
  printf '%s\n' 9.2 "$qemu_version" | sort -VC || reconnect=reconnect=1
  vm=$n
  victims=("disk$n")
  victim_start "disk$n" vhost-user-blk --blk-file="$work/disk.img" --cache="$cache" ${incoming:+--incoming}
  if [[ $net ]]; then
    victims+=("net$n")
    victim_start "net$n" vhost-user-net --link="tap:tap$((n % 2))"
  fi
  for name in "${victims[@]}"; do victim_await_socket "$name"; done

  mkfifo "$work/monitor$n.in" "$work/monitor$n.out"
  for name in "${victims[@]}"; do
    words+=(-chardev "socket,id=${name%"$n"},path=$work/$name.sock,$reconnect")
  done
  # shellcheck disable=SC2054 # the commas are QEMU's
  words+=(-device "vhost-user-blk-pci,chardev=disk,packed=$packed$inflight")
  [[ $mode != kill ]] || nic_packed=off
  # shellcheck disable=SC2054
  [[ ! $net ]] || words+=(
    -netdev vhost-user,id=nic,chardev=net
    -device "virtio-net-pci,netdev=nic,mac=52:54:00:77:00:02,packed=$nic_packed"
  )
  words+=(-chardev "pipe,id=monitor,path=$work/monitor$n" -mon chardev=monitor,mode=readline)
  [[ ! $incoming ]] || words+=(-incoming "unix:$work/migration$n")
  for argument in "${run_arguments[@]}"; do
    case $argument in
      -no-reboot) ;;
      # What the guest has said before it came here stays.
      file,* ) words+=("$argument,append=on") ;;
      file:*) words+=("chardev:console") ;;
      *) words+=("$argument") ;;
    esac
  done
  words+=(-chardev "file,id=console,path=$work/console,append=on")
  start "QEMU $n" "$work/qemu$n.log" "$qemu" "${machine_arguments[@]}" "${words[@]}"
  qemu_pid=$started
  cat "$work/monitor$n.out" >"$work/monitor$n.log" &
  views+=("$!")
}

# monitor COMMAND: to the present QEMU.
monitor() { echo "$1" >"$work/monitor$vm.in"; }

# vm_end N PID: the QEMU is asked to quit, then its backends are stopped.
vm_end() {
  local name
  echo quit >"$work/monitor$1.in"
  wait "$2" 2>/dev/null || true
  forget "$2"
  for name in "disk$1" ${net:+"net$1"}; do victim_stop "$name"; done
}

# migrate: the guest goes on in another QEMU with other backends.
migrate() {
  local from=$vm from_pid=$qemu_pid tries
  vm_start $((from + 1)) incoming
  for ((tries = 0; tries < 500; tries++)); do
    is_listening "$work/migration$vm" && break
    is_alive "$qemu_pid" || break
    sleep 0.02
  done
  echo "migrate -d unix:$work/migration$vm" >"$work/monitor$from.in"
  if ! await_migration "$from"; then
    complain "migration $((migrations + 1)) has failed"
    last_lines "$work/monitor$from.log"
    last_lines "$work/qemu$vm.log"
    last_lines "$work/disk$vm.log"
    vm_end "$vm" "$qemu_pid"
    vm=$from qemu_pid=$from_pid victims=("disk$from" ${net:+"net$from"})
    return
  fi
  migrations=$((migrations + 1))
  # As QEMU 11 says it, or 7.2.
  add_pause "$(grep -oE 'down=[0-9]+|downtime: [0-9]+' "$work/monitor$from.log" | tail -n 1 | grep -oE '[0-9]+')"
  vm_end "$from" "$from_pid"
}

# await_migration N: whether it comes to a good end.
await_migration() {
  local deadline=$((SECONDS + 120))
  while ((SECONDS < deadline)); do
    echo 'info migrate' >"$work/monitor$1.in"
    sleep 0.2
    grep -qiE 'status:[[:space:]]*completed' "$work/monitor$1.log" && return
    ! grep -qiE 'status:[[:space:]]*(failed|cancelled)|^Error' "$work/monitor$1.log" || return 1
  done
  return 1
}

# await_rounds DISK NET SECONDS: until there are more rounds than these.
await_rounds() {
  local deadline=$((SECONDS + $3))
  until (($(rounds disk) > $1)) && { [[ ! $net ]] || (($(rounds net) > $2)); }; do
    is_alive "$qemu_pid" || return 1
    ((SECONDS < deadline)) || return 1
    sleep 0.2
  done
}
