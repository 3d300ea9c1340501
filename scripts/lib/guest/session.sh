# shellcheck shell=bash
# One guest from start to end: a directory for all it needs, the guest itself, and the cleaning up.

# How long a guest may take to its first word; an emulated one needs 3 s on an ordinary machine.
readonly BOOT_PATIENCE=120

open_session() {
  # The file descriptor of stdin for what is started.
  exec 3</dev/null
  trap close_session EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  work=$(mktemp -d "${TMPDIR:-/tmp}/ringside.XXXXXX" 2>/dev/null) ||
    die "cannot write to ${TMPDIR:-/tmp}: set TMPDIR to another directory"
  # The kernel takes 107 bytes as the path of a socket, and QEMU no comma in its options.
  [[ ${#work} -le 90 && $work != *,* ]] ||
    die "${TMPDIR:-/tmp} is too long for the path of a socket, or has a comma: set TMPDIR to another directory"
}

# The views end last, and show how the others ended.
close_session() {
  local action
  trap '' INT TERM HUP
  [[ ${#processes[@]} -eq 0 ]] || stop "${processes[@]}"
  [[ ${#views[@]} -eq 0 ]] || { sleep 0.1 && stop "${views[@]}"; }
  for action in "${at_end[@]}"; do $action; done
  [[ -z ${terminal-} ]] || stty "$terminal" || true
  [[ -z ${work-} ]] || rm -rf "$work"
}
views=()
at_end=() # commands for when all processes have ended

# show_log NAME FILE: with --verbose, what comes into FILE also goes to stderr.
show_log() {
  [[ $verbose ]] || return 0
  touch "$2"
  tail -n +1 -f "$2" > >(exec sed -u "s/^/$1: /" >&2) 2>/dev/null &
  views+=("$!")
}

# open_console: a shell for the user on the guest's console.
open_console() {
  local size=
  if [[ -t 0 ]]; then
    terminal=$(stty -g)
    size=$(stty size)
    say 'booting; in the guest, exit powers it off, and Ctrl-A X stops QEMU at once'
  fi
  set_machine_arguments "$accelerator" "$([[ $verbose ]] || echo quiet)"
  qemu_arguments+=(-serial mon:stdio)
  [[ -z $size ]] || qemu_arguments+=(-fw_cfg "name=opt/ringside/terminal,string=$size ${TERM:-linux}")
  exec 3<&0
  start QEMU - "$qemu" "${machine_arguments[@]}" "${qemu_arguments[@]}"
  exec 3</dev/null
  qemu_pid=$started
  when_ended "$qemu_pid" qemu_ended
  watch
}

# run_command: the user's command in the guest, its output here, its status ours.
run_command() {
  set_machine_arguments "$accelerator" "$([[ $verbose ]] || echo quiet)"
  set_run_arguments "$work" "$command"
  start QEMU "$work/qemu.log" "$qemu" "${machine_arguments[@]}" "${run_arguments[@]}" "${qemu_arguments[@]}"
  qemu_pid=$started
  when_ended "$qemu_pid" qemu_ended
  show_log guest "$work/console"

  # By tail, for QEMU must never wait for whoever reads our stdout.
  local view=(tail -c +1 -f -s 0.05 --pid="$qemu_pid") out err
  start 'the view of stdout' - "${view[@]}" "$work/out"
  out=$started
  when_ended "$out" reader_gone
  start 'the view of stderr' - "${view[@]}" "$work/err" >&2
  err=$started

  if [[ ! $timeout ]]; then
    start 'the boot timer' - sleep "$BOOT_PATIENCE"
    when_ended "$started" boot_time_over
  else
    start 'the timer' - sleep "$timeout"
    when_ended "$started" time_over
  fi
  watch
  wait "$out" "$err" || true
  exit "$(sed -n 2p "$work/status")"
}

qemu_ended() {
  local status=0
  over=yes
  wait "$qemu_pid" || status=$?
  if ((status > 0)); then
    [[ ! $command ]] || last_lines "$work/qemu.log"
    die "QEMU ended with status $status"
  fi
  if [[ $command && $(wc -l <"$work/status") -lt 2 ]]; then
    last_lines "$work/console"
    die "the guest ended before the command did: $(
      grep -om1 'Kernel panic.*' "$work/console" || echo 'powered off, or QEMU was ended'
    )"
  fi
}

boot_time_over() {
  [[ ! -s $work/status ]] || return 0
  last_lines "$work/console"
  die "the guest has not booted within $BOOT_PATIENCE s: try --verbose or --accel=tcg"
}

time_over() {
  say "the command has not ended within $timeout s: the guest is ended"
  exit 124
}

# Whoever read our stdout has closed it: other programs die of that signal.
reader_gone() { ! is_alive "$qemu_pid" || exit 141; }
